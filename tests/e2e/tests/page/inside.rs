//! The panel Look inside: maps that follow the drawing and the training, the origin of a number, and
//! the reasons for the answer.

use anyhow::{Result, ensure};
use e2e::{Fault, Page, Pointer};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("inside::maps_follow_the_drawing", maps_follow_the_drawing),
    ("inside::pointing_shows_field_and_arithmetic", pointing_shows_field_and_arithmetic),
    ("inside::a_click_pins_a_number", a_click_pins_a_number),
    ("inside::the_picture_can_be_drawn_on", the_picture_can_be_drawn_on),
    ("inside::keys_go_from_number_to_number", keys_go_from_number_to_number),
    ("inside::a_label_gives_the_cross_entropy", a_label_gives_the_cross_entropy),
    ("inside::without_weights_it_says_so", without_weights_it_says_so),
    ("inside::why_is_laid_over_the_picture", why_is_laid_over_the_picture),
    ("inside::it_follows_a_run_of_another_network", it_follows_a_run_of_another_network),
    ("inside::nothing_is_computed_while_it_is_closed", nothing_is_computed_while_it_is_closed),
];

/// A canvas's image once drawn, to compare with others.
fn ink(page: &Page, selector: &str) -> Result<String> {
    const READ: &str = "
        const canvas = document.querySelector(arguments[0]);
        canvas?.scrollIntoView({block: 'center', behavior: 'instant'});
        return canvas && canvas.width !== 300 ? canvas.toDataURL() : null;";
    page.wait_until(&format!("a picture in {selector}"), 10, || {
        page.ask(READ, vec![json!(selector)])
    })
}

/// Waits until the image has changed.
fn changed(page: &Page, selector: &str, before: &str) -> Result<String> {
    page.wait_until(&format!("another picture in {selector}"), 10, || {
        Ok(Some(ink(page, selector)?).filter(|ink| *ink != before))
    })
}

fn content(page: &Page, selector: &str) -> Result<String> {
    page.ask("return document.querySelector(arguments[0]).textContent", vec![json!(selector)])
}

/// Scrolls to an element and waits for its text.
fn seen(page: &Page, selector: &str, expected: impl Fn(&str) -> bool) -> Result<()> {
    const SCROLL: &str = "
        document.querySelector(arguments[0])?.scrollIntoView({block: 'center', behavior: 'instant'});";
    page.browser.script(SCROLL, vec![json!(selector)])?;
    page.wait_until(&format!("the words of {selector}"), 10, || {
        const READ: &str = "return document.querySelector(arguments[0])?.textContent ?? ''";
        let words: String = page.ask(READ, vec![json!(selector)])?;
        Ok(expected(&words).then_some(()))
    })
}

/// Moves the mouse over a layer's maps, to fractions of their width and height.
fn point(page: &Page, layer: usize, x: f64, y: f64) -> Result<()> {
    const POINT: &str = "
        const canvas = document.querySelector(`[data-layer='${arguments[0]}']`);
        canvas.scrollIntoView({block: 'center', behavior: 'instant'});
        const {left, top, width, height} = canvas.getBoundingClientRect();
        canvas.dispatchEvent(new PointerEvent('pointermove', {
            clientX: left + arguments[1] * width, clientY: top + arguments[2] * height, bubbles: true,
        }));";
    page.browser.script(POINT, vec![json!(layer), json!(x), json!(y)])?;
    Ok(())
}

/// The frame over the input image, in its pixels: left, top, width, height.
fn field(page: &Page) -> Result<Vec<f64>> {
    const READ: &str = "
        const {style, hidden} = document.querySelector('#inside-field');
        return hidden ? [] : ['left', 'top', 'width', 'height']
            .map(side => Math.round(parseFloat(style[side]) * 28) / 100);";
    page.wait_until("a receptive field", 5, || {
        let field: Vec<f64> = page.ask(READ, vec![])?;
        Ok((!field.is_empty()).then_some(field))
    })
}

