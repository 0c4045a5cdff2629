//! A page that cannot start says why, in a readable sentence.

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("start::from_a_file_it_says_so", from_a_file),
    ("start::without_its_slash_it_says_so", without_its_slash),
    ("start::a_missing_script_is_reported", a_missing_script_is_reported),
    ("start::a_script_served_as_text_is_reported", a_script_served_as_text_is_reported),
    ("start::a_browser_that_cannot_read_the_script_is_too_old", a_script_that_cannot_be_read),
    ("start::a_page_without_its_module_says_so", a_page_without_its_module_says_so),
    ("start::without_simd_it_says_so", without_simd_it_says_so),
    ("start::without_workers_it_says_so", without_workers_it_says_so),
];

fn from_a_file(page: &mut Page) -> Result<()> {
    // Each engine complains in its own words.
    page.expect_on_console("");
    let document = e2e::dist()?.join("index.html");
    page.browser.leave()?;
    page.browser.open(&format!("file://{}", document.display()))?;
    if page.browser.engine() == Engine::Firefox {
        // Under WebDriver, a file may load others.
        page.wait_for_state("ready", 20)?;
        return Ok(());
    }
    says(page, "cannot run from a file")
}

fn without_its_slash(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    page.move_below(&e2e::dist()?, "/inkling/")?;
    page.browser.leave()?;
    page.browser.open(page.site.url().trim_end_matches('/'))?;
    says(page, "lacks the slash at its end")
}

fn a_missing_script_is_reported(page: &mut Page) -> Result<()> {
    page.expect_on_console("start.js");
    page.site.inject("start.js", Fault::Missing);
    page.load("")?;
    says(page, "missing on the server")
}

fn a_script_served_as_text_is_reported(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    page.site.inject("start.js", Fault::Typed("text/plain"));
    page.load("")?;
    says(page, "text/plain")
}

fn a_script_that_cannot_be_read(page: &mut Page) -> Result<()> {
    page.expect_on_console("SyntaxError");
    page.site.inject("start.js", Fault::Prefixed("syntax of another decade\n"));
    page.load("")?;
    says(page, "too old for this page")
}

fn a_page_without_its_module_says_so(page: &mut Page) -> Result<()> {
    page.expect_on_console("page.js");
    // WebKit does not name the file.
    page.expect_on_console("Importing a module script failed");
    page.site.inject("page.js", Fault::Missing);
    page.load("")?;
    says(page, "could not be loaded")
}

fn without_simd_it_says_so(page: &mut Page) -> Result<()> {
    page.site.inject("start.js", Fault::Prefixed("WebAssembly.validate = () => false;\n"));
    page.load("")?;
    says(page, "WebAssembly SIMD")
}

fn without_workers_it_says_so(page: &mut Page) -> Result<()> {
    page.site.inject("start.js", Fault::Prefixed("globalThis.Worker = undefined;\n"));
    page.load("")?;
    says(page, "module workers")
}

/// A plain sentence instead of a page that loads forever.
fn says(page: &Page, words: &str) -> Result<()> {
    let status = page.wait_for_state("error", 20)?;
    ensure!(status.error.ends_with('.') && status.error.contains(words), "{status:?}");
    ensure!(page.text()?.contains(&status.error), "the sentence cannot be read: {status:?}");
    Ok(())
}
