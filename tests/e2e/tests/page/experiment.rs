//! The panel Experiment: another network, and its Keras code.

use anyhow::{Result, ensure};
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("experiment::a_preset_trains", a_preset_trains),
    ("experiment::a_wrong_layer_says_so_and_train_waits", a_wrong_layer_says_so_and_train_waits),
    ("experiment::layers_move_by_keys_and_by_hand", layers_move_by_keys_and_by_hand),
    ("experiment::changes_are_taken_back", changes_are_taken_back),
    ("experiment::a_link_repeats_a_run", a_link_repeats_a_run),
    ("experiment::code_follows_and_is_copied", code_follows_and_is_copied),
    ("experiment::works_in_a_translated_page", works_in_a_translated_page),
    ("experiment::settings_have_their_numbers", settings_have_their_numbers),
];

/// The names of the layers, in order.
pub(crate) fn layers(page: &Page) -> Result<Vec<String>> {
    page.ask(
        "return [...document.querySelectorAll('#layers .class')].map(e => e.textContent)",
        vec![],
    )
}

fn content(page: &Page, selector: &str) -> Result<String> {
    page.ask("return document.querySelector(arguments[0]).textContent", vec![json!(selector)])
}

/// The page's error for that layer, counted from 0.
fn wrong(page: &Page, layer: usize) -> Result<Option<String>> {
    let selector = format!("#layers > [data-index='{layer}'] .wrong:not([hidden])");
    page.ask(
        "return document.querySelector(arguments[0])?.textContent ?? null",
        vec![json!(selector)],
    )
}

fn a_preset_trains(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=1&batch=32&lr=0.002&seed=1")?;
    page.draw(0)?;
    page.click("#open-experiment")?;
    page.click("[data-network=lenet]")?;
    ensure!(layers(page)?.len() == 8, "{:?}", layers(page)?);
    ensure!(content(page, "#layers-total")?.starts_with("61,706 parameters"));
    ensure!(content(page, "#layers-total")?.contains("Train once to see time estimates"));
    page.click("#to-train")?;
    let focused: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focused == "train", "{focused}");
    page.click("#train")?;
    page.wait_for_state("training", 20)?;
    ensure!(!page.is_enabled("#layers input")?, "a run keeps its network");
    ensure!(page.text()?.contains("A run is in progress"), "and the panel says so");
    let done = page.wait_for_state("done", 120)?;
    ensure!(done.test_accuracy > Some(0.5), "{done:?}");
    ensure!(done.prediction.is_some(), "its weights answer: {done:?}");
    ensure!(content(page, "#layers-total")?.contains("per epoch at the speed measured here"));
    let time = content(page, "#layers [data-index='0'] [data-figure=time]")?;
    ensure!(time.ends_with(" s"), "{time}");
    // The shipped weights belong to another network, but can still answer.
    page.click("#weights-shipped")?;
    page.wait_for("the shipped answer", 5, |status| status.prediction == Some(0))?;
    let refused: bool =
        page.ask("return document.querySelector('#start-shipped').disabled", vec![])?;
    ensure!(refused, "a LeNet cannot start from the shipped weights");
    Ok(())
}

fn a_wrong_layer_says_so_and_train_waits(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-experiment")?;
    page.click("#layers [data-index='4'] .remove")?;
    let told = wrong(page, 4)?.unwrap_or_default();
    ensure!(
        told.contains("Dense 10 units (layer 5)") && told.contains("put Flatten before it"),
        "{told}"
    );
    ensure!(!page.is_enabled("#train")?, "Train waits");
    ensure!(page.text()?.contains("Experiment marks the layer"), "and says so");
    let focused: String = page.ask("return document.activeElement.className", vec![])?;
    ensure!(focused == "remove", "the focus stays in the list, not on {focused:?}");

    page.click("[data-add=Flatten]")?;
    ensure!(wrong(page, 5)?.is_none() && layers(page)?[4] == "Flatten", "{:?}", layers(page)?);
    page.wait_until("Train to be enabled", 30, || Ok(page.is_enabled("#train")?.then_some(())))?;

    page.fill("#layers [data-index='2'] [data-part=kernel_size]", "9")?;
    let told = wrong(page, 2)?.unwrap_or_default();
    ensure!(told.contains("kernel size must be 1 to 7, not 9"), "{told}");
    page.fill("#layers [data-index='2'] [data-part=kernel_size]", "5")?;
    ensure!(wrong(page, 2)?.is_none());
    ensure!(content(page, "#layers [data-index='2'] [data-figure=shape]")? == "9×9×64");
    Ok(())
}

