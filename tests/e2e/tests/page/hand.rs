//! The pad without a hand of one's own: a demonstration, digits drawn on request, a drawing that a link brings; and what
//! is drawn before the page's code is there.

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page, Pointer, digits};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("hand::shows_at_first_that_one_can_draw", shows_that_one_can_draw),
    ("hand::makes_room_for_the_visitor", makes_room_for_the_visitor),
    ("hand::does_not_move_for_who_wants_that", does_not_move),
    ("hand::draws_for_who_cannot", draws_for_who_cannot),
    ("hand::ink_before_the_code_is_read", ink_before_the_code_is_read),
    ("hand::a_stroke_goes_on_when_the_code_comes", a_stroke_goes_on),
    ("hand::keys_undo_and_clear", keys_undo_and_clear),
    ("hand::a_wrong_answer_is_corrected", a_wrong_answer_is_corrected),
    ("hand::a_link_brings_the_drawing", a_link_brings_the_drawing),
    ("hand::a_link_can_be_copied_by_hand", a_link_can_be_copied_by_hand),
];

/// The digit that the page shows, whoever has drawn it.
fn shown(page: &Page) -> Result<String> {
    page.ask("return document.querySelector('#digit').textContent", vec![])
}

fn open_as_a_visitor(page: &Page) -> Result<()> {
    page.load_as_a_visitor("")?;
    page.wait_for_state("ready", 30)?;
    Ok(())
}

fn wait_for_the_demonstration(page: &Page) -> Result<()> {
    page.wait_until("a 5 by the page's own hand", 10, || Ok((shown(page)? == "5").then_some(())))
}

fn shows_that_one_can_draw(page: &mut Page) -> Result<()> {
    const HINT: &str = "return document.querySelector('#hint').checkVisibility()";
    open_as_a_visitor(page)?;
    wait_for_the_demonstration(page)?;
    let status = page.status()?;
    ensure!(status.prediction.is_none(), "nobody has drawn it: {status:?}");
    let hint: bool = page.ask(HINT, vec![])?;
    ensure!(hint, "the visitor still has to be told");
    page.click("#clear")?;
    page.wait_until("an empty pad", 5, || Ok(shown(page)?.is_empty().then_some(())))?;
    ensure!(!page.is_enabled("#undo")?, "there is nothing to undo");
    Ok(())
}

/// While it draws, and afterwards.
fn makes_room_for_the_visitor(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(1)?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    let alone = page.bars()?;
    for waits in [false, true] {
        open_as_a_visitor(page)?;
        if waits {
            wait_for_the_demonstration(page)?;
        }
        page.draw(1)?;
        page.wait_until("a 1 as on an empty pad", 5, || Ok((page.bars()? == alone).then_some(())))?;
        page.click("#undo")?;
        page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
        ensure!(!page.is_enabled("#undo")?, "there is nothing left to undo");
    }
    Ok(())
}

fn does_not_move(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        // The other drivers cannot ask for it.
        return Ok(());
    }
    let still = |value| json!({"features": [{"name": "prefers-reduced-motion", "value": value}]});
    page.browser.devtools("Emulation.setEmulatedMedia", still("reduce"))?;
    open_as_a_visitor(page)?;
    let at_once = shown(page);
    page.browser.devtools("Emulation.setEmulatedMedia", still(""))?;
    ensure!(at_once? == "5", "it is there at once");
    Ok(())
}

