//! Labelled digits and everything else leave as files and come back, and two runs are compared.

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use e2e::{Page, Pointer};

use crate::Test;
use crate::files::{give, save, wait_for_text, wait_for_trainer};

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("keep::digits_leave_in_each_format_and_come_back", digits_leave_in_each_format_and_come_back),
    ("keep::what_is_no_file_of_digits_adds_nothing", what_is_no_file_of_digits_adds_nothing),
    ("keep::all_of_it_comes_back_from_one_file", all_of_it_comes_back_from_one_file),
    ("keep::two_runs_are_compared", two_runs_are_compared),
];

fn label(page: &Page, digit: u8) -> Result<()> {
    page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(digit))?;
    page.click_when_enabled(&format!("#yours-labels button:nth-child({})", digit + 1), 5)
}

fn digits(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#yours-digits button')].map(b => b.ariaLabel)",
        vec![],
    )
}

fn digits_leave_in_each_format_and_come_back(page: &mut Page) -> Result<()> {
    page.open("")?;
    wait_for_trainer(page)?;
    page.click("#open-yours")?;
    for digit in [2, 5, 7] {
        label(page, digit)?;
    }
    wait_for_text(page, "3 digits")?;
    for (button, expected) in [
        ("#save-digits-strokes", "inkling-digits.jsonl"),
        ("#save-digits-idx", "inkling-digits-idx.zip"),
        ("#save-digits-png", "inkling-digits-png.zip"),
    ] {
        let (name, file) = save(page, button)?;
        ensure!(name == expected, "{name}");
        page.click("#yours-digits li:nth-child(2) button")?;
        wait_for_text(page, "2 digits")?;
        let input = button.ends_with("strokes").then_some("open-digits");
        give(page, &file, &name, input)?;
        wait_for_text(page, "Added 1 digit to My digits. 2 were there already.")?;
        page.wait_until("three digits", 5, || {
            let there = ["Delete this 2", "Delete this 5", "Delete this 7"];
            Ok((digits(page)? == there).then_some(()))
        })?;
        page.click("#notice-close")?;
    }
    page.open("")?;
    page.click("#open-yours")?;
    wait_for_text(page, "3 digits")
}

fn what_is_no_file_of_digits_adds_nothing(page: &mut Page) -> Result<()> {
    page.open("")?;
    wait_for_trainer(page)?;
    page.click("#open-yours")?;
    label(page, 3)?;
    wait_for_text(page, "1 digit")?;
    let good = "{\"label\":5,\"strokes\":[[[0,0],[1,1]]]}";
    for (bad, why) in [
        (
            format!("{good}\n{{\"label\":12,\"strokes\":[[[0,0]]]}}\n"),
            "Line 2 of a.jsonl has the label 12; it should be a whole number from 0 to 9. Nothing was added.",
        ),
        (String::from("\n"), "a.jsonl holds no digits"),
    ] {
        give(page, &BASE64_STANDARD.encode(bad), "a.jsonl", Some("open-digits"))?;
        wait_for_text(page, why)?;
        ensure!(digits(page)? == ["Delete this 3"], "{:?}", digits(page)?);
        page.click("#notice-close")?;
    }
    Ok(())
}

fn names(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#runs-rows [data-do=name]')].map(name => name.value)",
        vec![],
    )
}

fn all_of_it_comes_back_from_one_file(page: &mut Page) -> Result<()> {
    page.train("images=1000&epochs=1&seed=5&net=c4k5r,p2,f,d10s")?;
    page.wait_for_state("done", 60)?;
    page.draw(3)?;
    let answered = page.bars()?;
    page.click("#open-yours")?;
    page.click("#yours-clear")?;
    label(page, 8)?;
    wait_for_text(page, "1 digit")?;
    page.click("#open-runs")?;
    page.wait_until("the run", 10, || Ok((names(page)?.len() == 1).then_some(())))?;
    page.fill("#runs-rows [data-do=name]", "Mine")?;
    let (name, file) = save(page, "#save-all")?;
    ensure!(name == "inkling.zip", "{name}");
    // What exists stays.
    give(page, &file, &name, Some("open-network"))?;
    wait_for_text(
        page,
        "Added 0 digits to My digits. 1 was there already. Added 0 runs to Runs. 1 was there already.",
    )?;

    page.click("#storage-delete")?;
    page.click("#storage-delete")?;
    page.wait_until("a new page", 20, || {
        Ok(page
            .ask::<bool>("return document.body.dataset.state === 'ready' && !window.saved", vec![])?
            .then_some(()))
    })?;
    page.open("")?;
    wait_for_trainer(page)?;
    page.click("#open-runs")?;
    wait_for_text(page, "No runs yet")?;
    give(page, &file, &name, None)?;
    wait_for_text(page, "Added 1 digit to My digits. Added 1 run to Runs.")?;
    page.wait_until("the run", 10, || Ok((names(page)? == ["Mine"]).then_some(())))?;
    page.click_when_enabled("#runs-rows [data-do=load]", 5)?;
    wait_for_text(page, "Mine loaded.")?;
    page.draw(3)?;
    ensure!(page.bars()? == answered, "{:?}, not {answered:?}", page.bars()?);
    page.click("#open-yours")?;
    wait_for_text(page, "1 digit")
}

fn two_runs_are_compared(page: &mut Page) -> Result<()> {
    for hash in ["images=500&epochs=1&net=f,d10s", "images=1000&epochs=2&lr=0.01&net=f,d10s"] {
        page.train(hash)?;
        page.wait_for_state("done", 60)?;
    }
    page.click("#open-runs")?;
    page.wait_until("both runs", 10, || Ok((names(page)?.len() == 2).then_some(())))?;
    page.click_when_enabled("#compare-start", 10)?;
    wait_for_text(page, "Settings that differ")?;
    let rows: Vec<Vec<String>> = page.ask(
        "return [...document.querySelectorAll('#compare tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))",
        vec![],
    )?;
    let row = |name: &str| rows.iter().find(|row| row[0] == name).cloned().unwrap_or_default();
    ensure!(row("Epochs")[1..] == ["1", "2"], "{rows:?}");
    ensure!(row("Test accuracy")[1].ends_with(" %"), "{rows:?}");
    let images: usize =
        page.ask("return document.querySelectorAll('#compare figure').length", vec![])?;
    ensure!(images > 10, "{images}");
    let text = page.text()?;
    for words in ["Only ", " is right: ", "Both are wrong, in different ways: "] {
        ensure!(text.contains(words), "{words}");
    }
    let charts: usize =
        page.ask("return document.querySelectorAll('#compare .curve canvas').length", vec![])?;
    ensure!(charts == 2, "{charts}");
    Ok(())
}
