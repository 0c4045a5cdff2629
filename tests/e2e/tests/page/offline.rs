//! The service worker: the page without a network, across an update, on a host without headers, and installed.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Host, Page};
use serde_json::{Value, json};

use crate::Test;
use crate::update::{copy, update};

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("offline::after_the_first_visit_no_network_is_needed", no_network_is_needed),
    ("offline::a_slow_document_is_not_waited_for", a_slow_document_is_not_waited_for),
    ("offline::an_update_is_announced_and_taken_by_a_reload", an_update_is_announced),
    ("offline::a_damaged_file_is_not_kept", a_damaged_file_is_not_kept),
    ("offline::a_host_without_headers_isolates_from_the_second_load_on", isolates),
    ("offline::a_refused_service_worker_costs_nothing_else", a_refused_one_costs_nothing_else),
    ("offline::it_can_be_installed", it_can_be_installed),
];

const RUN: &str = "images=2000&epochs=1&batch=100&workers=2&seed=3";

const SAID: &str = "Inkling was updated: reload";

/// Serves the site without the harness's own scripts, whose hashes the service worker does not know.
fn serve(page: &mut Page, folder: &std::path::Path, host: Host) -> Result<()> {
    page.site = e2e::Site::start(folder, "/", host, false)?;
    Ok(())
}

/// Waits until the service worker has kept the site.
fn is_kept(page: &Page) -> Result<()> {
    const KEPT: &str = "return navigator.serviceWorker.getRegistration()
        .then(registration => registration?.active?.state === 'activated');";
    page.wait_until("a kept site", 60, || Ok(page.ask::<bool>(KEPT, vec![])?.then_some(())))
}

/// Waits for the training images, and the copies of them that the trainer keeps.
fn has_images(page: &Page) -> Result<()> {
    const COPIES: &str =
        "return caches.open('inkling-data-1').then(it => it.keys()).then(it => it.length);";
    let parts = crate::parts()?.len();
    page.wait_until("its images", 60, || {
        Ok((page.ask::<usize>(COPIES, vec![])? == parts).then_some(()))
    })
}

fn first_visit(page: &Page) -> Result<()> {
    page.open("")?;
    has_images(page)?;
    is_kept(page)
}

/// Draws, trains, and opens what is loaded late.
fn all_works(page: &Page) -> Result<()> {
    page.draw(3)?;
    page.wait_for("an answer", 10, |status| status.prediction == Some(3))?;
    page.train_now()?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.error.is_empty() && done.test_accuracy > Some(0.5), "{done:?}");
    for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
        page.click(&format!("#open-{panel}"))?;
    }
    page.wait_until("the run in the list", 20, || {
        Ok(page
            .ask::<bool>("return Boolean(document.querySelector('#runs-rows tr'))", vec![])?
            .then_some(()))
    })
}

fn no_network_is_needed(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    serve(page, &e2e::dist()?, Host::Isolated)?;
    first_visit(page)?;
    page.site.stop();
    page.open(RUN)?;
    all_works(page)
}

fn a_slow_document_is_not_waited_for(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    serve(page, &e2e::dist()?, Host::Isolated)?;
    first_visit(page)?;
    page.site.inject("index.html", Fault::Held);
    page.open("")?;
    page.site.heal("index.html");
    page.site.inject("index.html", Fault::Unavailable(1));
    page.open("")?;
    Ok(())
}

