//! A site that is updated while a page is open.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::{Fault, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("update::a_run_goes_on_and_the_page_says_so", a_run_goes_on),
    ("update::a_trainer_that_is_gone_asks_for_a_reload", a_trainer_that_is_gone),
    ("update::a_trainer_of_another_build_is_not_used", a_trainer_of_another_build),
];

const RUN: &str = "images=2000&epochs=1&batch=100&workers=2&seed=3";

const SAID: &str = "Inkling was updated: reload";

/// Opened before the update, trained after it: the helpers' script is gone, so the trainer computes alone
/// what two workers would have computed, and nothing of the new build takes part.
fn a_run_goes_on(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    let folder = tempfile::tempdir()?;
    let alone = {
        page.train(RUN)?;
        page.wait_for_state("done", 60)?
    };
    let build = open_and_update(page, folder.path())?;
    page.draw(3)?;
    page.train_now()?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.test_accuracy == alone.test_accuracy, "other figures: {alone:?} {done:?}");
    page.wait_until("word of the update", 10, || Ok(page.text()?.contains(SAID).then_some(())))?;
    ensure!(page.status()?.prediction.is_some(), "the drawing is lost");
    let newer = page.site.hits().into_iter().find(|hit| hit.path.contains(&build));
    ensure!(newer.is_none(), "a file of the new build was asked for: {newer:?}");
    Ok(())
}

fn a_trainer_that_is_gone(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    let folder = tempfile::tempdir()?;
    copy(&e2e::dist()?, folder.path())?;
    page.change_folder(folder.path())?;
    page.site.inject("worker-start.js", Fault::Held);
    page.load("")?;
    page.wait_for_state("ready", 30)?;
    update(folder.path())?;
    page.site.heal("worker-start.js");
    let status = page.wait_for_state("error", 20)?;
    page.wait_until("word of the update", 10, || Ok(page.text()?.contains(SAID).then_some(())))?;
    page.draw(3)?;
    page.wait_for("an answer all the same", 5, |status| status.prediction.is_some())
        .with_context(|| format!("{status:?}"))?;
    page.click("#problem-action")?;
    page.wait_for("the new build", 20, |status| status.state == "ready")?;
    Ok(())
}

/// As a cache in between might mix them: its messages have another revision of the sources.
fn a_trainer_of_another_build(page: &mut Page) -> Result<()> {
    const OTHER: &str = "
        const post = self.postMessage.bind(self);
        self.postMessage = (data, transfer) => post({...data, revision: 'another'}, transfer);
    ";
    page.expect_on_console("");
    page.site.inject("worker-start.js", Fault::Prefixed(OTHER));
    page.load("")?;
    page.wait_for_state("error", 30)?;
    ensure!(page.text()?.contains(SAID), "{}", page.text()?);
    Ok(())
}

/// Opens the page from a copy of the site, then puts another build in its place; returns the new build's ID.
fn open_and_update(page: &mut Page, folder: &Path) -> Result<String> {
    copy(&e2e::dist()?, folder)?;
    page.change_folder(folder)?;
    page.open(RUN)?;
    page.wait_until("its images", 60, || page.is_enabled("#train").map(|is| is.then_some(())))?;
    update(folder)
}

/// Gives the build in a folder another ID, as a new one would have.
pub(crate) fn update(folder: &Path) -> Result<String> {
    const ID: &str = "0123456789ab";
    let document = folder.join("index.html");
    let html = std::fs::read_to_string(&document)?;
    let old = e2e::built("")?;
    let old = old.trim_matches('/').rsplit('/').next().context("a build has an ID")?.to_owned();
    std::fs::rename(folder.join("build").join(&old), folder.join("build").join(ID))?;
    std::fs::write(&document, html.replace(&old, ID))?;
    let worker = folder.join("service-worker.js");
    std::fs::write(&worker, std::fs::read_to_string(&worker)?.replace(&old, ID))?;
    Ok(ID.to_owned())
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
