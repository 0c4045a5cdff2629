//! Networks leave as files, and a safetensors file comes back.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use e2e::Page;
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("files::the_network_leaves_in_each_format", the_network_leaves_in_each_format),
    ("files::a_saved_network_answers_again", a_saved_network_answers_again),
    ("files::what_is_no_network_changes_nothing", what_is_no_network_changes_nothing),
];

const FORMATS: [(&str, &str); 4] = [
    ("#save-safetensors", "inkling-network.safetensors"),
    ("#save-onnx", "inkling-network.onnx"),
    ("#save-keras", "inkling_keras.py"),
    ("#save-pytorch", "inkling_pytorch.py"),
];

/// Saves a file; returns its name and its bytes as base64.
pub(crate) fn save(page: &Page, button: &str) -> Result<(String, String)> {
    // The file that the page hands to the browser for saving, instead of the browser's own folder.
    const WATCH: &str = "
        window.saved = null;
        window.makeUrl ??= URL.createObjectURL;
        URL.createObjectURL = blob => { window.blob = blob; return makeUrl.call(URL, blob); };
        HTMLAnchorElement.prototype.click = function () { window.saved = this.download; };";
    page.browser.script(WATCH, vec![])?;
    page.click(button)?;
    let name = page.wait_until("the file", 20, || page.ask("return saved", vec![]))?;
    const READ: &str = "
        return blob.arrayBuffer().then(buffer => {
            let text = '';
            for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
            return btoa(text);
        });";
    Ok((name, page.ask(READ, vec![])?))
}

/// Gives the page a file, as picked with an input or as dropped on its pad.
pub(crate) fn give(page: &Page, base64: &str, name: &str, input: Option<&str>) -> Result<()> {
    const GIVE: &str = "
        const [base64, name, id] = arguments;
        const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
        const carried = new DataTransfer();
        carried.items.add(new File([bytes], name));
        if (id) {
            const input = document.getElementById(id);
            input.files = carried.files;
            input.dispatchEvent(new Event('change'));
        } else {
            const options = { dataTransfer: carried, bubbles: true, cancelable: true };
            document.getElementById('pad').dispatchEvent(new DragEvent('drop', options));
        }";
    page.browser.script(GIVE, vec![json!(base64), json!(name), json!(input)])?;
    Ok(())
}

const INPUT: &str = "open-network";
const FILE: &str = "network.safetensors";

pub(crate) fn wait_for_text(page: &Page, words: &str) -> Result<()> {
    page.wait_until(words, 20, || Ok(page.text()?.contains(words).then_some(())))
}

pub(crate) fn wait_for_trainer(page: &Page) -> Result<()> {
    page.wait_until("the trainer", 30, || Ok(page.is_enabled("#train")?.then_some(())))
}

/// `INKLING_FILES` names a folder for `cargo xtask test --formats`, which has other programs read the files.
fn the_network_leaves_in_each_format(page: &mut Page) -> Result<()> {
    page.train("images=1000&epochs=1&net=c4k5rz,p2,a2,f,drop0.25,d12r,d10s")?;
    page.wait_for_state("done", 60)?;
    page.draw(3)?;
    page.click("#open-runs")?;
    for (button, expected) in FORMATS {
        let (name, base64) = save(page, button)?;
        ensure!(name == expected, "{name}");
        let bytes = BASE64_STANDARD.decode(base64)?;
        let text = String::from_utf8_lossy(&bytes);
        for words in ["c4k5rz,p2,a2,f,drop0.25,d12r,d10s", "epoch 1"] {
            ensure!(text.contains(words), "{name} does not say {words}");
        }
        ensure!(text.contains(&page.site.url()), "{name} does not say where it is from");
        if let Some(folder) = std::env::var_os("INKLING_FILES") {
            std::fs::write(std::path::Path::new(&folder).join(&name), &bytes).context(name)?;
        }
    }
    Ok(())
}

fn a_saved_network_answers_again(page: &mut Page) -> Result<()> {
    page.train("images=1000&epochs=1&seed=5&net=c4k5r,p2,f,d10s")?;
    page.wait_for_state("done", 60)?;
    page.draw(3)?;
    let (answered, tested) = (page.bars()?, page.status()?.test_accuracy);
    page.click("#open-runs")?;
    let (_, file) = save(page, "#save-safetensors")?;

    for dropped in [false, true] {
        page.open("")?;
        page.draw(3)?;
        wait_for_trainer(page)?;
        ensure!(page.bars()? != answered, "another network");
        give(page, &file, FILE, (!dropped).then_some(INPUT))?;
        wait_for_text(page, "my network, epoch 1 is opened and answers from now on.")?;
        ensure!(page.bars()? == answered, "{:?}, not {answered:?}", page.bars()?);
        ensure!(page.status()?.test_accuracy == tested, "{:?}", page.status()?);
        ensure!(page.hash()?.contains("net=c4k5r,p2,f,d10s") && page.hash()?.contains("seed=5"));
    }
    page.click("#open-runs")?;
    let (_, again) = save(page, "#save-safetensors")?;
    let size = |base64: &str| BASE64_STANDARD.decode(base64).map(|bytes| bytes.len());
    ensure!(
        size(&again)? > size(&file)? / 5,
        "it can be saved again, without what training goes on from"
    );
    Ok(())
}

fn what_is_no_network_changes_nothing(page: &mut Page) -> Result<()> {
    page.open("epochs=3")?;
    page.draw(3)?;
    wait_for_trainer(page)?;
    let (answered, hash) = (page.bars()?, page.hash()?);
    page.click("#open-runs")?;
    let (_, file) = save(page, "#save-safetensors")?;
    let bytes = BASE64_STANDARD.decode(&file)?;
    for (bad, why) in [
        (&b"<!doctype html>"[..], "this is not a whole safetensors file"),
        (&bytes[..bytes.len() - 3], "this is not a whole safetensors file"),
        (&[], "this is not a whole safetensors file"),
    ] {
        give(page, &BASE64_STANDARD.encode(bad), FILE, Some(INPUT))?;
        wait_for_text(page, why)?;
        wait_for_text(page, "It should be a .safetensors file that Inkling has saved.")?;
        ensure!(page.bars()? == answered && page.hash()? == hash, "nothing changes");
        page.click("#notice-close")?;
    }
    Ok(())
}