fn maps_follow_the_drawing(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-inside")?;
    page.wait_until("an empty pad to be told", 10, || {
        Ok(page.text()?.contains("Nothing is drawn yet").then_some(()))
    })?;
    let stages: usize =
        page.ask("return document.querySelectorAll('#inside-stages .stage').length", vec![])?;
    ensure!(stages == 6, "{stages} layers");
    let empty = ink(page, "[data-layer='0']")?;
    page.draw(3)?;
    let three = changed(page, "[data-layer='0']", &empty)?;
    ink(page, "[data-layer='3']")?;
    ink(page, "#inside-picture")?;
    // What is out of view is not computed, so it is scrolled to.
    seen(page, "#inside-softmax .top-class th", |top| top == "3")?;
    seen(page, ".parts p", |parts| parts.ends_with("the logit of 3"))?;
    page.click("#clear")?;
    page.draw(1)?;
    changed(page, "[data-layer='0']", &three)?;
    let sum: f64 = page.ask(
        "return [...document.querySelectorAll('#inside-softmax td:last-child')]
            .reduce((sum, cell) => sum + Number(cell.textContent), 0)",
        vec![],
    )?;
    ensure!((sum - 1.0).abs() < 0.006, "probabilities add up to {sum}");
    Ok(())
}

fn pointing_shows_field_and_arithmetic(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(8)?;
    page.click("#open-inside")?;
    ink(page, "[data-layer='0']")?;
    // The first map's middle: a sixteenth of the width, the upper of two rows.
    point(page, 0, 0.5 / 16.0, 0.25)?;
    let field_of_one = field(page)?;
    ensure!(field_of_one[2..] == [3.0, 3.0], "{field_of_one:?}");
    let (shown, summed): (f64, f64) = page.wait_until("the arithmetic", 5, || {
        page.ask(
            "const cells = [...document.querySelectorAll('#inside-sum td')];
             if (cells.length !== 9) return null;
             const number = text => Number(text.replace('−', '-'));
             const products = cells.map(cell => {
                 const [value, weight] = cell.textContent.split('×');
                 return number(value) * number(weight.trim());
             });
             const lines = [...document.querySelectorAll('#inside-sum p')].map(p => p.textContent);
             const line = lines.find(line => line.includes('+ bias'));
             const bias = number(line.match(/bias (\\S+)/)[1]);
             return [number(line.split('= ')[1]), products.reduce((a, b) => a + b) + bias];",
            vec![],
        )
    })?;
    ensure!((shown - summed).abs() < 0.01, "{shown} is shown, the numbers give {summed}");
    ink(page, "[data-layer='1']")?;
    point(page, 1, 0.5 / 16.0, 0.25)?;
    page.wait_until("a maximum", 5, || {
        let words = content(page, "#inside-sum")?;
        Ok(words.contains("max(").then_some(()))
    })?;
    ensure!(field(page)?[2..] == [4.0, 4.0], "{:?}", field(page)?);
    Ok(())
}

