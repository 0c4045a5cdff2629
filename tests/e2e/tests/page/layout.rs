//! Where the page can be hosted, how small it can be, and what it may request.

use anyhow::{Context, Result, bail, ensure};
use e2e::{Engine, Page, Pointer, Weight};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("layout::fits_a_phone", fits_a_phone),
    ("layout::never_scrolls_sideways", never_scrolls_sideways),
    ("layout::is_sharp_on_another_screen", is_sharp_on_another_screen),
    ("layout::fits_a_phone_held_sideways", fits_a_phone_held_sideways),
    ("layout::never_scrolls_sideways_when_enlarged", never_scrolls_sideways_when_enlarged),
    ("layout::a_long_press_selects_nothing", a_long_press_selects_nothing),
    ("layout::tells_a_screen_reader", tells_a_screen_reader),
    ("layout::first_screen_needs_no_scrolling", first_screen_needs_no_scrolling),
    ("layout::answers_after_few_bytes", answers_after_few_bytes),
    ("layout::measures_nothing", measures_nothing),
    ("layout::works_below_a_path", works_below_a_path),
    ("layout::asks_nobody_else", asks_nobody_else),
    ("layout::has_a_strict_policy", has_a_strict_policy),
    ("layout::turns_no_text_into_code", turns_no_text_into_code),
    ("layout::obeys_the_keyboard", obeys_the_keyboard),
];

const CONTROLS: [&str; 6] = ["#pad", "#clear", "#undo", "#train", "#step", "#reset"];

fn fits_a_phone(page: &mut Page) -> Result<()> {
    const WIDTHS: &str = "return [innerWidth, document.scrollingElement.scrollWidth]";
    const REACHABLE: &str = "
        const control = document.querySelector(arguments[0]);
        control.scrollIntoView({block: 'center', behavior: 'instant'});
        const {left, top, width, height} = control.getBoundingClientRect();
        const hit = document.elementFromPoint(left + width / 2, top + height / 2);
        return control.contains(hit) || control.parentElement.contains(hit);";
    const TOO_SMALL: &str = "
        const targets = [...document.querySelectorAll('button, input, select, summary, a')];
        return targets
            .map(target => target.matches('[type=radio], [type=checkbox]') ? target.closest('label') : target)
            .filter(target => target.checkVisibility())
            .map(target => [target, target.getBoundingClientRect()])
            .filter(([, {width, height}]) => width < 40 || height < 40)
            .map(([target, {width, height}]) => `${target.outerHTML.slice(0, 80)}: ${width} x ${height}`);";
    const TO_THE_PAD: &str = "
        document.querySelector('#pad').scrollIntoView({block: 'center', behavior: 'instant'})";
    page.open_on_a_phone("images=2000&epochs=1&batch=100")?;
    let (inside, content): (u32, u32) =
        serde_json::from_value(page.browser.script(WIDTHS, vec![])?)?;
    ensure!(inside == 360, "the viewport is {inside} px wide");
    ensure!(content <= 360, "it scrolls sideways: {content} px");
    for control in CONTROLS {
        let reachable = page.browser.script(REACHABLE, vec![json!(control)])?;
        ensure!(reachable == true, "{control} is covered");
    }
    let small: Vec<String> = serde_json::from_value(page.browser.script(TOO_SMALL, vec![])?)?;
    ensure!(small.is_empty(), "too small for a finger: {small:#?}");
    // A finger on the pad draws; it does not scroll.
    let webkit = page.browser.engine() == Engine::WebKit;
    let pointer = if webkit { Pointer::Mouse } else { Pointer::Finger };
    page.browser.script(TO_THE_PAD, vec![])?;
    let before: f64 = page.ask("return scrollY", vec![])?;
    page.draw_strokes(pointer, &e2e::digits::strokes(2))?;
    page.wait_for("a 2", 5, |status| status.prediction == Some(2))?;
    let after: f64 = page.ask("return scrollY", vec![])?;
    ensure!(before == after, "drawing scrolled the page from {before} to {after}");
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    let (_, content): (u32, u32) = serde_json::from_value(page.browser.script(WIDTHS, vec![])?)?;
    ensure!(content <= 360, "after a run it scrolls sideways: {content} px");
    Ok(())
}

