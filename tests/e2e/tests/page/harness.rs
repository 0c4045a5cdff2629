//! Whether this suite sees what it claims to see, on a page of its own.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("harness::hears_the_console_of_page_and_worker", hears_the_console),
    ("harness::draws_with_the_pointer", draws_with_the_pointer),
    ("harness::serves_faults_until_healed", serves_faults_until_healed),
];

const DOCUMENT: &str = "<!doctype html>
<meta charset=utf-8>
<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\">
<link rel=icon href=icon.svg>
<title>harness</title>
<body data-state=ready data-error=''>
<canvas id=pad width=400 height=400></canvas>
<script src=script.js></script>
<script>document.title = 'inline';</script>
";

const SCRIPT: &str = "
globalThis.seen = [];
for (const type of ['pointerdown', 'pointermove', 'pointerup'])
    document.querySelector('#pad').addEventListener(type, event => seen.push([type, event.offsetX, event.offsetY]));
console.log('a remark');
console.warn('a warning of the page');
console.error('an error of the page');
setTimeout(() => { throw new Error('uncaught in the page'); });
Promise.reject(new Error('unhandled in the page'));
new Worker('build/0/worker-start.js', {type: 'module'}).onmessage = () => { document.body.dataset.state = 'done'; };
";

const WORKER: &str = "
console.warn('a warning of the worker');
console.error('an error of the worker');
setTimeout(() => { throw new Error('uncaught in the worker'); });
fetch('http://localhost:9/elsewhere').catch(() => {});
setTimeout(() => postMessage('said'), 100);
";

/// Writes the page for the tests of this module.
pub(crate) fn site() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("harness");
    // In a build's folder, like our page: there every host sends the worker's policy.
    let build = folder.join("build/0");
    std::fs::create_dir_all(&build)?;
    std::fs::write(folder.join("index.html"), DOCUMENT)?;
    std::fs::write(folder.join("script.js"), SCRIPT)?;
    std::fs::write(build.join("worker-start.js"), WORKER)?;
    std::fs::write(folder.join("icon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>")?;
    Ok(folder)
}

fn hears_the_console(page: &mut Page) -> Result<()> {
    page.load("")?;
    page.wait_for_state("done", 10)?;
    // The last reports may not have arrived yet.
    thread::sleep(Duration::from_millis(300));
    let messages = page.complaints()?;
    for (level, part) in [
        ("warning", "a warning of the page"),
        ("error", "an error of the page"),
        ("error", "uncaught in the page"),
        ("error", "unhandled in the page"),
        ("warning", "a warning of the worker"),
        ("error", "an error of the worker"),
        ("error", "uncaught in the worker"),
        ("error", "script-src"),
        ("error", "localhost:9"),
    ] {
        if part == "localhost:9" && page.browser.engine() == Engine::WebKit {
            // It refuses the worker's request without reporting it to the page.
            continue;
        }
        ensure!(
            messages.iter().any(|message| message.level == level && message.text.contains(part)),
            "{level} {part:?} was not heard: {messages:#?}"
        );
    }
    ensure!(!messages.iter().any(|message| message.text.contains("a remark")), "{messages:#?}");
    Ok(())
}

fn draws_with_the_pointer(page: &mut Page) -> Result<()> {
    page.expect_on_console("");
    page.load("")?;
    page.draw(7)?;
    let seen = page.browser.script("return seen", vec![])?;
    let seen: Vec<(String, f64, f64)> = serde_json::from_value(seen)?;
    let count = |wanted| seen.iter().filter(|(kind, ..)| kind == wanted).count();
    ensure!(count("pointerdown") == 1 && count("pointerup") == 1, "{seen:?}");
    ensure!(count("pointermove") > 10, "{seen:?}");
    let (_, x, y) = &seen[0];
    ensure!((x - 0.28 * 400.0).abs() < 2.0 && (y - 0.24 * 400.0).abs() < 2.0, "{seen:?}");
    Ok(())
}

fn serves_faults_until_healed(page: &mut Page) -> Result<()> {
    const SIZE: &str = "
        return fetch(arguments[0]).then(async answer => [answer.status, (await answer.text()).length]);";
    page.expect_on_console("");
    page.load("")?;
    let fetched = || -> Result<(u16, usize)> {
        let answer = page.browser.script(SIZE, vec![json!("script.js")])?;
        Ok(serde_json::from_value(answer)?)
    };
    page.site.inject("script.js", Fault::Truncated);
    ensure!(fetched()? == (200, SCRIPT.len() / 2));
    page.site.inject("script.js", Fault::Missing);
    ensure!(fetched()?.0 == 404);
    page.site.inject("script.js", Fault::Prefixed("//\n"));
    ensure!(fetched()? == (200, SCRIPT.len() + 3));
    page.site.heal("script.js");
    ensure!(fetched()? == (200, SCRIPT.len()));
    ensure!(page.site.count("script.js") == 5, "{:?}", page.site.hits());
    Ok(())
}
