//! The download of the data set: kept for the next visit, and never trusted.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Fault, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("dataset::a_second_visit_downloads_nothing", a_second_visit_downloads_nothing),
    ("dataset::a_damaged_copy_is_replaced", a_damaged_copy_is_replaced),
    ("dataset::a_truncated_part_is_refused", a_truncated_part_is_refused),
    ("dataset::an_altered_part_is_refused", an_altered_part_is_refused),
    ("dataset::a_missing_part_is_named", a_missing_part_is_named),
    ("dataset::a_bad_test_part_stops_no_drawing", a_bad_test_part_stops_no_drawing),
    ("dataset::a_missing_manifest_is_named", a_missing_manifest_is_named),
    ("dataset::a_server_under_load_is_asked_again", a_server_under_load_is_asked_again),
    ("dataset::parts_after_a_missing_one_are_loaded", parts_after_a_missing_one_are_loaded),
];

fn a_second_visit_downloads_nothing(page: &mut Page) -> Result<()> {
    let parts = crate::parts()?;
    let downloads = |page: &Page| parts.iter().map(|part| page.site.count(part)).sum::<usize>();
    page.open("")?;
    all_data_is_there(page)?;
    ensure!(downloads(page) == parts.len(), "each part once: {:?}", page.site.hits());
    page.open("")?;
    all_data_is_there(page)?;
    ensure!(downloads(page) == parts.len(), "nothing again: {:?}", page.site.hits());
    Ok(())
}

/// What the browser kept is trusted no more than what a server sends.
fn a_damaged_copy_is_replaced(page: &mut Page) -> Result<()> {
    const DAMAGE: &str = "
        const part = arguments[0];
        return (async () => {
            for (const name of await caches.keys()) {
                const store = await caches.open(name);
                for (const copy of await store.keys()) {
                    if (copy.url.includes(part)) {
                        await store.put(copy, new Response('damaged'));
                        return true;
                    }
                }
            }
            return false;
        })();";
    let parts = crate::parts()?;
    let damaged = &parts[parts.len() / 2];
    page.open("")?;
    all_data_is_there(page)?;
    ensure!(page.ask::<bool>(DAMAGE, vec![damaged.as_str().into()])?, "{damaged} is not kept");
    for _ in 0..2 {
        page.open("")?;
        all_data_is_there(page)?;
        for part in &parts {
            let expected = if part == damaged { 2 } else { 1 };
            ensure!(page.site.count(part) == expected, "{part}: {:?}", page.site.hits());
        }
    }
    Ok(())
}

fn a_truncated_part_is_refused(page: &mut Page) -> Result<()> {
    first_part_is_refused(page, Fault::Truncated)
}

fn an_altered_part_is_refused(page: &mut Page) -> Result<()> {
    first_part_is_refused(page, Fault::Altered)
}

fn a_missing_part_is_named(page: &mut Page) -> Result<()> {
    first_part_is_refused(page, Fault::Missing)
}

/// Named, not trained on, and fetched again by Retry.
fn first_part_is_refused(page: &mut Page, fault: Fault) -> Result<()> {
    let part = crate::parts()?.swap_remove(0);
    page.expect_on_console(&part);
    page.site.inject(&part, fault);
    page.load("images=2000&epochs=1&batch=100")?;
    names(page, &part)?;
    page.draw(6)?;
    page.wait_for("a 6", 5, |status| status.prediction == Some(6))?;
    // Pressed or not, nothing is learned from it.
    if page.is_enabled("#train")? {
        page.click("#train")?;
    }
    thread::sleep(Duration::from_secs(1));
    let status = page.status()?;
    ensure!(status.step == Some(0), "it trains on bad data: {status:?}");

    // Once more in vain, then with success.
    page.click_when_enabled("#data-retry", 5)?;
    page.wait_until("a second request", 10, || Ok((page.site.count(&part) > 1).then_some(())))?;
    names(page, &part)?;
    page.site.heal(&part);
    retry_and_train(page)
}

fn a_bad_test_part_stops_no_drawing(page: &mut Page) -> Result<()> {
    let part = &*crate::part("test-01")?;
    page.expect_on_console(part);
    page.site.inject(part, Fault::Truncated);
    page.load("images=2000&epochs=1&batch=100")?;
    names(page, part)?;
    page.draw(5)?;
    page.wait_for("a 5", 5, |status| status.prediction == Some(5))?;
    page.site.heal(part);
    retry_and_train(page)
}

fn a_missing_manifest_is_named(page: &mut Page) -> Result<()> {
    let manifest = "manifest.json";
    page.expect_on_console(manifest);
    page.site.inject(manifest, Fault::Missing);
    page.load("images=2000&epochs=1&batch=100")?;
    names(page, manifest)?;
    page.draw(5)?;
    page.wait_for("a 5", 5, |status| status.prediction == Some(5))?;
    page.site.heal(manifest);
    retry_and_train(page)
}

/// One failure that passes by itself is nobody's business.
fn a_server_under_load_is_asked_again(page: &mut Page) -> Result<()> {
    // It would have the manifest at the second visit.
    page.refuse_service_worker();
    let part = &*crate::parts()?.swap_remove(3);
    for file in [part, "manifest.json"] {
        page.expect_on_console(file);
        page.site.inject(file, Fault::Unavailable(1));
    }
    page.load("")?;
    all_data_is_there(page)?;
    let status = page.status()?;
    ensure!(status.error.is_empty(), "{status:?}");
    ensure!(page.site.count(part) == 2, "one second try: {:?}", page.site.hits());

    page.site.inject("manifest.json", Fault::Unavailable(2));
    page.load("")?;
    names(page, "manifest.json")?;
    let text = page.text()?;
    ensure!(text.contains("the server cannot send it right now (status 503)"), "{text}");
    Ok(())
}

/// What can be had is there when Retry mends the rest.
fn parts_after_a_missing_one_are_loaded(page: &mut Page) -> Result<()> {
    let parts = crate::parts()?;
    let missing = &parts[3];
    page.expect_on_console(missing);
    page.site.inject(missing, Fault::Missing);
    page.load("images=30000&epochs=1&batch=512")?;
    names(page, missing)?;
    page.wait_until("all other parts", 30, || {
        Ok(parts.iter().all(|part| page.site.count(part) > 0).then_some(()))
    })?;
    page.site.heal(missing);
    page.click_when_enabled("#data-retry", 5)?;
    all_data_is_there(page)?;
    for part in &parts {
        let expected = if part == missing { 2 } else { 1 };
        ensure!(page.site.count(part) == expected, "{part}: {:?}", page.site.hits());
    }
    Ok(())
}

fn retry_and_train(page: &Page) -> Result<()> {
    page.click_when_enabled("#data-retry", 10)?;
    page.wait_for("the error to go", 20, |status| status.error.is_empty())?;
    page.train_now()?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.error.is_empty() && done.test_accuracy.is_some(), "{done:?}");
    Ok(())
}

/// Waits until the page names the file, in the attribute and in the text.
fn names(page: &Page, path: &str) -> Result<e2e::Status> {
    let file = path.trim_start_matches("data/");
    let status =
        page.wait_for(&format!("{file} to be named"), 20, |status| status.error.contains(file))?;
    let text = page.text()?;
    ensure!(text.contains(file), "{file} is not named where one can read it: {text}");
    Ok(status)
}

/// The bar disappears when the last part has not only arrived but is stored.
fn all_data_is_there(page: &Page) -> Result<()> {
    const GONE: &str = "return document.querySelector('#data-bar').hidden";
    page.wait_until("all data", 60, || Ok(page.ask::<bool>(GONE, vec![])?.then_some(())))
}