/// From the narrowest window of every engine to a wide screen, before and after a drawing.
fn never_scrolls_sideways(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(8)?;
    for width in [500, 639, 640, 768, 1024, 1199, 1200, 1920] {
        page.browser.resize(width, 900)?;
        let overflow: i32 = page.ask(
            "return document.scrollingElement.scrollWidth - document.documentElement.clientWidth",
            vec![],
        )?;
        ensure!(overflow <= 0, "{overflow} px too wide in a window of {width} px");
    }
    page.browser.resize(1440, 900)?;
    Ok(())
}

/// Has Chromium show the page on a screen of this size in CSS pixels and this density.
pub(crate) fn emulate(page: &Page, width: u32, height: u32, density: u32) -> Result<()> {
    let screen =
        json!({"width": width, "height": height, "deviceScaleFactor": density, "mobile": false});
    page.browser.devtools("Emulation.setDeviceMetricsOverride", screen)?;
    Ok(())
}

/// A window that moves to a denser screen keeps its size; its pads get more pixels. uPlot sees to the charts, by an event
/// that Chromium does not send of an emulated screen.
fn is_sharp_on_another_screen(page: &mut Page) -> Result<()> {
    const DENSITIES: &str = "
        return [...document.querySelectorAll('#pad, #yours-pad')]
            .filter(canvas => canvas.clientWidth)
            .map(canvas => Math.round(10 * canvas.width / canvas.clientWidth) / 10);";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    emulate(page, 1200, 900, 1)?;
    page.open("")?;
    page.draw(3)?;
    page.click("#open-yours")?;
    for density in [1, 2, 3, 1] {
        emulate(page, 1200, 900, density)?;
        page.wait_until("sharp canvases", 5, || {
            let densities: Vec<f64> = page.ask(DENSITIES, vec![])?;
            let sharp = densities.iter().all(|&it| it == f64::from(density));
            Ok((sharp && densities.len() == 2).then_some(()))
        })?;
    }
    page.wait_for("the drawing", 5, |status| status.prediction == Some(3))?;
    Ok(())
}

fn fits_a_phone_held_sideways(page: &mut Page) -> Result<()> {
    const BELOW: &str = "
        scrollTo(0, 0);
        return ['#pad', '#undo', '#clear'].filter(part =>
            document.querySelector(part).getBoundingClientRect().bottom > innerHeight);";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    for (width, height) in [(844, 390), (915, 412), (740, 360), (667, 375)] {
        emulate(page, width, height, 2)?;
        page.open("")?;
        let below: Vec<String> = page.ask(BELOW, vec![])?;
        ensure!(below.is_empty(), "{below:?} out of sight at {width}x{height}");
        page.draw(7)?;
        page.wait_for("a 7", 5, |status| status.prediction == Some(7))?;
    }
    Ok(())
}

/// As on a screen of 1280x1024 px that is enlarged four times, and at widths around those at which columns change; in
/// every panel, before and after a run.
fn never_scrolls_sideways_when_enlarged(page: &mut Page) -> Result<()> {
    const TOO_WIDE: &str = "
        const width = document.documentElement.clientWidth;
        const overflow = document.scrollingElement.scrollWidth - width;
        const outside = [...document.querySelectorAll('body *')]
            .filter(element => element.checkVisibility() && element.getBoundingClientRect().right > width + 1)
            .map(element => element.outerHTML.slice(0, 100));
        return overflow > 0 ? [`${overflow} px`, ...outside.slice(0, 5)] : [];";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.open("images=500&epochs=1&batch=50")?;
    for trained in [false, true] {
        if trained {
            page.draw(8)?;
            page.train_now()?;
            page.wait_for_state("done", 60)?;
        }
        for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
            page.click(&format!("#open-{panel}"))?;
            for (width, height) in [(320, 256), (640, 512), (645, 800), (660, 800), (1280, 1024)] {
                emulate(page, width, height, 1)?;
                let wide: Vec<String> = page.ask(TOO_WIDE, vec![])?;
                ensure!(wide.is_empty(), "{panel} at {width} px, trained: {trained}: {wide:#?}");
            }
        }
    }
    Ok(())
}

