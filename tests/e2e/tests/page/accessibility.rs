//! [axe](https://github.com/dequelabs/axe-core)'s complaints about the first screen and every panel, with
//! something in it and all explanations open.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::{Engine, Page};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("accessibility::axe_finds_nothing_on_a_desk", axe_finds_nothing_on_a_desk),
    ("accessibility::axe_finds_nothing_on_a_phone", axe_finds_nothing_on_a_phone),
    ("accessibility::forced_colours_tell_what_is_what", forced_colours_tell_what_is_what),
];

fn axe_finds_nothing_on_a_desk(page: &mut Page) -> Result<()> {
    axe_finds_nothing(page, (1440, 900))
}

fn axe_finds_nothing_on_a_phone(page: &mut Page) -> Result<()> {
    axe_finds_nothing(page, (360, 740))
}

/// With the few colours of a person's own: what is pressed and open is highlighted and can be read, lines keep the
/// colours that tell them apart.
fn forced_colours_tell_what_is_what(page: &mut Page) -> Result<()> {
    const COLOURS: &str = "
        const colours = selector => {
            const {color, backgroundColor} = getComputedStyle(document.querySelector(selector));
            return [color, backgroundColor];
        };
        document.body.insertAdjacentHTML('beforeend', '<p id=e2e>x</p>');
        const probe = document.querySelector('#e2e');
        const system = ['HighlightText', 'Highlight'].map(name => {
            probe.style.setProperty('forced-color-adjust', 'none');
            probe.style.color = name;
            return getComputedStyle(probe).color;
        });
        probe.remove();
        const lines = [...document.querySelectorAll('.u-marker, .swatch')]
            .map(line => getComputedStyle(line).borderTopColor);
        return [system, colours('.doors [aria-expanded=true]'), colours('[data-network][aria-pressed=true]'),
            [String(new Set(lines).size)]];";
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.train("images=500&epochs=1&batch=50")?;
    page.wait_for_state("done", 60)?;
    page.click("#open-experiment")?;
    let forced = json!({"features": [{"name": "forced-colors", "value": "active"}]});
    page.browser.devtools("Emulation.setEmulatedMedia", forced)?;
    let [system, open, pressed, lines]: [Vec<String>; 4] = page.ask(COLOURS, vec![])?;
    ensure!(open == system && pressed == system, "{open:?} and {pressed:?}, not {system:?}");
    ensure!(lines[0] != "1", "all lines have one colour");
    Ok(())
}

fn axe_finds_nothing(page: &mut Page, size: (u32, u32)) -> Result<()> {
    const BUTTONS: &str =
        "return [...document.querySelectorAll('.doors button')].map(button => button.id)";
    page.open("images=500&epochs=1&batch=50")?;
    page.draw(7)?;
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("done", 60)?;
    page.browser
        .script("document.querySelectorAll('.help').forEach(help => help.click())", vec![])?;
    complaints(page, size, "the first screen")?;
    for button in page.ask::<Vec<String>>(BUTTONS, vec![])? {
        page.click(&format!("#{button}"))?;
        if button == "open-judge" {
            page.click_when_enabled("#judge-pin button", 10)?;
            page.wait_until("a confusion matrix", 30, || {
                Ok(page.text()?.contains("Confusion matrix").then_some(()))
            })?;
        }
        if button == "open-yours" {
            // The seven on the pad.
            page.click_when_enabled("#yours-labels button:nth-child(8)", 10)?;
            page.click_when_enabled("#tuning-start", 30)?;
            page.wait_until("a fine-tuned network", 60, || {
                Ok(page.text()?.contains("MNIST test images").then_some(()))
            })?;
        }
        complaints(page, size, &button)?;
    }
    Ok(())
}

/// Asks axe in both themes, if the engine can emulate them.
fn complaints(page: &Page, size: (u32, u32), place: &str) -> Result<()> {
    const RUN: &str = "
        return axe.run(document.querySelector(arguments[0])).then(({violations}) => violations.map(
            ({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join('; ')}`));";
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(&axe)
        .with_context(|| format!("{} is missing: npm ci brings it", axe.display()))?;
    let emulates = page.browser.engine() == Engine::Chromium;
    for scheme in if emulates { &["light", "dark"][..] } else { &["light"] } {
        if emulates {
            page.browser.emulate(Some(size), scheme)?;
        }
        page.browser.script(&axe, vec![])?;
        let part = if place.starts_with("open-") { ".rooms" } else { "html" };
        let found: Vec<String> = page.ask(RUN, vec![json!(part)])?;
        ensure!(found.is_empty(), "{place}, {scheme}: {found:#?}");
    }
    if emulates {
        page.browser.emulate(None, "light")?;
    }
    Ok(())
}
