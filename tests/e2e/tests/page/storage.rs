//! A browser's store that refuses, that is shared with others, and that is written from two pages at once.

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page, Pointer};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("storage::a_refused_write_costs_no_other_run", a_refused_write_costs_no_other_run),
    ("storage::a_refused_digit_costs_no_other", a_refused_digit_costs_no_other),
    ("storage::a_store_that_refuses_for_good_is_said", a_store_that_refuses_for_good_is_said),
    ("storage::without_room_it_says_why", without_room_it_says_why),
    ("storage::its_library_may_come_later", its_library_may_come_later),
    (
        "storage::what_was_kept_under_a_shared_name_is_moved",
        what_was_kept_under_a_shared_name_is_moved,
    ),
    ("storage::another_page_takes_no_weights_along", another_page_takes_no_weights_along),
    ("storage::undoing_at_once_and_after_other_writes", undoing_at_once_and_after_other_writes),
];

const SHORT: &str = "images=500&epochs=1&batch=50&net=f,d10s";

/// What its runs are called.
const NAMES: [&str; 3] = [
    "Dense 10, epochs 1, batch 50, images 500",
    "Dense 10, epochs 1, batch 50, images 500 (2)",
    "Dense 10, epochs 1, batch 50, images 500 (3)",
];

/// What the run with this number is called.
fn name(number: usize) -> String {
    if number == 1 { NAMES[0].to_owned() } else { format!("{} ({number})", NAMES[0]) }
}

/// From now on the store refuses as Chromium's does, with an exception without a message, while `window.refuses` is true.
const REFUSE: &str = "
    const {setMany} = idbKeyval;
    window.refuses = true;
    idbKeyval.setMany = (...parts) => refuses
        ? Promise.reject(new DOMException('', 'QuotaExceededError'))
        : setMany(...parts);";

/// What is kept of runs: the keys, sorted.
const KEYS: &str = "
    return idbKeyval.keys(idbKeyval.createStore('inkling', 'kept')).then(keys => keys.sort());";

fn keys(page: &Page) -> Result<Vec<String>> {
    page.ask(KEYS, vec![])
}

/// The same without the moments, which follow a run into the store.
fn records(page: &Page) -> Result<Vec<String>> {
    let mut keys = keys(page)?;
    keys.retain(|key| !key.starts_with("moments/"));
    Ok(keys)
}

/// Names of the runs in the table.
fn runs(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#runs-rows [data-do=name]')].map(name => name.value)",
        vec![],
    )
}

fn wait_for_runs(page: &Page, names: &[&str]) -> Result<()> {
    page.wait_until(&format!("the runs {names:?}"), 10, || Ok((runs(page)? == names).then_some(())))
}

fn wait_for_text(page: &Page, words: &str) -> Result<()> {
    page.wait_until(words, 10, || Ok(page.text()?.contains(words).then_some(())))
}

fn wait_until_gone(page: &Page, words: &str) -> Result<()> {
    page.wait_until("it to be gone", 10, || Ok((!page.text()?.contains(words)).then_some(())))
}

/// Trains to the end, after a Reset if there is a run.
fn train(page: &Page) -> Result<()> {
    if page.is_enabled("#reset")? {
        page.click("#reset")?;
        page.agree()?;
        page.wait_for_state("ready", 10)?;
    }
    page.train_now()?;
    page.wait_for_state("done", 60)?;
    Ok(())
}

/// Opens the page with Runs and one run in it.
fn open_with_a_run(page: &Page) -> Result<()> {
    page.open(SHORT)?;
    page.click("#open-runs")?;
    wait_for_text(page, "No runs yet: train one epoch")?;
    train(page)?;
    wait_for_runs(page, &NAMES[..1])
}

/// Reloads, and expects these runs, whose weights all come back.
fn are_there_after_a_reload(page: &Page, names: &[&str]) -> Result<()> {
    page.open(SHORT)?;
    page.click("#open-runs")?;
    wait_for_runs(page, names)?;
    for (place, name) in (1..).zip(names) {
        page.click_when_enabled(&format!("#runs-rows tr:nth-child({place}) [data-do=load]"), 5)?;
        wait_for_text(page, &format!("{name} loaded"))?;
    }
    Ok(())
}

const REFUSED: &str =
    "This browser could not save one of these runs (there is no room left for this site)";

