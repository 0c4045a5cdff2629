//! Where the keyboard is: what is typed stays, and the focus never falls out of the page.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("focus::a_run_is_named_while_another_trains", a_run_is_named_while_another_trains),
    ("focus::what_comes_back_has_it", what_comes_back_has_it),
    ("focus::stays_where_something_goes", stays_where_something_goes),
];

const ENTER: char = '\u{e007}';

/// Puts the focus on the first element that matches.
fn focus(page: &Page, selector: &str) -> Result<()> {
    page.browser.script("document.querySelector(arguments[0]).focus()", vec![json!(selector)])?;
    Ok(())
}

/// Whether the element with the focus matches.
fn has_focus(page: &Page, selector: &str) -> Result<()> {
    let (has, is): (bool, String) = page.ask(
        "const is = document.activeElement; return [is.matches(arguments[0]), is.outerHTML.slice(0, 200)]",
        vec![json!(selector)],
    )?;
    ensure!(has, "the focus is on {is}, not on {selector}");
    Ok(())
}

fn names(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#runs-rows [data-do=name]')].map(name => name.value)",
        vec![],
    )
}

fn a_run_is_named_while_another_trains(page: &mut Page) -> Result<()> {
    page.train("images=500&epochs=1&batch=50")?;
    page.wait_for_state("done", 60)?;
    page.click("#open-runs")?;
    page.wait_until("the run", 10, || Ok((names(page)?.len() == 1).then_some(())))?;
    page.browser.script("location.hash = '#images=3000&epochs=60&batch=32'", vec![])?;
    page.click("#train")?;
    page.agree()?;
    page.wait_for("the other run", 30, |status| {
        status.state == "training" && status.step > Some(0)
    })?;
    focus(page, "#runs-rows tr:last-child [data-do=name]")?;
    page.browser.script("document.activeElement.select()", vec![])?;
    for (epoch, letter) in (1..).zip("Base".chars()) {
        page.wait_for("an epoch", 60, |status| status.epoch >= Some(epoch))?;
        page.browser.press(&[], letter)?;
    }
    has_focus(page, "#runs-rows tr:last-child [data-do=name]")?;
    page.browser.press(&[], ENTER)?;
    page.wait_until("the name", 5, || {
        Ok((names(page)? == ["Keras reference, epochs 60, images 3000", "Base"]).then_some(()))
    })?;
    // A name that is none is not taken, and the one before stands there again.
    page.fill("#runs-rows tr:last-child [data-do=name]", " ")?;
    ensure!(
        names(page)? == ["Keras reference, epochs 60, images 3000", "Base"],
        "{:?}",
        names(page)?
    );
    Ok(())
}

fn what_comes_back_has_it(page: &mut Page) -> Result<()> {
    for hash in ["images=500&epochs=1&batch=50", "images=500&epochs=1&batch=100"] {
        page.train(hash)?;
        page.wait_for_state("done", 60)?;
    }
    page.click("#open-runs")?;
    page.wait_until("two runs", 10, || Ok((names(page)?.len() == 2).then_some(())))?;
    focus(page, "#runs-rows tr:last-child [data-do=delete]")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#runs-undo")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#runs-rows tr:last-child [data-do=delete]")?;

    page.click("#open-judge")?;
    for digit in [3, 5] {
        page.draw(digit)?;
        page.click_when_enabled("#judge-pin button", 5)?;
        page.click("#clear")?;
    }
    focus(page, "#judge-pinned li:first-child [data-do=unpin]")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#judge-undo")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#judge-pinned li:first-child [data-do=unpin]")?;

    page.click("#open-yours")?;
    for digit in [1, 7] {
        page.draw(digit)?;
        page.click_when_enabled("#yours-labels button", 5)?;
    }
    focus(page, "#yours-digits button")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#yours-undelete")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "#yours-digits button")?;
    Ok(())
}

/// What is removed or rebuilt under the focus leaves it to its replacement.
fn stays_where_something_goes(page: &mut Page) -> Result<()> {
    page.open("epochs=banana")?;
    focus(page, "#notice-close")?;
    page.browser.press(&[], ENTER)?;
    has_focus(page, "button")?;

    page.draw(4)?;
    page.click("#open-yours")?;
    page.click_when_enabled("#yours-labels button", 5)?;
    focus(page, "#yours-digits button")?;
    if page.browser.engine() == e2e::Engine::Chromium {
        page.browser.emulate(None, "dark")?;
        page.wait_until("dark digits", 5, || {
            let dark = "return matchMedia('(prefers-color-scheme: dark)').matches";
            Ok(page.ask::<bool>(dark, vec![])?.then_some(()))
        })?;
        has_focus(page, "#yours-digits button")?;
        page.browser.emulate(None, "light")?;
    }

    page.click("#open-judge")?;
    page.click_when_enabled("#judge-mistakes, #judge-now", 30)?;
    page.wait_until("the mistakes", 30, || {
        page.is_enabled("#judge-mistakes").map(|on| on.then_some(()))
    })?;
    page.click("#judge-mistakes")?;
    let more = "return !document.querySelector('#judge-more').hidden";
    let mut pressed = 0;
    while page.ask::<bool>(more, vec![])? && pressed < 20 {
        focus(page, "#judge-more")?;
        page.browser.press(&[], ENTER)?;
        has_focus(page, "button")?;
        pressed += 1;
    }

    // The cell with the focus has no image any more once other weights are tested.
    focus(page, "#judge-matrix td:not(.right) button:not([hidden])")?;
    page.browser
        .script("location.hash = '#images=1000&epochs=1&batch=32&net=f,d10s&lr=0.0001'", vec![])?;
    page.browser.script("document.querySelector('#train').click()", vec![])?;
    page.wait_for_state("done", 60)?;
    has_focus(page, "button")?;
    Ok(())
}
