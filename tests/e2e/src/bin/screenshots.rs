//! Writes pictures of the page (idle, drawn, training, done; phone and desk; light and dark) into
//! the folder that is its argument.
//!
//! `INKLING_DIST=dist cargo run --package e2e --bin screenshots -- FOLDER`

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Browser, Engine, Page};

/// Long enough for curves worth looking at, short enough to wait for.
const RUN: &str = "images=10000&epochs=6&batch=64&seed=1";

/// Width and height in CSS pixels.
const SCREENS: [(u32, u32); 2] = [(1440, 900), (360, 740)];

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).context("say into which folder")?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let browser = Browser::launch(Engine::Chromium)?;
    let page = Page::of(&browser, &e2e::dist()?)?;

    page.open(RUN)?;
    shoot(&page, &folder, "idle")?;
    page.draw(7)?;
    shoot(&page, &folder, "drawn")?;
    page.click_when_enabled("#train", 60)?;
    page.wait_for("the third epoch", 120, |status| status.epoch >= Some(2))?;
    shoot(&page, &folder, "training")?;
    page.wait_for_state("done", 300)?;
    shoot(&page, &folder, "done")
}

/// Takes the whole page on the phone and the first screen on the desk, in both themes.
fn shoot(page: &Page, folder: &Path, moment: &str) -> Result<()> {
    for (width, height) in SCREENS {
        for scheme in ["light", "dark"] {
            page.browser.emulate(Some((width, height)), scheme)?;
            settle();
            if width < 600 {
                let all = page.ask("return document.documentElement.scrollHeight", vec![])?;
                page.browser.emulate(Some((width, all)), scheme)?;
                settle();
            }
            page.browser.script("scrollTo(0, 0)", vec![])?;
            // A run is worth a picture while it learns, not while it is tested.
            page.wait_for("minibatches", 60, |status| {
                status.state != "training" || status.images_per_second > Some(0.0)
            })?;
            let path = folder.join(format!("{moment}-{width}-{scheme}.png"));
            fs::write(&path, page.browser.screenshot()?)
                .with_context(|| format!("writing {}", path.display()))?;
            println!("{}", path.display());
        }
    }
    page.browser.emulate(None, "light")?;
    settle();
    Ok(())
}

/// Lets the charts follow a new size.
fn settle() {
    thread::sleep(Duration::from_millis(400));
}
