//! The room Make it yours: digits are drawn, labelled, deleted and kept.

use anyhow::{Result, ensure};
use e2e::{Page, Pointer};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("yours::digits_are_labelled_and_kept", digits_are_labelled_and_kept),
    ("yours::deleting_can_be_undone", deleting_can_be_undone),
    ("yours::fits_a_phone", fits_a_phone),
];

/// Opens the room with what this browser has kept.
fn enter(page: &Page) -> Result<()> {
    page.click("#open-yours")?;
    page.wait_until("the store's answer", 10, || {
        let text = page.text()?;
        let (here, looking) = (text.contains("My digits"), text.contains("Looking for digits"));
        Ok((here && !looking).then_some(()))
    })
}

/// Draws on the room's own pad and says what it was.
fn add(page: &Page, drawn: u8, label: u8) -> Result<()> {
    let before = digits(page)?.len();
    page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(drawn))?;
    page.click_when_enabled(&format!("#yours-labels button:nth-child({})", label + 1), 5)?;
    page.wait_until("one more digit", 5, || Ok((digits(page)?.len() == before + 1).then_some(())))
}

/// What the buttons of My digits are called.
fn digits(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#yours-digits button')].map(b => b.ariaLabel)",
        vec![],
    )
}

fn focused(page: &Page) -> Result<String> {
    page.ask("return document.activeElement.id || document.activeElement.ariaLabel", vec![])
}

fn digits_are_labelled_and_kept(page: &mut Page) -> Result<()> {
    page.open("")?;
    enter(page)?;
    ensure!(page.text()?.contains("None yet: draw a digit"), "an empty room says what to do");
    ensure!(!page.is_enabled("#yours-labels button")?, "nothing is drawn");
    page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(7))?;
    page.wait_for("a 7", 5, |status| status.prediction == Some(7))?;
    let ink = "const {data} = document.querySelector(arguments[0]).getContext('2d')
            .getImageData(0, 0, 10000, 10000); return data.some(value => value > 0)";
    for pad in ["#pad", "#yours-pad"] {
        ensure!(page.ask::<bool>(ink, vec![pad.into()])?, "{pad} shows the drawing");
    }
    page.click("#yours-labels button:nth-child(8)")?;
    ensure!(digits(page)? == ["Delete this 7"]);
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    for digit in [1, 7, 7, 7] {
        add(page, digit, digit)?;
    }
    let kept = [
        "Delete this 1",
        "Delete this 7",
        "Delete this 7",
        "Delete this 7",
        "Delete this 7, held out",
    ];
    ensure!(digits(page)? == kept, "{:?}", digits(page)?);
    ensure!(page.text()?.contains("5 digits, 1 held out"));

    page.open("")?;
    enter(page)?;
    ensure!(digits(page)? == kept, "after a reload: {:?}", digits(page)?);
    Ok(())
}

fn deleting_can_be_undone(page: &mut Page) -> Result<()> {
    page.open("")?;
    enter(page)?;
    for digit in [3, 5, 9] {
        add(page, digit, digit)?;
    }
    page.click("#yours-digits li:nth-child(2) button")?;
    ensure!(digits(page)? == ["Delete this 3", "Delete this 9"], "{:?}", digits(page)?);
    ensure!(focused(page)? == "yours-undelete", "{}", focused(page)?);
    page.click("#yours-undelete")?;
    ensure!(digits(page)?.len() == 3 && digits(page)?[1] == "Delete this 5");

    // By keyboard: arrow keys go from picture to picture, Enter deletes.
    const FIRST: &str = "document.querySelector('#yours-digits [tabindex=\"0\"]').focus()";
    page.browser.script(FIRST, vec![])?;
    page.browser.press(&[], END)?;
    ensure!(focused(page)? == "Delete this 9", "{}", focused(page)?);
    page.browser.press(&[], ENTER)?;
    ensure!(digits(page)? == ["Delete this 3", "Delete this 5"], "{:?}", digits(page)?);

    page.open("")?;
    enter(page)?;
    ensure!(digits(page)? == ["Delete this 3", "Delete this 5"], "what is deleted stays so");
    Ok(())
}

fn fits_a_phone(page: &mut Page) -> Result<()> {
    page.open_on_a_phone("")?;
    enter(page)?;
    for digit in [0, 4] {
        add(page, digit, digit)?;
    }
    const SIDEWAYS: &str = "
        return document.scrollingElement.scrollWidth - document.documentElement.clientWidth";
    let sideways: i32 = page.ask(SIDEWAYS, vec![])?;
    ensure!(sideways <= 0, "{sideways} px too wide");
    Ok(())
}

const ENTER: char = '\u{e007}';
const END: char = '\u{e010}';
