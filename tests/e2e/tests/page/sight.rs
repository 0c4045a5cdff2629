//! What is in sight at once: cause and effect at usual sizes, an opened panel, and the page for a class.

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page};
use serde_json::json;

use crate::Test;
use crate::layout::emulate;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("sight::cause_and_effect_at_once", cause_and_effect_at_once),
    ("sight::nothing_jumps", nothing_jumps),
    ("sight::a_panel_opens_in_sight", a_panel_opens_in_sight),
    ("sight::presents_to_a_class", presents_to_a_class),
    ("sight::text_grows_with_the_screen", text_grows_with_the_screen),
];

/// A student's laptop below the browser's own bars, a larger one, a projector, a phone.
const SIZES: [(u32, u32); 4] = [(1366, 650), (1440, 900), (1920, 1080), (390, 844)];

/// Which of these elements are not wholly in the window.
const OUTSIDE: &str = "
    return arguments[0].filter(selector => {
        const {left, top, right, bottom} = document.querySelector(selector).getBoundingClientRect();
        return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || right - left < 8;
    });";

/// Pad, answer, Train and a curve are visible together while it trains; on a phone, the small curve at its foot.
fn cause_and_effect_at_once(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    for (width, height) in SIZES {
        emulate(page, width, height, 1)?;
        page.open(&format!("images=3000&epochs=60&batch=32&seed={width}"))?;
        page.draw(8)?;
        page.train_now()?;
        page.wait_for("a curve", 30, |status| {
            status.state == "training" && status.step > Some(100)
        })?;
        let curve = if width < 640 { ".rail svg" } else { "#loss" };
        let wanted = json!([
            "#pad", "#clear", "#network", "#digit", "#bars", "#train", "#step", "#reset", curve
        ]);
        let outside: Vec<String> = page.ask(OUTSIDE, vec![wanted])?;
        ensure!(outside.is_empty(), "{width}x{height}: {outside:?} out of sight");
        let line: String =
            page.ask("return document.querySelector('#rail-line').getAttribute('d')", vec![])?;
        ensure!(line.len() > 40, "a small curve: {line}");
    }
    Ok(())
}

/// Not by a pixel between a page at rest, a run, a pause and the end.
fn nothing_jumps(page: &mut Page) -> Result<()> {
    const PLACES: &str = "
        return Object.fromEntries(['#pad', '#undo', '#picture', '#digit', '#verdict', '#bars', '#train', '#step', '#reset',
            '#run-text', '#test-accuracy', '#throughput', '#minibatch', '#settings', '#loss', '#accuracy', '.doors']
            .map(selector => {
                const {left, top} = document.querySelector(selector).getBoundingClientRect();
                return [selector, [left, top + scrollY]];
            }));";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    for (width, height) in SIZES {
        emulate(page, width, height, 1)?;
        page.open(&format!("images=6000&epochs=1&batch=32&seed={width}"))?;
        page.draw(3)?;
        page.wait_until("something to train on", 30, || {
            Ok(page.is_enabled("#train")?.then_some(()))
        })?;
        let places = || page.ask::<serde_json::Map<String, serde_json::Value>>(PLACES, vec![]);
        let idle = places()?;
        let held = |state: &str| -> Result<()> {
            for (selector, place) in places()? {
                ensure!(
                    idle[&selector] == place,
                    "{width}x{height}: {selector} moved from {} to {place} when {state}",
                    idle[&selector]
                );
            }
            Ok(())
        };
        page.train_now()?;
        page.wait_for("a run", 30, |status| status.state == "training" && status.step > Some(20))?;
        held("training")?;
        page.click("#train")?;
        page.wait_for_state("paused", 10)?;
        held("paused")?;
        page.click("#train")?;
        page.wait_for_state("done", 60)?;
        held("done")?;
    }
    Ok(())
}

