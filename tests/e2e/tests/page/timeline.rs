//! The timeline: going back in a run by keys, along a curve and by Play.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("timeline::keys_go_back_to_the_beginning_and_forth_to_now", keys_go_back_and_forth),
    ("timeline::a_press_on_a_curve_goes_back", a_press_on_a_curve_goes_back),
    ("timeline::play_shows_the_run_from_its_beginning", play_shows_the_run),
    ("timeline::a_run_goes_on_while_one_looks_back", a_run_goes_on),
    ("timeline::a_kept_run_has_its_moments", a_kept_run_has_its_moments),
];

const HOME: char = '\u{e011}';
const END: char = '\u{e010}';
const LEFT: char = '\u{e012}';

/// The minibatch whose weights answer; empty for now.
fn moment(page: &Page) -> Result<String> {
    page.ask("return document.body.dataset.moment", vec![])
}

/// The ten bars' words.
fn bars(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#bars .share')].map(s => s.textContent)",
        vec![],
    )
}

fn trained(page: &Page) -> Result<()> {
    page.open("images=3000&epochs=2&batch=32&seed=1")?;
    page.draw(7)?;
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    Ok(())
}

fn keys_go_back_and_forth(page: &mut Page) -> Result<()> {
    page.open("images=3000&epochs=2&batch=32&seed=1")?;
    ensure!(!page.is_enabled("#timeline")?, "there is nothing to go back to yet");
    trained(page)?;
    let moments: u32 =
        page.ask("return Number(document.querySelector('#timeline').max)", vec![])?;
    ensure!((50..=60).contains(&moments), "{moments} moments");
    let now = bars(page)?;
    page.ask::<()>("document.querySelector('#timeline').focus()", vec![])?;
    page.browser.press(&[], HOME)?;
    ensure!(moment(page)? == "0", "the beginning, not {}", moment(page)?);
    ensure!(bars(page)? != now, "random weights read the drawing differently");
    page.browser.press(&[], END)?;
    ensure!(moment(page)?.is_empty() && bars(page)? == now, "back to now");
    page.browser.press(&[], LEFT)?;
    let last: u32 = moment(page)?.parse()?;
    ensure!((100..188).contains(&last), "one moment before the end, not {last}");
    let said: String = page
        .ask("return document.querySelector('#timeline').getAttribute('aria-valuetext')", vec![])?;
    ensure!(said.starts_with(&format!("Minibatch {last}: ")), "{said}");
    Ok(())
}

fn a_press_on_a_curve_goes_back(page: &mut Page) -> Result<()> {
    const AT: &str = "
        const over = document.querySelector('#accuracy .u-over');
        over.scrollIntoView({block: 'center', behavior: 'instant'});
        const {left, top, width, height} = over.getBoundingClientRect();
        const place = {clientX: left + arguments[0] * width, clientY: top + height / 2};
        const event = (kind) => over.dispatchEvent(
            new PointerEvent(kind, {...place, pointerId: 1, button: 0, bubbles: true}));
        over.setPointerCapture = () => {};
        event('pointerdown');
        event('pointerup');";
    const LINES: &str = "
        return [...document.querySelectorAll('.curve .moment')].filter(line => !line.hidden).length";
    trained(page)?;
    page.wait_until("the chart", 10, || {
        page.ask::<Option<bool>>(
            "return document.querySelector('#accuracy .moment') ? true : null",
            vec![],
        )
    })?;
    page.ask::<()>(AT, vec![json!(0.3)])?;
    let early: u32 = moment(page)?.parse()?;
    ensure!((40..75).contains(&early), "three tenths of 188 minibatches, not {early}");
    ensure!(page.ask::<u32>(LINES, vec![])? == 2, "both curves show where");
    page.ask::<()>(AT, vec![json!(1.0)])?;
    ensure!(moment(page)?.is_empty(), "the end is now");
    ensure!(page.ask::<u32>(LINES, vec![])? == 0, "now needs no line");
    Ok(())
}

fn play_shows_the_run(page: &mut Page) -> Result<()> {
    trained(page)?;
    page.click("#play")?;
    ensure!(!moment(page)?.is_empty(), "it begins at the beginning");
    page.wait_until("the middle", 10, || {
        Ok((moment(page)?.parse::<u32>().unwrap_or_default() > 20).then_some(()))
    })?;
    page.wait_until("the end", 15, || Ok(moment(page)?.is_empty().then_some(())))?;
    let label: String = page.ask("return document.querySelector('#play').textContent", vec![])?;
    ensure!(label == "Play", "{label}");
    Ok(())
}

fn a_run_goes_on(page: &mut Page) -> Result<()> {
    page.open("images=3000&epochs=20&batch=32&seed=1")?;
    page.draw(7)?;
    page.train_now()?;
    page.wait_for("some minibatches", 30, |status| status.step > Some(60))?;
    page.ask::<()>("document.querySelector('#timeline').focus()", vec![])?;
    page.browser.press(&[], HOME)?;
    ensure!(moment(page)? == "0", "the beginning");
    let (then, before) = (page.status()?.step, bars(page)?);
    page.wait_for("more minibatches", 30, |status| status.step > then.map(|step| step + 60))?;
    ensure!(moment(page)? == "0" && bars(page)? == before, "it stays where it was put");
    page.click("#reset")?;
    page.agree()?;
    ensure!(moment(page)?.is_empty(), "with the run its past is gone");
    Ok(())
}

/// In a later visit, too; they go with the run.
fn a_kept_run_has_its_moments(page: &mut Page) -> Result<()> {
    const MOMENTS: &str = "
        return new Promise(done => {
            const opened = indexedDB.open('inkling');
            opened.onsuccess = () => {
                const keys = opened.result.transaction('kept').objectStore('kept').getAllKeys();
                const ours = () => keys.result.filter(key => /^(resume-)?moments/.test(key)).length;
                keys.onsuccess = () => { done(ours()); opened.result.close(); };
            };
        });";
    let stored = |page: &Page, count: u64| {
        page.wait_until("the store", 10, || {
            Ok((page.ask::<u64>(MOMENTS, vec![])? == count).then_some(()))
        })
    };
    trained(page)?;
    stored(page, 1)?;
    page.open("")?;
    ensure!(!page.is_enabled("#timeline")?, "no run is here yet");
    page.click("#open-runs")?;
    page.click_when_enabled("#runs-rows [data-do=load]", 10)?;
    page.wait_until("the moments", 10, || Ok(page.is_enabled("#timeline")?.then_some(())))?;
    page.ask::<()>("document.querySelector('#timeline').focus()", vec![])?;
    page.browser.press(&[], HOME)?;
    ensure!(moment(page)? == "0", "the beginning, not {}", moment(page)?);
    page.click("#runs-rows [data-do=delete]")?;
    stored(page, 0)?;
    page.click("#runs-undo")?;
    stored(page, 1)
}
