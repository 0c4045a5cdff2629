//! Settings are in the URL's hash, which anybody can write.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("settings::nonsense_in_the_hash_does_no_harm", nonsense_in_the_hash_does_no_harm),
    ("settings::survive_a_reload", survive_a_reload),
    ("settings::controls_write_the_hash", controls_write_the_hash),
    ("settings::a_new_hash_is_read", a_new_hash_is_read),
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

/// All of it is on the first screen, and covers nothing that can be pressed.
fn a_link_is_explained_before_anything_starts(page: &mut Page) -> Result<()> {
    const COVERED: &str = "
        return [...document.querySelectorAll('.doors button, #train, #tour')].filter(button => {
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
        "RMSprop (rho 0.8, epsilon 0.0000001), cosine from 0.01",
        "1,800 images, 200 held out, varied",
        "36 minibatches, fewer once 97.5 % are right",
        "fresh random weights, seed 7",
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
