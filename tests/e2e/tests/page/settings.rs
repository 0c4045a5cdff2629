//! Settings are in the URL's hash, which anybody can write.

use anyhow::{Result, ensure};
use e2e::{Fault, Page};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("settings::nonsense_in_the_hash_does_no_harm", nonsense_in_the_hash_does_no_harm),
    ("settings::survive_a_reload", survive_a_reload),
    ("settings::controls_write_the_hash", controls_write_the_hash),
    ("settings::a_new_hash_is_read", a_new_hash_is_read),
    ("settings::the_address_is_not_changed_too_often", the_address_is_not_changed_too_often),
    ("settings::a_refused_address_costs_nothing_else", a_refused_address_costs_nothing_else),
    (
        "settings::controls_show_what_is_set_after_a_reload",
        controls_show_what_is_set_after_a_reload,
    ),
    ("settings::a_bare_address_is_the_quick_recipe", a_bare_address_is_the_quick_recipe),
    (
        "settings::a_link_is_explained_before_anything_starts",
        a_link_is_explained_before_anything_starts,
    ),
];

fn nonsense_in_the_hash_does_no_harm(page: &mut Page) -> Result<()> {
    for hash in [
        "epochs=banana&batch=-3&lr=1e99&seed=☃&images=99999999",
        "epochs=&batch&lr=NaN&seed=1.5&workers=-1&images=0",
        "&&==&%E0%A4%A&=7&<b>x</b>=1&epochs=1&epochs=2",
    ] {
        page.open(hash)?;
        ensure!(page.invalid_fields()?.is_empty(), "{hash}: {:?}", page.invalid_fields()?);
        page.draw(0)?;
        page.wait_for("a 0", 5, |status| status.prediction == Some(0))?;
        page.click_when_enabled("#train", 30)?;
        let status = page.wait_for("a minibatch", 30, |status| status.step > Some(0))?;
        ensure!(status.error.is_empty(), "{status:?}");
    }
    Ok(())
}

fn survive_a_reload(page: &mut Page) -> Result<()> {
    page.open("epochs=3&batch=64&lr=0.002&seed=11&images=2000")?;
    let before = fields(page)?;
    ensure!(before == json!(["3", "64", "0.002", "11", "2000"]), "{before}");
    page.click_when_enabled("#train", 30)?;
    page.wait_for("a minibatch", 20, |status| status.step > Some(0))?;
    page.browser.reload()?;
    let status = page.wait_for_state("ready", 30)?;
    ensure!(status.step == Some(0) && status.error.is_empty(), "{status:?}");
    let after = fields(page)?;
    ensure!(after == before, "{before}, then {after}");
    page.click_when_enabled("#train", 30)?;
    page.wait_for("a minibatch", 20, |status| status.step > Some(0))?;
    Ok(())
}

fn controls_write_the_hash(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.fill("#epochs", "2")?;
    page.fill("#batch", "50")?;
    page.wait_until("the hash to say so", 5, || {
        let hash = page.hash()?;
        let says = |setting| hash.split('&').any(|part| part == setting);
        Ok((says("epochs=2") && says("batch=50")).then_some(()))
    })?;
    // The link copied now opens the same settings elsewhere.
    let link = page.hash()?;
    let before = fields(page)?;
    page.open(&link)?;
    ensure!(fields(page)? == before, "{link} gave {}", fields(page)?);
    Ok(())
}

/// One epoch of the quick recipe; a link that sets anything starts from Keras' settings as ever.
fn a_bare_address_is_the_quick_recipe(page: &mut Page) -> Result<()> {
    const PRESSED: &str = "
        return [...document.querySelectorAll('.recipes [aria-pressed=true]')].map(recipe => recipe.id)";
    page.open("")?;
    let before = fields(page)?;
    ensure!(before == json!(["1", "16", "0.002", "1", "60000"]), "{before}");
    let hash = page.hash()?;
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    ensure!(page.hash()? == hash && fields(page)? == before, "{hash}, then {}", page.hash()?);
    let pressed: Vec<String> = page.ask(PRESSED, vec![])?;
    ensure!(pressed == ["recipe-fast"], "{pressed:?}");
    page.open("images=2000&epochs=1&batch=100")?;
    ensure!(fields(page)? == json!(["1", "100", "0.001", "1", "2000"]), "{}", fields(page)?);
    ensure!(page.hash()?.contains("augment=off") && !page.hash()?.contains("ema"));
    page.open("seed=3")?;
    let pressed: Vec<String> = page.ask(PRESSED, vec![])?;
    ensure!(pressed == ["recipe-keras"], "{pressed:?}");
    Ok(())
}

/// Back, forward, and a hash typed over the old one.
fn a_new_hash_is_read(page: &mut Page) -> Result<()> {
    page.open("epochs=4&batch=64")?;
    page.browser.script("location.hash = '#epochs=6&batch=16'", vec![])?;
    page.wait_until("the new settings", 5, || {
        let fields = fields(page)?;
        Ok((fields[0] == "6" && fields[1] == "16").then_some(()))
    })?;
    Ok(())
}

/// Changes the batch size every 30 ms, this many times.
const CHANGE_OFTEN: &str = "
    const batch = document.querySelector('#batch');
    const change = count => {
        batch.value = count;
        batch.dispatchEvent(new Event('change'));
        if (count < arguments[0]) setTimeout(change, 30, count + 1);
    };
    change(1);
    return location.hash;";