fn layers_move_by_keys_and_by_hand(page: &mut Page) -> Result<()> {
    page.open("net=c4k3r,p2,f,drop0.5,d10s")?;
    page.click("#open-experiment")?;
    page.browser
        .script("document.querySelector(\"#layers [data-index='3'] .handle\").focus()", vec![])?;
    page.browser.press(&[], '\u{e013}')?; // arrow up
    ensure!(
        layers(page)? == ["Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense"],
        "{:?}",
        layers(page)?
    );
    let focused: String = page.ask("return document.activeElement.ariaLabel", vec![])?;
    ensure!(focused.starts_with("Move Layer 3, Dropout"), "{focused}");
    ensure!(page.hash()?.contains("net=c4k3r,p2,drop0.5,f,d10s"), "{}", page.hash()?);

    page.wait_until("Sortable", 10, || {
        let here = page.browser.script("return typeof Sortable === 'function'", vec![])? == true;
        Ok(here.then_some(()))
    })?;
    const HANDLES: &str = "
        document.querySelector('#layers').scrollIntoView({block: 'center', behavior: 'instant'});
        return [...document.querySelectorAll('.handle')].map(handle => {
            const {left, top, width, height} = handle.getBoundingClientRect();
            return [left + width / 2, top + height / 2];
        });";
    let handles: Vec<(f64, f64)> = page.ask(HANDLES, vec![])?;
    let (from, to) = (handles[0], handles[1]);
    let path: Vec<(f64, f64)> = (0..=12)
        .map(|i| (from.0, from.1 + (to.1 + 12.0 - from.1) * f64::from(i) / 12.0))
        .map(|(x, y)| (x.round(), y.round()))
        .collect();
    page.browser.stroke(e2e::Pointer::Mouse, &path)?;
    page.wait_until("the first two to change places", 5, || {
        Ok((layers(page)?[..2] == ["MaxPooling2D", "Conv2D"]).then_some(()))
    })?;
    ensure!(page.hash()?.contains("net=p2,c4k3r"), "{}", page.hash()?);
    Ok(())
}

fn changes_are_taken_back(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.click("#open-experiment")?;
    ensure!(!page.is_enabled("#layers-undo")?, "nothing has been changed yet");
    let before = page.hash()?;
    page.fill("#layers [data-index='0'] [data-part=filters]", "8")?;
    page.click("#layers [data-index='3'] .remove")?;
    page.click("[data-network=dense]")?;
    for expected in [5, 6, 6] {
        page.click("#layers-undo")?;
        ensure!(layers(page)?.len() == expected, "{:?}, not {expected}", layers(page)?);
    }
    ensure!(page.hash()? == before, "{}", page.hash()?);
    let filters: String = page.ask(
        "return document.querySelector(\"#layers [data-index='0'] [data-part=filters]\").value",
        vec![],
    )?;
    ensure!(filters == "32" && !page.is_enabled("#layers-undo")?, "{filters}");
    Ok(())
}

/// Nothing starts by itself, and the run that starts is the same.
fn a_link_repeats_a_run(page: &mut Page) -> Result<()> {
    page.open("images=1000&epochs=1&seed=4")?;
    page.click("#open-experiment")?;
    page.click("[data-network=tiny]")?;
    page.browser.script(
        "const optimizer = document.querySelector('#x-optimizer');
         optimizer.value = 'rmsprop';
         optimizer.dispatchEvent(new Event('change'));",
        vec![],
    )?;
    page.fill("#x-rho", "0.8")?;
    page.fill("#x-validation", "10")?;
    let link = page.hash()?;
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    let figures = page.epochs()?;
    ensure!(figures.len() == 1 && figures[0].len() == 7, "held-out images are tested: {figures:?}");

    let opened = page.open(&link)?;
    ensure!(opened.step == Some(0), "{opened:?}");
    ensure!(page.text()?.contains("4,150 parameters"), "the link's network is shown at once");
    page.click("#open-experiment")?;
    ensure!(layers(page)?.len() == 7, "{:?}", layers(page)?);
    let rho: String = page.ask("return document.querySelector('#x-rho').value", vec![])?;
    ensure!(rho == "0.8" && page.hash()? == link, "{rho}, {}", page.hash()?);
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    ensure!(page.epochs()? == figures, "{:?}, before {figures:?}", page.epochs()?);
    Ok(())
}