/// The panels' buttons come to the upper edge. Beside the panel one can draw, see the answer, and train.
fn a_panel_opens_in_sight(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    emulate(page, 1366, 650, 1)?;
    page.open("images=2000&epochs=1&batch=100")?;
    for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
        page.browser.script("scrollTo(0, 0)", vec![])?;
        page.click(&format!("#open-{panel}"))?;
        let top: f64 = page.ask(
            "return document.querySelector(arguments[0]).getBoundingClientRect().top",
            vec![json!(format!("#{panel}"))],
        )?;
        ensure!((0.0..100.0).contains(&top), "{panel} opens at {top} px");
        let wanted = json!([".doors", "#rail-pad", "#rail-digit", "#rail-accuracy", "#rail-train"]);
        let outside: Vec<String> = page.ask(OUTSIDE, vec![wanted])?;
        ensure!(outside.is_empty(), "{panel}: {outside:?} out of sight");
    }
    page.draw_on("#rail-pad", e2e::Pointer::Mouse, &e2e::digits::strokes(7))?;
    page.wait_for("a 7", 5, |status| status.prediction == Some(7))?;
    let digit: String =
        page.ask("return document.querySelector('#rail-digit').textContent", vec![])?;
    ensure!(digit == "7", "{digit}");
    page.click_when_enabled("#rail-train", 30)?;
    page.wait_for_state("done", 60)?;
    let accuracy: String =
        page.ask("return document.querySelector('#rail-accuracy').textContent", vec![])?;
    ensure!(accuracy.ends_with("% test"), "{accuracy}");
    Ok(())
}

/// By its button, by F, which is a letter in a field, and by the address.
fn presents_to_a_class(page: &mut Page) -> Result<()> {
    const PRESENTS: &str = "
        return [document.body.hasAttribute('data-present'), document.querySelector('.rooms').checkVisibility()];";
    page.open("")?;
    page.browser.resize(1440, 900)?;
    let presents = |wanted: bool| {
        page.wait_until("the change", 5, || {
            let (is, rooms): (bool, bool) = page.ask(PRESENTS, vec![])?;
            Ok((is == wanted && rooms != wanted).then_some(()))
        })
    };
    page.click("#present")?;
    presents(true)?;
    page.browser.press(&[], 'f')?;
    presents(false)?;
    page.click("#open-runs")?;
    page.browser.script("document.querySelector('#epochs').focus()", vec![])?;
    page.browser.press(&[], 'f')?;
    presents(false)?;
    page.browser
        .script("document.querySelector('#pad').focus(); document.activeElement.blur()", vec![])?;
    page.browser.press(&[], 'F')?;
    presents(true)?;
    let outside: Vec<String> = page.ask(
        OUTSIDE,
        vec![json!(["#pad", "#digit", "#network", "#train", "#loss", "#accuracy"])],
    )?;
    ensure!(outside.is_empty(), "{outside:?} out of sight");
    page.browser.open(&[&page.site.url(), "?present"].concat())?;
    page.wait_for_state("ready", 30)?;
    presents(true)
}

/// Counts words on canvases of less than 16 CSS pixels.
const CANVAS_TEXT: &str = r"
    window.small = new Set();
    const {fillText} = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        const density = this.canvas.width / this.canvas.clientWidth || 1;
        const pixels = this.font.match(/([\d.]+)px/)[1] / density;
        if (pixels < 16) small.add(`${text}: ${pixels} px in ${this.canvas.parentNode.outerHTML.slice(0, 80)}`);
        return fillText.call(this, text, ...place);
    };
";

/// At 1920 px no text is smaller than 16 px, be it on a canvas.
fn text_grows_with_the_screen(page: &mut Page) -> Result<()> {
    const SMALL: &str = "
        return [...document.querySelectorAll('body *')]
            .filter(element => element.checkVisibility() && element.clientWidth > 1)
            .filter(element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()))
            .filter(element => parseFloat(getComputedStyle(element).fontSize) < 16)
            .map(element => element.outerHTML.slice(0, 80));";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.site.inject("start.js", Fault::Prefixed(CANVAS_TEXT));
    emulate(page, 1920, 1080, 1)?;
    page.train("images=2000&epochs=1&batch=100")?;
    page.draw(4)?;
    page.wait_for_state("done", 60)?;
    for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
        page.click(&format!("#open-{panel}"))?;
        let small: Vec<String> = page.ask(SMALL, vec![])?;
        ensure!(small.is_empty(), "{panel}: {small:#?}");
    }
    let small: Vec<String> = page.ask("return [...small]", vec![])?;
    ensure!(small.is_empty(), "{small:#?}");
    Ok(())
}