/// A finger that rests on a pad draws a dot; nothing beside it is selected.
fn a_long_press_selects_nothing(page: &mut Page) -> Result<()> {
    const SELECTABLE: &str = "
        return ['#pad', '#yours-pad'].filter(pad => {
            const style = getComputedStyle(document.querySelector(pad));
            return (style.userSelect ?? style.webkitUserSelect) !== 'none' || style.touchAction !== 'none';
        });";
    page.open("")?;
    page.click("#open-yours")?;
    let selectable: Vec<String> = page.ask(SELECTABLE, vec![])?;
    ensure!(selectable.is_empty(), "{selectable:?}");
    Ok(())
}

/// What can be seen is also announced: the answer to a drawing and the test at a run's end; and not much
/// more.
fn tells_a_screen_reader(page: &mut Page) -> Result<()> {
    // Engines keep a script's variables to themselves, but not what it writes into the document.
    const LISTEN: &str = "
        const place = document.querySelector('[aria-live=polite]');
        const {dataset} = document.documentElement;
        dataset.said = '';
        new MutationObserver(() => { dataset.said += place.textContent + '|'; })
            .observe(place, {childList: true, characterData: true, subtree: true});";
    page.open("images=2000&epochs=1&batch=100")?;
    page.browser.script(LISTEN, vec![])?;
    let said = || page.ask::<String>("return document.documentElement.dataset.said", vec![]);
    page.draw(7)?;
    page.wait_until("the answer to be said", 10, || Ok(said()?.contains('7').then_some(())))?;
    page.train_now()?;
    page.wait_until("the test to be said", 60, || {
        Ok(said()?.contains("of the test images correct").then_some(()))
    })?;
    let words = said()?;
    ensure!(words.matches('|').count() <= 4, "it talks too much: {words}");
    Ok(())
}

/// At 1440x900 pad, answer, training and the panels' buttons are all in view.
fn first_screen_needs_no_scrolling(page: &mut Page) -> Result<()> {
    const OUTSIDE: &str = "
        return arguments[0].filter(selector => {
            const {left, top, right, bottom} = document.querySelector(selector).getBoundingClientRect();
            const shown = right > left && bottom > top;
            return !shown || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
        });";
    if page.browser.engine() == Engine::Chromium {
        emulate(page, 1440, 900, 1)?;
    }
    // The second is no recipe's.
    for hash in ["", "epochs=3&batch=64&lr=0.0005&augment=gentle&optimizer=rmsprop"] {
        page.open(hash)?;
        let wanted = json!([
            "#pad", "#clear", "#undo", "#train", "#step", "#reset", "#bars", "#epochs", "#batch",
            "#lr", ".plan", ".doors"
        ]);
        let outside = page.browser.script(OUTSIDE, vec![wanted])?;
        ensure!(outside == json!([]), "{hash}: out of sight: {outside}");
    }
    Ok(())
}

/// A visitor with a slow connection can draw soon.
fn answers_after_few_bytes(page: &mut Page) -> Result<()> {
    const MOST: usize = 350 * 1024;
    let weight = Weight::of(page)?;
    ensure!(weight.bytes() <= MOST, "{} bytes: {:?}", weight.bytes(), weight.files);
    // Without the page itself among them, the test would pass whatever its size.
    ensure!(weight.files.iter().any(|(path, _)| path == "page_bg.wasm"), "{:?}", weight.files);
    Ok(())
}