fn a_refused_write_costs_no_other_run(page: &mut Page) -> Result<()> {
    open_with_a_run(page)?;
    page.browser.script(REFUSE, vec![])?;
    train(page)?;
    wait_for_text(page, REFUSED)?;
    ensure!(records(page)?.len() == 2, "run 1 and its weights: {:?}", records(page)?);

    page.browser.script("window.refuses = false", vec![])?;
    train(page)?;
    wait_for_runs(page, &[NAMES[2], NAMES[1], NAMES[0]])?;
    page.wait_until("the third run to be kept", 5, || {
        Ok((records(page)?.len() == 4).then_some(()))
    })?;
    ensure!(page.text()?.contains(REFUSED), "the second is not");

    // That makes room, so the refused one is tried again, with its weights.
    page.click("#runs-rows tr:last-child [data-do=delete]")?;
    wait_until_gone(page, "could not save")?;
    ensure!(records(page)?.len() == 4, "{:?}", records(page)?);
    are_there_after_a_reload(page, &[NAMES[2], NAMES[1]])
}

fn a_refused_digit_costs_no_other(page: &mut Page) -> Result<()> {
    let label = |page: &Page, digit: u8| {
        page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(digit))?;
        page.click_when_enabled(&format!("#yours-labels button:nth-child({})", digit + 1), 5)
    };
    let labels = |page: &Page| -> Result<Vec<String>> {
        page.ask(
            "return [...document.querySelectorAll('#yours-digits button')].map(b => b.ariaLabel)",
            vec![],
        )
    };
    page.open("")?;
    page.click("#open-yours")?;
    wait_for_text(page, "None yet: draw a digit")?;
    label(page, 1)?;
    wait_for_text(page, "1 digit")?;
    page.browser.script(REFUSE, vec![])?;
    label(page, 2)?;
    wait_for_text(
        page,
        "could not save one of these digits (there is no room left for this site)",
    )?;
    page.browser.script("window.refuses = false", vec![])?;
    label(page, 3)?;
    wait_for_text(page, "3 digits")?;
    page.open("")?;
    page.click("#open-yours")?;
    wait_for_text(page, "2 digits")?;
    ensure!(labels(page)? == ["Delete this 1", "Delete this 3"], "{:?}", labels(page)?);
    Ok(())
}

fn a_store_that_refuses_for_good_is_said(page: &mut Page) -> Result<()> {
    open_with_a_run(page)?;
    page.browser.script(REFUSE, vec![])?;
    train(page)?;
    train(page)?;
    wait_for_runs(page, &[NAMES[2], NAMES[1], NAMES[0]])?;
    wait_for_text(page, "could not save 2 of these runs (there is no room left for this site)")?;
    // What is not kept can be looked at and loaded as long as the page is open.
    page.click("#runs-rows tr:nth-child(2) [data-do=load]")?;
    wait_for_text(page, &format!("{} loaded", NAMES[1]))?;
    page.click("#runs-rows tr:first-child [data-do=delete]")?;
    wait_for_text(page, "could not save one of these runs")?;
    are_there_after_a_reload(page, &NAMES[..1])
}

/// With a real limit, of which the training images take their share.
fn without_room_it_says_why(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        // Others cannot be told how much there is.
        return Ok(());
    }
    let origin = page.site.url();
    let origin = origin.trim_end_matches('/');
    page.open(SHORT)?;
    page.wait_until("all data", 60, || {
        const GONE: &str = "return document.querySelector('#data-bar').hidden";
        Ok(page.ask::<bool>(GONE, vec![])?.then_some(()))
    })?;
    let used: f64 =
        page.ask("return navigator.storage.estimate().then(all => all.usage)", vec![])?;
    let limit = json!({"origin": origin, "quotaSize": used + 150_000.0});
    page.browser.devtools("Storage.overrideQuotaForOrigin", limit)?;
    page.click("#open-runs")?;
    wait_for_text(page, "No runs yet")?;
    let mut trained = 0;
    while !page.text()?.contains("could not save") {
        ensure!(trained < 12, "there is no limit: {:?}", records(page)?);
        train(page)?;
        trained += 1;
        let named = name(trained);
        page.wait_until(&named, 5, || Ok(runs(page)?.contains(&named).then_some(())))?;
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    ensure!(page.text()?.contains(REFUSED), "{}", page.text()?);
    ensure!(trained > 1, "the first found no room");
    page.browser.devtools("Storage.overrideQuotaForOrigin", json!({"origin": origin}))?;
    train(page)?;
    let newest = name(trained + 1);
    page.wait_until(&newest, 5, || Ok(runs(page)?.contains(&newest).then_some(())))?;
    ensure!(page.text()?.contains(REFUSED), "one was not kept: {}", page.text()?);

    page.open(SHORT)?;
    page.click("#open-runs")?;
    page.wait_until(&newest, 5, || Ok(runs(page)?.contains(&newest).then_some(())))?;
    let kept = runs(page)?;
    ensure!(kept.len() >= trained && kept.last().is_some_and(|last| last == NAMES[0]), "{kept:?}");
    for (row, name) in [("first", newest.as_str()), ("last", NAMES[0])] {
        page.click_when_enabled(&format!("#runs-rows tr:{row}-child [data-do=load]"), 5)?;
        wait_for_text(page, &format!("{name} loaded"))?;
    }
    Ok(())
}

