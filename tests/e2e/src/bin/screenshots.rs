//! Takes screenshots of the page (idle, drawn, training, done) and of each panel (empty, training, done), on
//! desktop and phone, light and dark, into the folder given as argument; with `--docs` only the README's.
//!
//! `INKLING_DIST=dist cargo run --package e2e --bin screenshots -- FOLDER`

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use e2e::{Browser, Engine, Page};
use serde_json::json;

/// Long enough for curves worth looking at, short enough to wait for.
const RUN: &str = "images=10000&epochs=6&batch=64&seed=1";

/// Width and height in CSS pixels.
const SCREENS: [(u32, u32); 2] = [(1440, 900), (360, 740)];

/// Scrolls the panels' buttons to the upper edge of the window.
const TO_THE_PANELS: &str = "
    scrollTo({top: document.querySelector('.rooms').offsetTop, behavior: 'instant'})";

const PANELS: [&str; 6] = ["inside", "ask", "judge", "yours", "experiment", "runs"];

#[derive(Parser)]
struct Arguments {
    /// Where the screenshots go
    folder: PathBuf,
    /// Only those of the README: training.png, inside.png, judge.png
    #[arg(long)]
    docs: bool,
}

fn main() -> Result<()> {
    let Arguments { folder, docs } = Arguments::parse();
    fs::create_dir_all(&folder)?;
    let browser = Browser::launch(Engine::Chromium)?;
    browser.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true}))?;
    let page = Page::of(&browser, &e2e::dist()?)?;
    if docs { of_readme(&page, &folder) } else { of_all(&page, &folder) }
}

fn of_all(page: &Page, folder: &Path) -> Result<()> {
    page.open(RUN)?;
    shoot(page, folder, "idle")?;
    shoot_panels(page, folder, "empty")?;
    page.draw(7)?;
    shoot(page, folder, "drawn")?;
    page.click_when_enabled("#train", 60)?;
    page.wait_for("the third epoch", 120, |status| status.epoch >= Some(2))?;
    shoot(page, folder, "training")?;
    page.wait_for_state("done", 300)?;
    shoot(page, folder, "done")?;
    fill_panels(page)?;
    shoot_panels(page, folder, "done")?;
    // Long enough to still be running in every panel.
    page.open("epochs=20&batch=64&seed=1")?;
    page.draw(2)?;
    page.train_now()?;
    shoot_panels(page, folder, "training")
}

/// The first screen and two panels, each in a window of 1440 by 900.
fn of_readme(page: &Page, folder: &Path) -> Result<()> {
    page.open(RUN)?;
    page.draw(7)?;
    page.click_when_enabled("#train", 60)?;
    page.wait_for("the fourth epoch", 120, |status| status.epoch >= Some(3))?;
    learning(page)?;
    save(&folder.join("training.png"), &page.browser.screenshot()?)?;
    page.wait_for_state("done", 300)?;
    fill_panels(page)?;
    for panel in ["inside", "judge"] {
        open(page, panel)?;
        page.browser.script(TO_THE_PANELS, vec![])?;
        if panel == "inside" {
            const POINT: &str = "
                const canvas = document.querySelector(`[data-layer='0']`);
                const {left, top, width, height} = canvas.getBoundingClientRect();
                canvas.dispatchEvent(new PointerEvent('pointermove', {
                    clientX: left + 0.3484 * width, clientY: top + 0.2 * height, bubbles: true,
                }));";
            page.browser.script(POINT, vec![])?;
        }
        settle();
        save(&folder.join(format!("{panel}.png")), &page.browser.screenshot()?)?;
    }
    Ok(())
}

/// Fills the panels that start empty: an evaluation and pinned drawings.
fn fill_panels(page: &Page) -> Result<()> {
    open(page, "judge")?;
    for (drawn, label) in [(7, 7), (2, 3), (4, 4)] {
        page.click("#clear")?;
        page.draw(drawn)?;
        page.click_when_enabled(&format!("#judge-pin button:nth-child({})", label + 1), 10)?;
    }
    page.wait_until("the figures", 30, || {
        Ok(page.text()?.contains("Confusion matrix").then_some(()))
    })
}

/// Takes the whole page on the phone and the first screen on the desktop, in both themes.
fn shoot(page: &Page, folder: &Path, moment: &str) -> Result<()> {
    everywhere(page, |(width, _), scheme| {
        if width < 600 {
            let all = page.ask("return document.documentElement.scrollHeight", vec![])?;
            page.browser.emulate(Some((width, all)), scheme)?;
            settle();
        }
        page.browser.script("scrollTo(0, 0)", vec![])?;
        learning(page)?;
        let path = folder.join(format!("{moment}-{width}-{scheme}.png"));
        save(&path, &page.browser.screenshot()?)
    })
}

/// Takes each panel from its button to its end, in both themes.
fn shoot_panels(page: &Page, folder: &Path, moment: &str) -> Result<()> {
    for panel in PANELS {
        open(page, panel)?;
        everywhere(page, |(width, _), scheme| {
            show_all(page)?;
            let path = folder.join(format!("room-{panel}-{moment}-{width}-{scheme}.png"));
            save(&path, &page.browser.picture(".rooms")?)
        })?;
    }
    page.click(&format!("#open-{}", PANELS[PANELS.len() - 1]))
}

fn everywhere(page: &Page, mut shoot: impl FnMut((u32, u32), &str) -> Result<()>) -> Result<()> {
    for screen in SCREENS {
        for scheme in ["light", "dark"] {
            page.browser.emulate(Some(screen), scheme)?;
            settle();
            shoot(screen, scheme)?;
        }
    }
    page.browser.emulate(None, "light")?;
    settle();
    Ok(())
}

fn open(page: &Page, panel: &str) -> Result<()> {
    const CLOSED: &str = "return document.getElementById(arguments[0]).hidden";
    if page.ask(CLOSED, vec![json!(panel)])? {
        page.click(&format!("#open-{panel}"))?;
    }
    settle();
    Ok(())
}

/// Scrolls every part into view once: what is out of view is not drawn.
fn show_all(page: &Page) -> Result<()> {
    const DOWN: &str = "
        scrollBy({top: innerHeight / 2, behavior: 'instant'});
        return scrollY + innerHeight >= document.documentElement.scrollHeight - 1;";
    page.browser.script("scrollTo({top: 0, behavior: 'instant'})", vec![])?;
    while !page.ask::<bool>(DOWN, vec![])? {
        // It is drawn some frames later, and nothing reports that.
        thread::sleep(Duration::from_millis(100));
    }
    page.browser.script(TO_THE_PANELS, vec![])?;
    settle();
    Ok(())
}

/// Waits for minibatches, so that a screenshot shows training and not evaluation.
fn learning(page: &Page) -> Result<()> {
    page.wait_for("minibatches", 60, |status| {
        status.state != "training" || status.images_per_second > Some(0.0)
    })?;
    Ok(())
}

fn save(path: &Path, png: &[u8]) -> Result<()> {
    fs::write(path, png).with_context(|| format!("writing {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// Lets the charts follow a new size.
fn settle() {
    // They do so in a frame of their own, after the resize observer's callback.
    thread::sleep(Duration::from_millis(400));
}