/// The code that times the page is in the benchmark's build only.
fn measures_nothing(page: &mut Page) -> Result<()> {
    // Strings in src/web/page/measure.rs and src/web/worker/bench_worker.rs.
    const WORDS: [&str; 2] = ["data-prediction-microseconds", "parameter gradient"];
    page.open("")?;
    for module in ["page_bg.wasm", "worker_bg.wasm", "worker-relaxed_bg.wasm"] {
        let path = e2e::dist()?.join(e2e::built(module)?);
        let bytes = std::fs::read(&path)?;
        for word in WORDS {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            ensure!(!found, "{module} has {word:?}");
        }
    }
    Ok(())
}

fn works_below_a_path(page: &mut Page) -> Result<()> {
    page.move_below(&e2e::dist()?, "/some/path/")?;
    page.train("images=2000&epochs=1&batch=100")?;
    page.wait_for_state("done", 60)?;
    page.draw(9)?;
    page.wait_for("an answer", 5, |status| status.prediction.is_some())?;
    let strays: Vec<_> = page.site.hits().into_iter().filter(|hit| hit.status != 200).collect();
    ensure!(strays.is_empty(), "asked for what is not there: {strays:?}");
    Ok(())
}

/// The page's own requests in a whole visit; those of a worker to other origins appear on the console, in every test.
fn asks_nobody_else(page: &mut Page) -> Result<()> {
    const FETCHED: &str = "
        return performance.getEntriesByType('resource').map(entry => entry.name);";
    page.open("images=2000&epochs=1&batch=100")?;
    page.browser.script("performance.setResourceTimingBufferSize(5000)", vec![])?;
    page.click_when_enabled("#train", 30)?;
    page.draw(4)?;
    page.wait_for_state("done", 60)?;
    for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
        page.click(&format!("#open-{panel}"))?;
    }
    page.click("#copy-link")?;
    page.click("#tour")?;
    page.wait_until("the tour", 10, || {
        page.ask::<bool>("return !document.querySelector('#tour-card').hidden", vec![])
            .map(|shown| shown.then_some(()))
    })?;
    let fetched: Vec<String> = serde_json::from_value(page.browser.script(FETCHED, vec![])?)?;
    ensure!(fetched.iter().any(|url| url.contains("weights")), "{fetched:?}");
    let outside: Vec<_> = fetched
        .iter()
        .filter(|url| !url.starts_with(&page.site.url()) && !url.starts_with("data:"))
        .collect();
    ensure!(outside.is_empty(), "{outside:?}");
    Ok(())
}

/// In every test the console reports violations of the policy; this test reads the policy.
fn has_a_strict_policy(page: &mut Page) -> Result<()> {
    const POLICY: &str = "
        return document.querySelector('meta[http-equiv=\"Content-Security-Policy\"]')?.content;";
    const INLINE: &str = "
        const answer = new Promise(resolve => {
            const request = new XMLHttpRequest();
            request.responseType = 'document';
            request.onload = () => resolve(request.response);
            request.open('GET', '.');
            request.send();
        });
        return answer.then(async page => {
            const hash = async ({textContent}) => {
                const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(textContent));
                return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(bytes)))}'`;
            };
            const found = [...page.querySelectorAll('*')]
                .filter(element => element.matches('script:not([src]), style, [style]')
                    || element.getAttributeNames().some(name => name.startsWith('on')));
            const refused = [];
            for (const element of found) {
                if (!arguments[0].includes(await hash(element))) refused.push(element.outerHTML.slice(0, 200));
            }
            return refused;
        });";
    page.open("")?;
    let policy = page.browser.script(POLICY, vec![])?;
    let policy = policy.as_str().context("the page has no Content-Security-Policy")?;
    ensure!(policy.contains("default-src 'none'"), "{policy}");
    for word in ["unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"] {
        ensure!(!policy.contains(word), "{word} in {policy}");
    }
    ensure!(
        policy.contains("require-trusted-types-for 'script'; trusted-types default"),
        "{policy}"
    );
    let inline = page.browser.script(INLINE, vec![json!(policy)])?;
    ensure!(inline == json!([]), "inline script or style that no hash allows: {inline}");
    Ok(())
}