/// It stays whatever the mouse passes, until it is clicked again or Escape lets it go; what it is computed from is
/// framed in the layer before.
fn a_click_pins_a_number(page: &mut Page) -> Result<()> {
    const CLICK: &str = "
        const canvas = document.querySelector(`[data-layer='${arguments[0]}']`);
        canvas.scrollIntoView({block: 'center', behavior: 'instant'});
        const {left, top, width, height} = canvas.getBoundingClientRect();
        const place = {clientX: left + arguments[1] * width, clientY: top + arguments[2] * height};
        for (const kind of ['pointerdown', 'click']) {
            canvas.dispatchEvent(new PointerEvent(kind, {...place, bubbles: true}));
        }";
    const SWEEPS: &str =
        "return document.querySelector('#stage-1 .window span').getAnimations().length";
    page.open("")?;
    page.draw(8)?;
    page.click("#open-inside")?;
    ink(page, "[data-layer='2']")?;
    let click = |x: f64| page.browser.script(CLICK, vec![json!(2), json!(x), json!(0.1)]);
    let says = |place: &str| {
        page.wait_until(place, 5, || {
            Ok(content(page, "#inside-sum")?.starts_with(place).then_some(()))
        })
    };
    click(0.5 / 16.0)?;
    says("conv2d_1, map 1 of 64")?;
    let result = content(page, "#inside-sum .result")?;
    ensure!(result.starts_with("= ") && result.contains("after relu"), "{result}");
    ensure!(result.contains("pinned"), "{result}");
    ink(page, "[data-layer='1']")?;
    page.wait_until("the window in the layer before", 5, || {
        page.ask(
            "const {hidden, style} = document.querySelector('#stage-1 .window');
             return hidden ? null : parseFloat(style.width) > 0 || null",
            vec![],
        )
        .map(|framed: Option<bool>| framed)
    })?;
    let sweeps: u32 = page.ask(SWEEPS, vec![])?;
    ensure!(sweeps == 2, "the kernel goes over it, across and down: {sweeps}");
    point(page, 2, 2.5 / 16.0, 0.1)?;
    point(page, 0, 0.5 / 16.0, 0.25)?;
    says("conv2d_1, map 1 of 64")?;
    click(2.5 / 16.0)?;
    says("conv2d_1, map 3 of 64")?;
    click(2.5 / 16.0)?;
    page.wait_until("a number that is not pinned", 5, || {
        Ok((!content(page, "#inside-sum .result")?.contains("pinned")).then_some(()))
    })?;
    ensure!(page.ask::<u32>(SWEEPS, vec![])? == 0, "nothing goes over it any more");
    point(page, 2, 0.5 / 16.0, 0.1)?;
    says("conv2d_1, map 1 of 64")?;
    // By keys.
    let (enter, escape) = ('\u{e007}', '\u{e00c}');
    page.browser.script("document.querySelector(`[data-layer='2']`).focus()", vec![])?;
    page.browser.press(&[], enter)?;
    page.wait_until("a pinned number", 5, || {
        Ok(content(page, "#inside-sum .result")?.contains("pinned").then_some(()))
    })?;
    page.browser.press(&[], escape)?;
    point(page, 2, 2.5 / 16.0, 0.1)?;
    says("conv2d_1, map 3 of 64")
}

fn the_picture_can_be_drawn_on(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-inside")?;
    let empty = ink(page, "[data-layer='0']")?;
    page.browser.script(
        "document.querySelector('#inside-pad').scrollIntoView({block: 'center', behavior: 'instant'})",
        vec![],
    )?;
    page.draw_on("#inside-pad", Pointer::Mouse, &e2e::digits::strokes(7))?;
    changed(page, "[data-layer='0']", &empty)?;
    page.wait_for("a 7", 5, |status| status.prediction == Some(7))?;
    Ok(())
}

/// For a drawing too, once its author labels it; the label goes with the drawing.
fn a_label_gives_the_cross_entropy(page: &mut Page) -> Result<()> {
    const SAY: &str = "
        const select = document.querySelector('#inside-label');
        select.value = arguments[0];
        select.dispatchEvent(new Event('change'));";
    page.open("")?;
    page.click("#open-inside")?;
    page.wait_until("nothing to be labelled", 10, || {
        Ok((!page.is_enabled("#inside-label")?).then_some(()))
    })?;
    page.draw(8)?;
    page.wait_until("a drawing to label", 5, || {
        Ok(page.is_enabled("#inside-label")?.then_some(()))
    })?;
    let mut losses = vec![];
    for label in ["8", "3"] {
        page.browser.script(SAY, vec![json!(label)])?;
        let words = page.wait_until("its cross-entropy", 5, || {
            let words = content(page, "#inside-loss")?;
            Ok(words.contains(&format!("−log p({label}) = ")).then_some(words))
        })?;
        let logits: Vec<f64> = page.ask(
            "return [...document.querySelectorAll('#inside-softmax tr td:nth-child(2)')]
                .map(cell => Number(cell.textContent.replace('−', '-')))",
            vec![],
        )?;
        let sum: f64 = logits.iter().map(|z| z.exp()).sum();
        let expected = sum.ln() - logits[label.parse::<usize>()?];
        let shown: f64 = words.rsplit("= ").next().unwrap_or_default().parse()?;
        ensure!((shown - expected).abs() < 0.01, "{words}; {expected} from {logits:?}");
        losses.push(shown);
    }
    ensure!(losses[0] < losses[1], "{losses:?}");
    page.click("#clear")?;
    page.draw(1)?;
    page.wait_until("the label to be gone", 5, || {
        Ok(content(page, "#inside-loss")?.contains("Choose it to see").then_some(()))
    })
}

