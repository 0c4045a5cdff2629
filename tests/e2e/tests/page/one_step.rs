//! One minibatch's step, seen in Look inside.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("one_step::a_weights_step_adds_up", a_weights_step_adds_up),
    ("one_step::keys_go_from_weight_to_weight", keys_go_from_weight_to_weight),
];

const RUN: &str = "images=2000&epochs=1&batch=100";
const KERNELS: &str = "#stage-0 .kernels canvas";

fn says(page: &Page, selector: &str, words: &str) -> Result<String> {
    const READ: &str = "return document.querySelector(arguments[0])?.textContent ?? ''";
    page.wait_until(words, 10, || {
        let said: String = page.ask(READ, vec![json!(selector)])?;
        Ok(said.contains(words).then_some(said))
    })
}

/// Opens Look inside at the first step of a run.
fn step(page: &Page) -> Result<()> {
    page.open(RUN)?;
    page.wait_until("images to train on", 30, || Ok(page.is_enabled("#train")?.then_some(())))?;
    page.click("#open-inside")?;
    page.click("#inside-step")?;
    says(page, "#inside-step-text", "Press Step to see one minibatch’s step.")?;
    page.click_when_enabled("#inside-step-go", 10)?;
    says(page, "#inside-step-text", "Minibatch 1: 100 images, loss 2.")?;
    says(page, "#inside-subject", "of minibatch 1: ")?;
    Ok(())
}

/// What was before, less what the equation says, is what is after, also when the next step is taken.
fn a_weights_step_adds_up(page: &mut Page) -> Result<()> {
    const POINT: &str = "
        const canvas = document.querySelector(arguments[0]);
        canvas.scrollIntoView({block: 'center', behavior: 'instant'});
        const {left, top} = canvas.getBoundingClientRect();
        for (const kind of ['pointermove', 'pointerdown', 'click']) {
            canvas.dispatchEvent(new PointerEvent(kind, {clientX: left + 3, clientY: top + 3, bubbles: true}));
        }";
    const NUMBERS: &str = "
        const powers = '⁰¹²³⁴⁵⁶⁷⁸⁹';
        const number = text => {
            const [mantissa, power] = text.trim().replaceAll('−', '-').replaceAll('- ', '-').split('×10');
            const digits = [...(power ?? '⁰')].map(c => c === '⁻' ? '-' : powers.indexOf(c)).join('');
            return Number(mantissa) * 10 ** Number(digits);
        };
        const lines = [...document.querySelectorAll('#inside-sum p')].map(p => p.textContent);
        const last = letter => lines.findLast(line => line.startsWith(`${letter} = `)).split('=').pop();
        const moved = lines.find(line => line.startsWith('w = w₀')).split('= w₀').pop();
        return [number(last('w₀')), number(moved.replace('+', '')), number(last('w')), number(last('m'))];";
    step(page)?;
    page.browser.script(POINT, vec![json!(KERNELS)])?;
    says(page, "#inside-sum h4", "conv2d, kernel 1 of 32, row 1, column 1")?;
    says(page, "#inside-sum .result", "pinned")?;
    let adds_up = |page: &Page| -> Result<f64> {
        let numbers: Vec<f64> = page.ask(NUMBERS, vec![])?;
        let [before, moved, after, _] = numbers[..] else { anyhow::bail!("{numbers:?}") };
        ensure!((before + moved - after).abs() < 0.002 + 0.01 * before.abs(), "{numbers:?}");
        ensure!(moved != 0.0, "{numbers:?}");
        Ok(after)
    };
    let after = adds_up(page)?;
    let first = says(page, "#inside-sum", "w₀ = ")?;
    page.click("#inside-step-go")?;
    says(page, "#inside-step-text", "Minibatch 2: 100 images")?;
    page.wait_until("the next step's numbers", 5, || {
        Ok((says(page, "#inside-sum", "w₀ = ")? != first).then_some(()))
    })?;
    let numbers: Vec<f64> = page.ask(NUMBERS, vec![])?;
    ensure!((numbers[0] - after).abs() < 1e-3, "it begins where the first ended: {numbers:?}");
    adds_up(page)?;
    // Back to what the layers give.
    page.click("#inside-step")?;
    says(page, "#inside-subject", "Nothing is drawn yet")?;
    Ok(())
}

fn keys_go_from_weight_to_weight(page: &mut Page) -> Result<()> {
    step(page)?;
    page.browser.script("document.querySelector(arguments[0]).focus()", vec![json!(KERNELS)])?;
    let (right, down, page_down, enter) = ('\u{e014}', '\u{e015}', '\u{e00f}', '\u{e007}');
    let title = "#inside-sum h4";
    for (key, place) in [
        (right, "conv2d, kernel 1 of 32, row 1, column 1"),
        (right, "conv2d, kernel 1 of 32, row 1, column 2"),
        (down, "conv2d, kernel 1 of 32, row 2, column 2"),
        (page_down, "conv2d, kernel 2 of 32, row 2, column 2"),
    ] {
        page.browser.press(&[], key)?;
        says(page, title, place)?;
        says(page, "#announce", place)?;
    }
    page.browser.press(&[], enter)?;
    says(page, "#inside-sum .result", "pinned")?;
    // A number of a layer: what the loss asks of it.
    page.browser.press(&[], '\u{e00c}')?;
    page.browser.script("document.querySelector(`[data-layer='5']`).focus()", vec![])?;
    page.browser.press(&[], right)?;
    says(page, "#inside-sum .result", "should be ")?;
    Ok(())
}
