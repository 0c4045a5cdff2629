//! Ask it: the typical digit, and what would make the drawing another one.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("ask::a_typical_digit_is_drawn_and_read", a_typical_digit_is_drawn_and_read),
    ("ask::a_drawing_becomes_another_digit_and_back", a_drawing_becomes_another_digit),
    ("ask::it_follows_a_run", it_follows_a_run),
];

fn ask(page: &Page, kind: &str, digit: u8) -> Result<()> {
    page.click(&format!("[data-ask={kind}]:nth-of-type({})", digit + 1))
}

fn reading(page: &Page) -> Result<String> {
    page.ask("return document.querySelector('#ask-reading').textContent", vec![])
}

fn picture(page: &Page) -> Result<String> {
    page.ask("return document.querySelector('#ask-picture').toDataURL()", vec![])
}

fn a_typical_digit_is_drawn_and_read(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-ask")?;
    // Its style comes after the first prediction, and moves the buttons.
    page.wait_until("its style", 10, || {
        const STYLED: &str =
            "return getComputedStyle(document.querySelector('.ask')).display === 'grid'";
        Ok(page.ask::<bool>(STYLED, vec![])?.then_some(()))
    })?;
    let blank = picture(page)?;
    ask(page, "typical", 3)?;
    page.wait_until("a 3", 20, || Ok(reading(page)?.starts_with("Read as 3, 9").then_some(())))?;
    ensure!(picture(page)? != blank, "it is drawn");
    page.click("#ask-stop")?;
    ensure!(picture(page)? == blank, "the question is closed");
    Ok(())
}

fn a_drawing_becomes_another_digit(page: &mut Page) -> Result<()> {
    const SHOW: &str = "
        const share = document.querySelector('#ask-share');
        share.value = arguments[0];
        share.dispatchEvent(new Event('input'));";
    page.open("")?;
    page.click("#open-ask")?;
    ensure!(!page.is_enabled("[data-ask=change]")?, "there is nothing to change yet");
    page.draw(7)?;
    ask(page, "change", 9)?;
    page.wait_until("the change", 20, || {
        let words: String =
            page.ask("return document.querySelector('#ask-words').textContent", vec![])?;
        let found = words.starts_with("The smallest change found that makes it a 9: ");
        Ok((found && reading(page)?.starts_with("Read as 9, ")).then_some(()))
    })?;
    page.ask::<()>(SHOW, vec![json!(0)])?;
    page.wait_until("the drawing itself", 5, || {
        Ok(reading(page)?.starts_with("Read as 7, ").then_some(()))
    })?;
    ensure!(page.status()?.prediction == Some(7), "the drawing is as it was");
    page.click("#clear")?;
    page.wait_until("no question", 5, || Ok(reading(page)?.is_empty().then_some(())))
}

fn it_follows_a_run(page: &mut Page) -> Result<()> {
    page.open("images=3000&epochs=3&batch=32&seed=1")?;
    page.click("#open-ask")?;
    ask(page, "typical", 1)?;
    page.wait_until("a 1", 20, || Ok(reading(page)?.starts_with("Read as 1, ").then_some(())))?;
    let shipped = picture(page)?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    page.wait_until("another 1", 20, || {
        Ok((reading(page)?.starts_with("Read as 1, ") && picture(page)? != shipped).then_some(()))
    })
}
