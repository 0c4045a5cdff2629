//! The built page in a real browser. `INKLING_DIST` is the built folder, `INKLING_BROWSER` the engine
//! (chromium, firefox or webkit), and with `INKLING_SERVER=nginx` a real nginx serves the folder.
//!
//! The tests run one after the other in one browser, each with a server and so an origin of its own: no
//! test sees what another has stored. A test also fails if the console gets a warning or an error that
//! it did not expect. After a failure the browser is replaced, and a screenshot is kept.

mod accessibility;
mod ask;
mod dataset;
mod drawing;
mod duel;
mod experiment;
mod failure;
mod files;
mod focus;
mod hand;
mod harness;
mod helpers;
mod hosting;
mod inside;
mod judge;
mod keep;
mod layout;
mod map;
mod memory;
mod network;
mod offline;
mod one_step;
mod resume;
mod runs;
mod settings;
mod sight;
mod slowness;
mod start;
mod storage;
mod timeline;
mod tour;
mod training;
mod update;
mod yours;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Browser, Engine, Page};
use libtest_mimic::{Arguments, Failed, Trial};

/// A test: a visit to the page, served at `/`, not opened yet.
type Test = fn(&mut Page) -> Result<()>;

/// Browsers that no test is using. One that was in use when a test failed is not used again.
type Stage = Arc<Mutex<Vec<Browser>>>;

/// Groups of tests that run side by side in Chromium, two at a time, each in a browser of its own: they mostly wait. The
/// others need the machine for themselves, as they measure, emulate a screen, or share files.
const BESIDE: [&str; 24] = [
    "training::",
    "helpers::",
    "slowness::",
    "keep::",
    "duel::",
    "map::",
    "ask::",
    "hand::",
    "resume::",
    "storage::",
    "failure::",
    "network::",
    "tour::",
    "timeline::",
    "settings::",
    "experiment::",
    "inside::",
    "judge::",
    "yours::",
    "runs::",
    "files::",
    "dataset::",
    "start::",
    "update::",
];

/// Read-locked by those, write-locked by the others.
static MACHINE: RwLock<()> = RwLock::new(());

/// How long each test took, without its wait for the machine.
static TIMES: Mutex<Vec<(Duration, String)>> = Mutex::new(vec![]);

/// Tests that do not apply to nginx, and why.
const NOT_OVER_NGINX: [(&str, &str); 1] = [(
    "start::without_its_slash_it_says_so",
    "nginx sends the browser on to the address with the slash, where all is well",
)];