/// Safari throws at the 101st change in 10 seconds.
fn the_address_is_not_changed_too_often(page: &mut Page) -> Result<()> {
    const AS_SAFARI: &str = "
        const times = [];
        window.refused = 0;
        const {replaceState} = History.prototype;
        History.prototype.replaceState = function (...change) {
            const now = performance.now();
            while (times[0] < now - 10000) times.shift();
            if (times.push(now) > 100) {
                window.refused++;
                throw new DOMException('Attempt to use history.replaceState() more than 100 times', 'SecurityError');
            }
            return replaceState.apply(this, change);
        };\n";
    let has = |hash: &str, setting| hash.split(['#', '&']).any(|part| part == setting);
    page.site.inject("start.js", Fault::Prefixed(AS_SAFARI));
    page.open("")?;
    let first: String = page.ask(CHANGE_OFTEN, vec![json!(250)])?;
    ensure!(has(&first, "batch=1"), "one change is written at once: {first}");
    page.wait_until("the newest settings in the address", 30, || {
        Ok(has(&page.hash()?, "batch=250").then_some(()))
    })?;
    let refused: u32 = page.ask("return refused", vec![])?;
    ensure!(refused == 0 && page.status()?.state == "ready", "{refused}, {:?}", page.status()?);
    Ok(())
}

/// Where the browser refuses all the same, the address follows later.
fn a_refused_address_costs_nothing_else(page: &mut Page) -> Result<()> {
    const REFUSES: &str = "
        const {replaceState} = History.prototype;
        History.prototype.replaceState = function (...change) {
            if (window.refuses) throw new DOMException('The operation is insecure.', 'SecurityError');
            return replaceState.apply(this, change);
        };\n";
    page.site.inject("start.js", Fault::Prefixed(REFUSES));
    page.open("images=500&epochs=9")?;
    page.browser.script("window.refuses = true", vec![])?;
    page.fill("#epochs", "1")?;
    ensure!(page.hash()?.contains("epochs=9"), "{}", page.hash()?);
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    page.browser.script("window.refuses = false", vec![])?;
    page.wait_until("the newest settings in the address", 10, || {
        Ok(page.hash()?.contains("epochs=1&").then_some(()))
    })
}

/// Firefox gives controls back what they held before a reload; the page has forgotten it.
fn controls_show_what_is_set_after_a_reload(page: &mut Page) -> Result<()> {
    const SHOWN: &str = "
        return [
            document.querySelector('#runs-measure').value,
            [...document.querySelectorAll('#inside :checked')].map(input => input.id || input.value).join(),
            document.querySelector('[name=weights]:checked').value,
            [...document.querySelectorAll('#yours :checked')].map(input => input.id).join(),
        ]";
    page.train("images=500&epochs=1")?;
    page.wait_for_state("done", 60)?;
    page.open("images=500&epochs=1")?;
    let before: Vec<String> = page.ask(SHOWN, vec![])?;
    page.draw(3)?;
    for script in [
        "document.querySelector('#runs-measure').value = 'test-loss';",
        "document.querySelector('#tuning-head').click();",
        "document.querySelectorAll('#inside input[type=radio]').forEach(radio => radio.click());",
    ] {
        page.browser.script(script, vec![])?;
    }
    page.browser.reload()?;
    page.wait_for_state("ready", 30)?;
    let after: Vec<String> = page.ask(SHOWN, vec![])?;
    ensure!(after == before, "{before:?}, then {after:?}");
    Ok(())
}

/// In the text at the top, which covers nothing that can be pressed, and beside Train.
fn a_link_is_explained_before_anything_starts(page: &mut Page) -> Result<()> {
    const COVERED: &str = "
        return [...document.querySelectorAll('.doors button, #train, #tour')].filter(button => {
            button.scrollIntoView({block: 'center', behavior: 'instant'});
            const {left, top, width, height} = button.getBoundingClientRect();
            return document.elementFromPoint(left + width / 2, top + height / 2) !== button;
        }).map(button => button.id);";
    let status = page.open(
        "epochs=2&batch=100&lr=0.01&seed=7&images=2000&optimizer=rmsprop&schedule=cosine&augment=on\
         &net=c4k5r,p2,f,d10s&rho=0.8&validation=10&stop=97.5",
    )?;
    ensure!(status.state == "ready" && status.step == Some(0), "{status:?}");
    let text = page.text()?;
    for words in [
        "4 layers, 5,874 parameters",
        "RMSprop (rho 0.8, epsilon 0.0000001), learning rate 0.01 with cosine decay",
        "1,800 images, 200 held out, augmented",
        "36 minibatches, fewer if it reaches 97.5 %",
        "random weights, seed 7",
    ] {
        ensure!(text.contains(words), "{words:?} is not in {text}");
    }
    let covered: Vec<String> = page.ask(COVERED, vec![])?;
    ensure!(covered.is_empty(), "covered: {covered:?}");
    Ok(())
}

fn fields(page: &Page) -> Result<serde_json::Value> {
    const VALUES: &str = "
        return ['epochs', 'batch', 'lr', 'seed', 'images']
            .map(id => document.getElementById(id).value);";
    page.browser.script(VALUES, vec![])
}