/// Its script could not be fetched when it was needed first, and comes without a reload when something is kept next.
fn its_library_may_come_later(page: &mut Page) -> Result<()> {
    page.expect_on_console("idb-keyval");
    page.site.inject("idb-keyval.js", Fault::Missing);
    page.open(SHORT)?;
    page.click("#open-runs")?;
    wait_for_text(
        page,
        "This browser cannot save runs for this page (idb-keyval.js could not be loaded)",
    )?;
    train(page)?;
    wait_for_runs(page, &NAMES[..1])?;
    wait_for_text(
        page,
        "This browser cannot save runs for this page (idb-keyval.js could not be loaded)",
    )?;
    page.site.heal("idb-keyval.js");
    train(page)?;
    wait_until_gone(page, "This browser cannot save runs")?;
    wait_for_runs(page, &[NAMES[1], NAMES[0]])?;
    page.open(SHORT)?;
    page.click("#open-runs")?;
    wait_for_runs(page, &[NAMES[1], NAMES[0]])
}

/// The page kept its things in idb-keyval's own database once; those of others stay there.
fn what_was_kept_under_a_shared_name_is_moved(page: &mut Page) -> Result<()> {
    const AS_BEFORE: &str = "
        const ours = idbKeyval.createStore('inkling', 'kept');
        return (async () => {
            const entries = (await idbKeyval.entries(ours)).filter(([key]) => !key.startsWith('moments/'));
            await idbKeyval.setMany([...entries, ['theirs', 42], [7, 'a number as key'], ['running/1', 1]]);
            await idbKeyval.clear(ours);
            return entries.length;
        })();";
    open_with_a_run(page)?;
    page.click("#open-yours")?;
    page.draw_on("#yours-pad", Pointer::Mouse, &e2e::digits::strokes(3))?;
    page.click_when_enabled("#yours-labels button:nth-child(4)", 5)?;
    page.wait_until("run, weights and digit", 5, || Ok((records(page)?.len() == 3).then_some(())))?;
    let moved: usize = page.ask(AS_BEFORE, vec![])?;
    ensure!(moved == 3, "{moved}");
    for _ in 0..2 {
        are_there_after_a_reload(page, &NAMES[..1])?;
        let left: Vec<serde_json::Value> = page.ask("return idbKeyval.keys()", vec![])?;
        ensure!(left == [json!(7), json!("running/1"), json!("theirs")], "{left:?}");
        ensure!(records(page)?.len() == 3, "{:?}", records(page)?);
    }
    page.click("#open-yours")?;
    wait_for_text(page, "1 digit")
}

/// Runs opened in another tab drops weights whose run is gone; what is deleted here can be undone all the same.
fn another_page_takes_no_weights_along(page: &mut Page) -> Result<()> {
    const AS_ANOTHER_PAGE: &str = "
        const store = idbKeyval.createStore('inkling', 'kept');
        return (async () => {
            const keys = await idbKeyval.keys(store);
            const lone = keys.filter(key => key.startsWith('weights/') && !keys.includes(key.replace('weights', 'run')));
            await idbKeyval.delMany(lone, store);
            return keys.length;
        })();";
    open_with_a_run(page)?;
    page.click("#runs-rows [data-do=delete]")?;
    page.wait_until("an empty store", 5, || Ok((keys(page)?.is_empty()).then_some(())))?;
    page.ask::<usize>(AS_ANOTHER_PAGE, vec![])?;
    page.click("#runs-undo")?;
    page.wait_until("run and weights", 5, || Ok((records(page)?.len() == 2).then_some(())))?;
    are_there_after_a_reload(page, &NAMES[..1])
}

fn undoing_at_once_and_after_other_writes(page: &mut Page) -> Result<()> {
    open_with_a_run(page)?;
    train(page)?;
    wait_for_runs(page, &[NAMES[1], NAMES[0]])?;
    // Before the store has answered.
    const AT_ONCE: &str = "
        document.querySelector('#runs-rows tr:last-child [data-do=delete]').click();
        document.querySelector('#runs-undo').click();";
    page.browser.script(AT_ONCE, vec![])?;
    wait_for_runs(page, &[NAMES[1], NAMES[0]])?;
    are_there_after_a_reload(page, &[NAMES[1], NAMES[0]])?;

    page.click("#runs-rows tr:last-child [data-do=delete]")?;
    page.fill("#runs-rows [data-do=name]", "Baseline")?;
    page.click("#runs-undo")?;
    wait_for_runs(page, &["Baseline", NAMES[0]])?;
    are_there_after_a_reload(page, &["Baseline", NAMES[0]])
}