/// Tests that apply only to nginx.
const ONLY_OVER_NGINX: [(&str, &str); 1] = [(
    "hosting::nginx_says_what_browsers_should_know",
    "it is about hosting/nginx.conf: cargo xtask test --server nginx runs it",
)];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Elsewhere two windows would take the focus from each other.
    let chromium = Engine::from_environment().is_ok_and(|engine| engine == Engine::Chromium);
    arguments.test_threads = Some(if chromium { 2 } else { 1 });
    let stage = Stage::default();
    let over_nginx = std::env::var("INKLING_SERVER").is_ok_and(|server| server == "nginx");
    let left_out = if over_nginx { NOT_OVER_NGINX } else { ONLY_OVER_NGINX };
    if !arguments.list {
        // Before all tests, so that a browser that does not start is reported once.
        match Engine::from_environment().and_then(Browser::launch) {
            Ok(browser) => put(&stage, browser),
            Err(error) => {
                eprintln!("error: {error:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    let trials = [
        harness::TESTS,
        drawing::TESTS,
        hand::TESTS,
        training::TESTS,
        helpers::TESTS,
        memory::TESTS,
        settings::TESTS,
        experiment::TESTS,
        inside::TESTS,
        ask::TESTS,
        judge::TESTS,
        map::TESTS,
        duel::TESTS,
        keep::TESTS,
        yours::TESTS,
        resume::TESTS,
        runs::TESTS,
        storage::TESTS,
        dataset::TESTS,
        start::TESTS,
        update::TESTS,
        offline::TESTS,
        one_step::TESTS,
        failure::TESTS,
        files::TESTS,
        focus::TESTS,
        sight::TESTS,
        slowness::TESTS,
        layout::TESTS,
        network::TESTS,
        hosting::TESTS,
        accessibility::TESTS,
        timeline::TESTS,
        tour::TESTS,
    ]
    .concat()
    .into_iter()
    .map(|(name, test)| {
        let stage = Arc::clone(&stage);
        let left_out = left_out.iter().any(|(left_out, _)| *left_out == name);
        Trial::test(name, move || run(name, test, &stage)).with_ignored_flag(left_out)
    })
    .collect();
    if !arguments.list {
        for (name, why) in left_out {
            println!("Left out: {name}: {why}.");
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    print_slowest();
    while take(&stage).is_some() {}
    conclusion.exit_code()
}

fn run(name: &str, test: Test, stage: &Stage) -> Result<(), Failed> {
    let folder = if name.starts_with("harness::") { harness::site()? } else { e2e::dist()? };
    let beside = BESIDE.iter().any(|group| name.starts_with(group));
    let _alone = (!beside).then(|| MACHINE.write().unwrap_or_else(PoisonError::into_inner));
    let _beside = beside.then(|| MACHINE.read().unwrap_or_else(PoisonError::into_inner));
    let browser = match take(stage) {
        Some(browser) => browser,
        None => Browser::launch(Engine::from_environment()?)?,
    };
    let start = Instant::now();
    let outcome = visit(&browser, &folder, test);
    TIMES.lock().unwrap_or_else(PoisonError::into_inner).push((start.elapsed(), name.to_owned()));
    outcome.map_err(|error| {
        let picture = picture(&browser, name);
        format!(
            "{error:#}{}",
            picture.map(|path| format!("\n(see {})", path.display())).unwrap_or_default()
        )
    })?;
    put(stage, browser);
    Ok(())
}

/// Where the time of a long run went.
fn print_slowest() {
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    times.retain(|(time, _)| time.as_secs() >= 10);
    times.sort();
    if !times.is_empty() {
        println!("Tests of ten seconds and more:");
    }
    for (time, name) in times.iter().rev() {
        println!("  {:5.1} s  {name}", time.as_secs_f32());
    }
}

fn visit(browser: &Browser, folder: &Path, test: Test) -> Result<()> {
    let mut page = Page::of(browser, folder)?;
    let outcome = test(&mut page);
    let complaints = page.complaints()?;
    outcome.map_err(|error| {
        if complaints.is_empty() {
            error
        } else {
            error.context(format!("console: {complaints:#?}"))
        }
    })?;
    ensure!(complaints.is_empty(), "unexpected on the console: {complaints:#?}");
    Ok(())
}

/// The data set's parts as paths below the site, in the order of loading.
fn parts() -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Manifest {
        parts: Vec<Part>,
    }
    #[derive(serde::Deserialize)]
    struct Part {
        file: String,
    }
    let manifest = std::fs::read(e2e::dist()?.join(e2e::built("manifest.json")?))?;
    let manifest: Manifest = serde_json::from_slice(&manifest)?;
    ensure!(!manifest.parts.is_empty(), "the manifest names no part");
    // Their addresses are relative to the manifest's, two folders down.
    Ok(manifest.parts.into_iter().map(|part| part.file.replace("../", "")).collect())
}

/// The part whose name has this prefix, as a path below the site.
fn part(name: &str) -> Result<String> {
    let name = format!("data/{name}");
    parts()?.into_iter().find(|part| part.starts_with(&name)).with_context(|| format!("no {name}"))
}

fn put(stage: &Stage, browser: Browser) {
    stage.lock().unwrap_or_else(PoisonError::into_inner).push(browser);
}

fn take(stage: &Stage) -> Option<Browser> {
    stage.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// Keeps a screenshot of a failed test; `None` if even that fails.
fn picture(browser: &Browser, name: &str) -> Option<PathBuf> {
    let file = format!("{}-{}.png", browser.engine(), name.replace("::", "-"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, browser.screenshot().ok()?).ok()?;
    Some(path)
}