fn an_update_is_announced(page: &mut Page) -> Result<()> {
    const BUILD: &str = "return document.body.dataset.build";
    // As the browser does by itself once a day, and the page each hour.
    const LOOK: &str = "return navigator.serviceWorker.getRegistration().then(it => it.update()).then(() => true);";
    const CACHES: &str =
        "return caches.keys().then(all => all.filter(it => it.startsWith('inkling-site')));";
    page.expect_on_console("");
    let folder = tempfile::tempdir()?;
    copy(&e2e::dist()?, folder.path())?;
    serve(page, folder.path(), Host::Isolated)?;
    first_visit(page)?;
    page.open("epochs=50&batch=32")?;
    page.draw(3)?;
    page.train_now()?;
    let old: String = page.ask(BUILD, vec![])?;
    let new = update(folder.path())?;
    page.browser.script(LOOK, vec![])?;
    page.wait_until("word of the update", 30, || Ok(page.text()?.contains(SAID).then_some(())))?;
    let status = page.status()?;
    ensure!(status.state == "training" && status.prediction == Some(3), "{status:?}");
    ensure!(page.ask::<String>(BUILD, vec![])? == old, "it reloaded");
    let both: Vec<String> = page.ask(CACHES, vec![])?;
    ensure!(both.len() == 2, "{both:?}");
    // What it loads late is still its own.
    for panel in ["inside", "runs"] {
        page.click(&format!("#open-{panel}"))?;
    }
    page.open("")?;
    ensure!(page.ask::<String>(BUILD, vec![])? == new, "the reload did not take it");
    // Every page of the old build is gone, so its files are too.
    page.wait_until("the old files to go", 60, || {
        // A page that came too soon is answered by the old service worker, and leaves it in use.
        page.browser.leave()?;
        thread::sleep(Duration::from_millis(500));
        page.open("")?;
        let left: Vec<String> = page.ask(CACHES, vec![])?;
        Ok((left.len() == 1 && left[0].ends_with(&new)).then_some(()))
    })?;
    page.site.stop();
    page.open("")?;
    ensure!(page.ask::<String>(BUILD, vec![])? == new, "without a network the old one is back");
    Ok(())
}

fn a_damaged_file_is_not_kept(page: &mut Page) -> Result<()> {
    const ACTIVE: &str =
        "return navigator.serviceWorker.getRegistration().then(it => Boolean(it?.active));";
    page.expect_on_console("");
    serve(page, &e2e::dist()?, Host::Isolated)?;
    page.site.inject("licences.txt", Fault::Altered);
    page.open("")?;
    page.wait_until("it to be fetched", 30, || {
        Ok((page.site.count("licences.txt") > 0).then_some(()))
    })?;
    thread::sleep(Duration::from_secs(1));
    ensure!(!page.ask::<bool>(ACTIVE, vec![])?, "it was kept");
    page.site.heal("licences.txt");
    first_visit(page)
}

fn isolates(page: &mut Page) -> Result<()> {
    const ISOLATED: &str = "return [String(crossOriginIsolated), document.body.dataset.isolated];";
    serve(page, &e2e::dist()?, Host::Plain)?;
    first_visit(page)?;
    let first: [String; 2] = page.ask(ISOLATED, vec![])?;
    ensure!(first == ["false", "false"], "{first:?}");
    page.draw(3)?;
    thread::sleep(Duration::from_secs(1));
    ensure!(page.status()?.prediction == Some(3), "it reloaded");
    for _ in 0..2 {
        page.open(RUN)?;
        let later: [String; 2] = page.ask(ISOLATED, vec![])?;
        ensure!(later == ["true", "true"], "{later:?}");
        page.train_now()?;
        page.wait_for_state("done", 60)?;
    }
    Ok(())
}

fn a_refused_one_costs_nothing_else(page: &mut Page) -> Result<()> {
    page.refuse_service_worker();
    page.train(RUN)?;
    page.wait_for_state("done", 60)?;
    page.train(RUN)?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.error.is_empty(), "{done:?}");
    Ok(())
}

fn it_can_be_installed(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.open("")?;
    is_kept(page)?;
    let manifest = page.browser.devtools("Page.getAppManifest", json!({}))?;
    ensure!(manifest["errors"] == json!([]), "{manifest}");
    let found = page.browser.devtools("Page.getInstallabilityErrors", json!({}))?;
    // The tests' profile is no private window, but headless Chromium may count as one.
    let errors: Vec<&Value> = found["installabilityErrors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|error| error["errorId"] != "in-incognito")
        .collect();
    ensure!(errors.is_empty(), "{errors:?}");
    Ok(())
}
