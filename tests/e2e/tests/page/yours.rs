//! The panel Make it yours: digits are drawn, labelled, deleted and kept, and the network learns them.

use anyhow::{Context, Result, ensure};
use e2e::digits::Stroke;
use e2e::{Fault, Page, Pointer};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("yours::digits_are_labelled_and_kept", digits_are_labelled_and_kept),
    ("yours::deleting_can_be_undone", deleting_can_be_undone),
    ("yours::fits_a_phone", fits_a_phone),
    ("yours::leaving_asks_before_fine_tuned_weights_go", leaving_asks_before_fine_tuned_weights_go),
    ("yours::an_odd_digit_is_learnt_and_given_up_again", an_odd_digit_is_learnt_and_given_up_again),
    ("yours::a_runs_weights_learn_a_single_digit", a_runs_weights_learn_a_single_digit),
    ("yours::fine_tuning_can_be_cancelled", fine_tuning_can_be_cancelled),
    ("yours::a_trainer_that_hangs_costs_nothing", a_trainer_that_hangs_costs_nothing),
];

/// Opens the panel with the digits that this browser has kept.
fn enter(page: &Page) -> Result<()> {
    page.click("#open-yours")?;
    page.wait_until("the store's answer", 10, || {
        let text = page.text()?;
        let (here, looking) =
            (text.contains("My digits"), text.contains("Loading your saved digits"));
        Ok((here && !looking).then_some(()))
    })
}

/// Draws on the panel's own pad and labels the drawing.
fn add(page: &Page, drawn: u8, label: u8) -> Result<()> {
    let before = digits(page)?.len();
    page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(drawn))?;
    page.click_when_enabled(&format!("#yours-labels button:nth-child({})", label + 1), 5)?;
    page.wait_until("one more digit", 5, || Ok((digits(page)?.len() == before + 1).then_some(())))
}

/// Labels of the buttons of My digits.
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
    ensure!(page.text()?.contains("None yet: draw a digit"), "an empty panel says what to do");
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

    // By keyboard: arrow keys move between drawings, Enter deletes.
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

/// A nine that is open on the right, as in the numerals of old clocks: it reads as a five.
fn open_nine() -> Vec<Stroke> {
    const CORNERS: [(f64, f64); 5] =
        [(0.6, 0.2), (0.32, 0.2), (0.32, 0.5), (0.6, 0.5), (0.6, 0.84)];
    let between = |pair: &[(f64, f64)], t: f64| {
        (pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1))
    };
    let sides = CORNERS.windows(2);
    vec![sides.flat_map(|pair| (0..=8).map(move |i| between(pair, f64::from(i) / 8.0))).collect()]
}

/// Draws it and labels it as a nine.
fn add_open_nine(page: &Page) -> Result<()> {
    page.draw_on("#yours-pad", Pointer::Mouse, &open_nine())?;
    page.click_when_enabled("#yours-labels button:nth-child(10)", 5)
}

/// The visible lines of the comparison.
fn compared(page: &Page) -> Result<Vec<Vec<String>>> {
    const ROWS: &str = "
        return [...document.querySelectorAll('#tuning-rows tr')]
            .filter(row => row.checkVisibility())
            .map(row => [...row.cells].map(cell => cell.textContent))";
    page.ask(ROWS, vec![])
}

/// Presses Fine-tune and waits for the result.
fn fine_tune(page: &Page) -> Result<Vec<Vec<String>>> {
    page.click_when_enabled("#tuning-start", 30)?;
    page.wait_until("a fine-tuned network", 60, || {
        let over = page.text()?.contains("Undo fine-tuning");
        Ok(if over { Some(compared(page)?) } else { None })
    })
}