/// Where the browser has Trusted Types, neither the page nor what an extension puts into it makes markup that does
/// something, or runs a script from elsewhere.
fn turns_no_text_into_code(page: &mut Page) -> Result<()> {
    const REFUSED: &str = "
        if (!self.trustedTypes) return [];
        const tries = {
            markup: () => { document.createElement('p').innerHTML = '<b>bold</b>'; },
            handler: () => { document.createElement('p').innerHTML = '<p class=\"a\" onclick=\"x()\">text</p>'; },
            worker: () => { new Worker('data:text/javascript,0'); },
            elsewhere: () => { document.createElement('script').src = 'https://example.org/a.js'; },
            above: () => { document.createElement('script').src = '../a.js'; },
            text: () => { document.createElement('script').text = 'x()'; },
            another: () => { trustedTypes.createPolicy('another', {}); },
        };
        return Object.entries(tries).filter(([, action]) => {
            try { action(); } catch { return false; }
            return true;
        }).map(([name]) => name);";
    page.move_below(&e2e::dist()?, "/some/path/")?;
    // Each is reported there, in the browser's own words.
    page.expect_on_console("rusted");
    page.expect_on_console("olicy");
    page.open("")?;
    let allowed = page.browser.script(REFUSED, vec![])?;
    ensure!(allowed == json!([]), "allowed: {allowed}");
    Ok(())
}

/// Everything but the strokes: reach every control with Tab, see the focus, and press.
fn obeys_the_keyboard(page: &mut Page) -> Result<()> {
    // All images: if a test followed every few of them, Step might find that to finish and no minibatch to
    // take.
    page.open("epochs=50&batch=100")?;
    page.draw(1)?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    page.wait_until("something to train on", 30, || Ok(page.is_enabled("#train")?.then_some(())))?;

    tab_to(page, "epochs")?;
    page.browser.press(&[CONTROL], 'a')?;
    page.browser.press(&[], '7')?;
    page.browser.press(&[], TAB)?;
    page.wait_until("the hash to say so", 5, || {
        Ok(page.hash()?.contains("epochs=7").then_some(()))
    })?;

    tab_to(page, "train")?;
    page.browser.press(&[], ENTER)?;
    page.wait_for("a run", 20, |status| status.state == "training" && status.step > Some(0))?;
    tab_to(page, "train")?;
    page.browser.press(&[], ' ')?;
    let paused = page.wait_for_state("paused", 10)?;
    tab_to(page, "step")?;
    page.browser.press(&[], ENTER)?;
    page.wait_for("one more minibatch", 10, |status| status.step > paused.step)?;

    tab_to(page, "undo")?;
    page.browser.press(&[], ENTER)?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;

    tab_to(page, "reset")?;
    page.browser.press(&[], ENTER)?;
    if page.browser.script("return Boolean(document.querySelector('dialog[open]'))", vec![])?
        == true
    {
        tab_to(page, "confirm-yes")?;
        page.browser.press(&[], ENTER)?;
    }
    let status = page.wait_for_state("ready", 10)?;
    ensure!(status.step == Some(0), "{status:?}");
    Ok(())
}

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const SHIFT: char = '\u{e008}';
const CONTROL: char = '\u{e009}';

/// Presses Tab, or Shift and Tab if the control is before the focus, until it has the focus, and checks that
/// this is visible.
fn tab_to(page: &Page, id: &str) -> Result<()> {
    const FOCUS: &str = "
        const focus = document.activeElement;
        const target = document.getElementById(arguments[0]);
        const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(focus);
        return [
            focus.id,
            outlineStyle !== 'none' && outlineWidth !== '0px' || boxShadow !== 'none',
            Boolean(focus.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING),
        ];";
    let mut passed = vec![];
    while passed.len() < 60 {
        let (focus, shows, before): (String, bool, bool) = page.ask(FOCUS, vec![json!(id)])?;
        if focus == id {
            ensure!(shows, "nothing shows that #{id} has the focus");
            return Ok(());
        }
        passed.push(focus);
        page.browser.press(if before { &[SHIFT] } else { &[] }, TAB)?;
    }
    bail!("Tab does not reach #{id}: {passed:?}")
}