/// A browser that translates the page replaces its words, those of options and code among them.
fn works_in_a_translated_page(page: &mut Page) -> Result<()> {
    const TRANSLATE: &str = "
        document.querySelectorAll('option').forEach(option => { option.textContent = `le ${option.text}`; });
        document.querySelector('#code').textContent = 'importer keras';
        window.copied = [];
        Object.defineProperty(navigator, 'clipboard', {
            value: {writeText: text => { copied.push(text); return Promise.resolve(); }},
        });";
    const CHOOSE: &str = "
        const select = document.querySelector('#layers [data-index=\"0\"] [data-part=activation]');
        select.selectedIndex = [...select.options].findIndex(option => option.text === 'le linear');
        select.dispatchEvent(new Event('change', {bubbles: true}));";
    page.open("")?;
    page.click("#open-experiment")?;
    page.browser.script(TRANSLATE, vec![])?;
    page.click("#code-copy")?;
    let copied = || page.ask::<Vec<String>>("return copied", vec![]);
    page.wait_until("the code", 5, || Ok((copied()?.len() == 1).then_some(())))?;
    ensure!(copied()?[0].contains("layers.Conv2D(32, 3, activation=\"relu\")"), "{:?}", copied()?);
    page.browser.script(CHOOSE, vec![])?;
    ensure!(page.hash()?.contains("net=c32k3,"), "{}", page.hash()?);
    ensure!(!page.text()?.contains("no value for this layer"));
    Ok(())
}

fn code_follows_and_is_copied(page: &mut Page) -> Result<()> {
    page.open("epochs=10")?;
    page.click("#open-experiment")?;
    let code = content(page, "#code")?;
    ensure!(code.contains("layers.Conv2D(32, 3, activation=\"relu\")"), "{code}");
    ensure!(code.contains("batch_size=32,\n    epochs=10,"), "{code}");
    page.fill("#layers [data-index='0'] [data-part=filters]", "12")?;
    page.fill("#epochs", "3")?;
    let code = content(page, "#code")?;
    ensure!(code.contains("layers.Conv2D(12, 3,") && code.contains("epochs=3,"), "{code}");

    const LISTEN: &str = "
        Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {
            writeText: async text => { window.copied = text; },
        }});";
    page.browser.script(LISTEN, vec![])?;
    page.click("#code-copy")?;
    page.wait_until("a word about it", 5, || {
        Ok(page.text()?.contains("Code copied").then_some(()))
    })?;
    let copied: String = page.ask("return copied", vec![])?;
    ensure!(copied == code);

    page.click("#layers [data-index='5'] .remove")?;
    ensure!(page.text()?.contains("Code appears once the network is valid"));
    Ok(())
}

fn settings_have_their_numbers(page: &mut Page) -> Result<()> {
    page.open("optimizer=sgd")?;
    page.click("#open-experiment")?;
    const SEEN: &str = "
        return ['beta1', 'momentum', 'rho'].map(key => document.querySelector('#x-' + key).offsetParent !== null);";
    let seen: [bool; 3] = page.ask(SEEN, vec![])?;
    ensure!(seen == [false, true, false], "{seen:?}");
    page.fill("#x-epochs", "4")?;
    page.fill("#x-images", "5000")?;
    page.fill("#x-seed", "8")?;
    let hash = page.hash()?;
    ensure!(
        ["epochs=4&", "images=5000&", "seed=8&"].iter().all(|set| hash.contains(set)),
        "{hash}"
    );
    page.click("#recipe-fast")?;
    let hash = page.hash()?;
    ensure!(
        ["epochs=1&", "optimizer=adam", "schedule=constant", "augment=gentle", "ema=0.9997"]
            .iter()
            .all(|set| hash.contains(set)),
        "{hash}"
    );
    let pressed: Vec<String> = page.ask(
        "return [...document.querySelectorAll('.recipes [aria-pressed=true]')].map(e => e.id)",
        vec![],
    )?;
    ensure!(pressed == ["recipe-fast"], "{pressed:?}");
    page.fill("#x-stop", "12")?;
    page.fill("#x-validation", "99")?;
    ensure!(page.text()?.contains("Held out must be from 0 to 50. Using 50."));
    Ok(())
}