fn an_odd_digit_is_learnt_and_given_up_again(page: &mut Page) -> Result<()> {
    page.open("")?;
    enter(page)?;
    ensure!(page.text()?.contains("Draw a digit and label it first."), "disabled says why");
    ensure!(!page.is_enabled("#tuning-start")?);
    for _ in 0..4 {
        add_open_nine(page)?;
    }
    ensure!(digits(page)?.last().is_some_and(|name| name.contains("held out")));
    page.draw_on("#yours-pad", Pointer::Mouse, &open_nine())?;
    let before = page.wait_for("an answer", 5, |status| status.prediction.is_some())?;
    ensure!(before.prediction != Some(9), "it is odd: {before:?}");

    page.click("#tuning-head")?;
    let rows = fine_tune(page)?;
    let (held_out, trained) = (["held-out digits", "0 of 1", "1 of 1", "+1"], ["0 of 3", "3 of 3"]);
    ensure!(rows.len() == 3 && rows[0] == held_out && rows[1][1..3] == trained, "{rows:?}");
    let percent = |words: &str| words.trim_end_matches(" %").parse::<f64>().context("a percentage");
    let (was, is) = (percent(&rows[2][1])?, percent(&rows[2][2])?);
    ensure!(was > 99.0 && is > was - 0.3, "MNIST is not forgotten: {rows:?}");
    ensure!(page.text()?.contains("the last layer fine-tuned on 3 digits"));
    page.wait_for("the open nine read right", 5, |status| status.prediction == Some(9))?;
    let chosen = "return document.querySelector('[name=weights]:checked').value";
    ensure!(page.ask::<String>(chosen, vec![])? == "tuned");
    let said = "return document.getElementById('announce').textContent";
    page.wait_until("the outcome for a screen reader", 5, || {
        Ok(page
            .ask::<String>(said, vec![])?
            .contains("1 of 1 held-out digits correct")
            .then_some(()))
    })?;

    page.click("#tuning-swap")?;
    page.wait_for("the old answer", 5, |status| status.prediction == before.prediction)?;
    ensure!(page.ask::<String>(chosen, vec![])? == "shipped");
    ensure!(focused(page)? == "tuning-swap");
    page.click("#tuning-swap")?;
    page.wait_for("the new answer", 5, |status| status.prediction == Some(9))?;
    page.click("#weights-shipped")?;
    page.wait_for("the old answer", 5, |status| status.prediction == before.prediction)?;
    Ok(())
}

fn leaving_asks_before_fine_tuned_weights_go(page: &mut Page) -> Result<()> {
    const ASKS: &str = "
        const leaving = new Event('beforeunload', {cancelable: true});
        return !window.dispatchEvent(leaving);";
    page.open("")?;
    enter(page)?;
    add_open_nine(page)?;
    ensure!(!page.ask::<bool>(ASKS, vec![])?, "a digit is kept");
    fine_tune(page)?;
    ensure!(page.ask::<bool>(ASKS, vec![])?, "fine-tuned weights are not");
    Ok(())
}

fn a_runs_weights_learn_a_single_digit(page: &mut Page) -> Result<()> {
    page.train("images=500&epochs=1&batch=50")?;
    enter(page)?;
    add_open_nine(page)?;
    page.wait_for_state("done", 60)?;
    let rows = fine_tune(page)?;
    ensure!(rows.len() == 2 && rows[0][2].ends_with(" of 1"), "{rows:?}");
    let text = page.text()?;
    ensure!(text.contains("No drawings are held out yet"), "no figure pretends to be more");
    ensure!(text.contains("my network, epoch 1, all layers fine-tuned on 1 digit"), "{text}");
    page.click("#tuning-swap")?;
    ensure!(page.text()?.contains("Use the fine-tuned network again"));
    Ok(())
}

fn fine_tuning_can_be_cancelled(page: &mut Page) -> Result<()> {
    page.open("")?;
    enter(page)?;
    add_open_nine(page)?;
    page.click_when_enabled("#tuning-start", 30)?;
    const FAR: &str = "return document.getElementById('tuning-bar').value";
    page.wait_until("some progress", 20, || {
        Ok((page.ask::<f64>(FAR, vec![])? > 0.0).then_some(()))
    })?;
    ensure!(!page.is_enabled("#train")?, "a run waits for its end");
    page.click("#tuning-start")?;
    ensure!(page.text()?.contains("Starts from: pre-trained network"));
    ensure!(compared(page)?.is_empty() && page.is_enabled("#train")?);
    fine_tune(page)?;
    Ok(())
}

/// Half a second after it was asked to fine-tune, the worker is busy forever.
const HANGS: &str = "
addEventListener('message', ({data}) => {
    if (data.message?.FineTune) setTimeout(() => { for (;;); }, 500);
});
";

fn a_trainer_that_hangs_costs_nothing(page: &mut Page) -> Result<()> {
    page.expect_on_console("worker");
    page.site.inject("worker-start.js", Fault::Prefixed(HANGS));
    page.open("")?;
    enter(page)?;
    add_open_nine(page)?;
    page.click_when_enabled("#tuning-start", 30)?;
    page.wait_for_state("error", 40)?;
    ensure!(digits(page)? == ["Delete this 9"]);
    page.draw(7)?;
    page.wait_for("an answer all the same", 5, |status| status.prediction == Some(7))?;
    page.site.heal("worker-start.js");
    page.click_when_enabled("#problem-action", 5)?;
    page.wait_until("the result", 30, || {
        let text = page.text()?;
        Ok(text.contains("Your digits and the network are unchanged.").then_some(()))
    })?;
    fine_tune(page)?;
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