fn without_weights_it_says_so(page: &mut Page) -> Result<()> {
    page.expect_on_console("weights.safetensors");
    page.site.inject("weights.safetensors", Fault::Missing);
    page.load("")?;
    page.wait_for_state("error", 30)?;
    page.click("#open-inside")?;
    let says = |words: &str| {
        page.wait_until(words, 10, || {
            Ok(content(page, "#inside-subject")?.contains(words).then_some(()))
        })
    };
    says("There is no network to look into")?;
    page.site.heal("weights.safetensors");
    page.click_when_enabled("#problem-action", 10)?;
    says("Nothing is drawn yet")
}

fn keys_go_from_number_to_number(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(4)?;
    page.click("#open-inside")?;
    ink(page, "[data-layer='2']")?;
    page.browser.script("document.querySelector(`[data-layer='2']`).focus()", vec![])?;
    let (right, down, page_down) = ('\u{e014}', '\u{e015}', '\u{e00f}');
    for key in [right, right, down, page_down] {
        page.browser.press(&[], key)?;
    }
    let place = "conv2d_1, map 2 of 64, row 2, column 2";
    page.wait_until("the number", 5, || {
        Ok(content(page, "#inside-sum")?.starts_with(place).then_some(()))
    })?;
    page.wait_until("words for a screen reader", 5, || {
        Ok(content(page, "#announce")?.contains(place).then_some(()))
    })?;
    ensure!(field(page)? == [2.0, 2.0, 8.0, 8.0], "{:?}", field(page)?);
    Ok(())
}

fn why_is_laid_over_the_picture(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(7)?;
    page.click("#open-inside")?;
    ink(page, "#inside-picture")?;
    page.click("#inside-why-gradient")?;
    let gradient = ink(page, "#inside-why")?;
    says(page, "speaks for 7")?;
    page.click("#inside-why-occlusion")?;
    let covered = changed(page, "#inside-why", &gradient)?;
    says(page, "without this, 7 is less likely")?;
    page.browser.script(
        "const select = document.querySelector('#inside-class');
         select.value = '2';
         select.dispatchEvent(new Event('change'));",
        vec![],
    )?;
    changed(page, "#inside-why", &covered)?;
    says(page, "without this, 2 is")
}

fn says(page: &Page, words: &str) -> Result<()> {
    page.wait_until(words, 5, || {
        Ok(content(page, "#inside-why-text")?.contains(words).then_some(()))
    })?;
    Ok(())
}

fn it_follows_a_run_of_another_network(page: &mut Page) -> Result<()> {
    page.open("images=3000&epochs=3&batch=16&seed=1")?;
    page.draw(5)?;
    page.click("#open-experiment")?;
    page.click("[data-network=lenet]")?;
    page.click("#open-inside")?;
    let shipped = ink(page, "[data-layer='0']")?;
    page.train_now()?;
    let first = changed(page, "[data-layer='0']", &shipped)?;
    let stages: usize =
        page.ask("return document.querySelectorAll('#inside-stages .stage').length", vec![])?;
    ensure!(stages == 8, "{stages} layers of the run's network");
    changed(page, "[data-layer='0']", &first)?;
    let kernels = ink(page, "#stage-0 details canvas")?;
    page.click("#inside-change")?;
    changed(page, "#stage-0 details canvas", &kernels)?;
    page.wait_for_state("done", 60)?;
    Ok(())
}

fn nothing_is_computed_while_it_is_closed(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw(5)?;
    page.click("#open-inside")?;
    let five = ink(page, "[data-layer='0']")?;
    page.click("#open-inside")?;
    page.click("#clear")?;
    page.draw(1)?;
    ensure!(ink(page, "[data-layer='0']")? == five, "a closed panel keeps its picture");
    page.click("#open-inside")?;
    changed(page, "[data-layer='0']", &five)?;
    Ok(())
}