fn draws_for_who_cannot(page: &mut Page) -> Result<()> {
    page.open("")?;
    let mut pictures = Vec::new();
    for digit in [3, 8, 3] {
        page.browser.script(
            "document.querySelector('#write-digit').value = arguments[0]",
            vec![json!(digit.to_string())],
        )?;
        page.click("#write")?;
        page.wait_for("the digit", 5, |status| status.prediction == Some(digit))?;
        let said = format!("Drew a {digit}. It is read as {digit}, ");
        page.wait_until("words for a screen reader", 5, || {
            let words: String =
                page.ask("return document.querySelector('#announce').textContent", vec![])?;
            Ok(words.starts_with(&said).then_some(()))
        })?;
        pictures
            .push(page.ask::<String>("return document.querySelector('#pad').toDataURL()", vec![])?);
    }
    ensure!(pictures[0] != pictures[2], "the second 3 is another one");
    page.wait_until("test images", 30, || Ok(page.is_enabled("#train")?.then_some(())))?;
    page.browser.script("document.querySelector('#write-digit').value = 'test'", vec![])?;
    page.wait_until("a test image, by its name", 30, || {
        page.click("#write")?;
        Ok(page.text()?.contains("Test image ").then_some(()))
    })?;
    let image: String = page.ask("return document.querySelector('#pad').toDataURL()", vec![])?;
    ensure!(!pictures.contains(&image) && page.status()?.prediction.is_some(), "it is read");
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

/// Of a page whose code is on its way.
fn load_without_code(page: &mut Page) -> Result<()> {
    page.site.inject("page_bg.wasm", Fault::Held);
    page.load("")?;
    page.wait_until("the script that keeps early ink", 10, || {
        let hits = page.site.hits();
        Ok(hits.iter().any(|hit| hit.name == "page.js").then_some(()))
    })
}

fn ink_before_the_code_is_read(page: &mut Page) -> Result<()> {
    load_without_code(page)?;
    page.draw_strokes(Pointer::Mouse, &digits::strokes(4))?;
    let inked: bool = page.ask(
        "const pad = document.querySelector('#pad');
         return pad.getContext('2d').getImageData(0, 0, pad.width, pad.height).data.some(Boolean)",
        vec![],
    )?;
    ensure!(inked, "it is seen before it is read");
    page.site.heal("page_bg.wasm");
    page.wait_for("a 4", 30, |status| status.prediction == Some(4))?;
    page.click("#undo")?;
    page.wait_for("its first stroke", 5, |status| status.prediction.is_some_and(|it| it != 4))?;
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

/// The pointer's events are made by a script, as no driver waits in the middle of a stroke.
fn a_stroke_goes_on(page: &mut Page) -> Result<()> {
    const SEND: &str = "
        const pad = document.querySelector('#pad');
        const {left, top, width} = pad.getBoundingClientRect();
        pad.setPointerCapture = () => {};
        for (const [type, y] of arguments[0])
            pad.dispatchEvent(new PointerEvent(type, {
                pointerId: 7, buttons: 1, clientX: left + 0.5 * width, clientY: top + y * width,
            }));";
    load_without_code(page)?;
    let first = json!([["pointerdown", 0.2], ["pointermove", 0.35], ["pointermove", 0.5]]);
    page.browser.script(SEND, vec![first])?;
    page.site.heal("page_bg.wasm");
    page.wait_for("an answer", 30, |status| status.prediction.is_some())?;
    page.browser.script(SEND, vec![json!([["pointermove", 0.8], ["pointerup", 0.8]])])?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

fn keys_undo_and_clear(page: &mut Page) -> Result<()> {
    const CONTROL: char = '\u{e009}';
    const ESCAPE: char = '\u{e00c}';
    page.open("")?;
    let strokes = digits::strokes(4);
    page.draw_strokes(Pointer::Mouse, &strokes[1..])?;
    page.draw_strokes(Pointer::Mouse, &strokes[..1])?;
    page.wait_for("a 4", 5, |status| status.prediction == Some(4))?;
    page.browser.press(&[CONTROL], 'z')?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    page.click("#epochs")?;
    page.browser.press(&[], ESCAPE)?;
    page.browser.press(&[CONTROL], 'z')?;
    ensure!(page.status()?.prediction == Some(1), "the field has the keys");
    page.browser.script("document.activeElement.blur()", vec![])?;
    page.browser.press(&[], ESCAPE)?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

fn a_wrong_answer_is_corrected(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(4)?;
    page.wait_for("a 4", 5, |status| status.prediction == Some(4))?;
    page.click("#correct-choice [data-digit='9']")?;
    page.wait_until("the words", 5, || {
        Ok(page.text()?.contains("Kept as your 9 in Make it yours").then_some(()))
    })?;
    ensure!(page.status()?.prediction == Some(4), "the drawing stays");
    page.click("#correct-open")?;
    page.wait_until("the digit among those that are kept", 5, || {
        let kept: u32 =
            page.ask("return document.querySelectorAll('#yours-digits button').length", vec![])?;
        Ok((kept == 1).then_some(()))
    })?;
    page.click("#clear")?;
    page.wait_until("the words to go", 5, || Ok((!page.text()?.contains("Kept as")).then_some(())))
}

/// The clipboard of these tests, which no driver reads.
const CLIPBOARD: &str = "
    Object.defineProperty(navigator, 'clipboard', {
        value: {writeText: async text => { if (window.refuses) throw new Error(); window.copied = text; }},
    });\n";

fn a_link_brings_the_drawing(page: &mut Page) -> Result<()> {
    page.site.inject("start.js", Fault::Prefixed(CLIPBOARD));
    page.open("epochs=3")?;
    page.draw(2)?;
    page.wait_for("a 2", 5, |status| status.prediction == Some(2))?;
    page.click("#copy-link")?;
    let link: String =
        page.wait_until("the link", 5, || page.ask("return window.copied", vec![]))?;
    page.wait_until("the button to say so", 5, || {
        Ok(page.text()?.contains("Copied").then_some(()))
    })?;
    ensure!(!page.hash()?.contains("drawing"), "the address has settings only");
    let (_, hash) = link.split_once('#').unwrap_or_default();
    ensure!(hash.contains("epochs=3") && hash.len() < 600, "{link}");
    page.load_as_a_visitor(hash)?;
    page.wait_for("the 2", 10, |status| status.prediction == Some(2))?;
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    page.load(&format!("{hash}!"))?;
    page.wait_for_state("ready", 30)?;
    ensure!(page.text()?.contains("drawing cannot be read; it is left out"), "it is said");
    Ok(())
}

fn a_link_can_be_copied_by_hand(page: &mut Page) -> Result<()> {
    page.site.inject("start.js", Fault::Prefixed(CLIPBOARD));
    page.open("epochs=4")?;
    page.browser.script("window.refuses = true", vec![])?;
    page.click("#copy-link")?;
    let selected: String = page.wait_until("a field with the link", 5, || {
        page.ask(
            "const field = document.querySelector('dialog[open] #link');
             return field && field.value.slice(field.selectionStart, field.selectionEnd)",
            vec![],
        )
    })?;
    ensure!(selected.contains("#epochs=4"), "{selected}");
    page.click("#link-dialog button")?;
    let open: bool = page.ask("return document.querySelector('#link-dialog').open", vec![])?;
    ensure!(!open, "it is closed");
    Ok(())
}
