//! What a long visit leaves behind, by Chromium's own counters; other engines do not count for us. `INKLING_ROUNDS=100`
//! repeats everything a hundred times.

use anyhow::{Context, Result, ensure};
use e2e::{Engine, Page};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("memory::resets_leave_nothing_behind", resets_leave_nothing_behind),
    ("memory::rooms_leave_nothing_behind", rooms_leave_nothing_behind),
    ("memory::themes_leave_nothing_behind", themes_leave_nothing_behind),
];

/// Rounds before the first count: what is fetched, made or kept once is there by then.
const FIRST: u32 = 8;

/// Repeats, unless `INKLING_ROUNDS` says how many.
const ROUNDS: u32 = 8;

/// Bytes by which WebAssembly's memory grows at least.
const PAGE: i64 = 65_536;

/// What is there, shown or not.
#[derive(Debug)]
struct Counts {
    canvases: i64,
    nodes: i64,
    listeners: i64,
    /// Bytes of the page's WebAssembly.
    memory: i64,
}

/// Runs a function on all objects with this prototype.
fn query(page: &Page, prototype: &str, function: &str) -> Result<i64> {
    let group = json!({"expression": prototype, "objectGroup": "counts"});
    let prototype = page.browser.devtools("Runtime.evaluate", group)?;
    let found = page.browser.devtools(
        "Runtime.queryObjects",
        json!({"prototypeObjectId": prototype["result"]["objectId"], "objectGroup": "counts"}),
    )?;
    let answer = page.browser.devtools(
        "Runtime.callFunctionOn",
        json!({
            "objectId": found["objects"]["objectId"],
            "functionDeclaration": function,
            "returnByValue": true,
        }),
    )?;
    page.browser.devtools("Runtime.releaseObjectGroup", json!({"objectGroup": "counts"}))?;
    answer["result"]["value"].as_i64().context("a number")
}

fn counts(page: &Page) -> Result<Counts> {
    for _ in 0..2 {
        page.browser.devtools("HeapProfiler.collectGarbage", json!({}))?;
    }
    let metrics = page.browser.devtools("Performance.getMetrics", json!({}))?;
    let metric = |name: &str| {
        let metrics = metrics["metrics"].as_array().into_iter().flatten();
        let metric = metrics.into_iter().find(|metric| metric["name"] == name);
        let value = metric.and_then(|metric| metric["value"].as_f64());
        value.map(|value| value as i64).with_context(|| format!("no {name}"))
    };
    let bytes =
        "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }";
    Ok(Counts {
        canvases: query(
            page,
            "HTMLCanvasElement.prototype",
            "function () { return this.length; }",
        )?,
        nodes: metric("Nodes")?,
        listeners: metric("JSEventListeners")?,
        memory: query(page, "WebAssembly.Memory.prototype", bytes)?,
    })
}

/// Repeats something and compares what there is after it with what there was after its first rounds.
fn repeat(page: &Page, mut round: impl FnMut(u32) -> Result<()>) -> Result<()> {
    let asked = std::env::var("INKLING_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let rounds = asked.unwrap_or(ROUNDS);
    page.browser.devtools("Performance.enable", json!({}))?;
    (0..FIRST).try_for_each(&mut round)?;
    let mut before = counts(page)?;
    // What is fetched late and made once adds to one of two spells, a leak to both.
    let mut spell = |first: u32| -> Result<bool> {
        for number in first..first + rounds {
            round(number)?;
            if number % 25 == 0 {
                println!("round {number}: {:?}", counts(page)?);
            }
        }
        let after = counts(page)?;
        println!("{rounds} rounds: {before:?}, then {after:?}");
        let grown = [
            after.nodes - before.nodes,
            after.listeners - before.listeners,
            (after.memory - before.memory) / PAGE,
        ];
        // No canvas, and of the others not even one a round.
        let is_flat =
            after.canvases <= before.canvases && grown.iter().all(|&more| more < i64::from(rounds));
        before = after;
        Ok(is_flat)
    };
    ensure!(spell(FIRST)? || spell(FIRST + rounds)?, "it grows: {before:?} at the end");
    Ok(())
}

/// Train and Reset, with their charts.
fn resets_leave_nothing_behind(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.open("images=100&epochs=1&batch=100&workers=1&net=f,d10s")?;
    repeat(page, |_| {
        page.click_when_enabled("#train", 30)?;
        page.wait_for_state("done", 30)?;
        page.wait_until("its charts", 10, || {
            const DRAWN: &str =
                "return document.querySelectorAll('#loss canvas, #accuracy canvas').length === 2";
            Ok(page.ask::<bool>(DRAWN, vec![])?.then_some(()))
        })?;
        page.click("#reset")?;
        page.agree()?;
        page.wait_for_state("ready", 10)?;
        Ok(())
    })
}

/// Each room opened and closed, with a drawing and a run to show.
fn rooms_leave_nothing_behind(page: &mut Page) -> Result<()> {
    const ROOMS: [&str; 6] = ["inside", "ask", "judge", "yours", "experiment", "runs"];
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.train("images=100&epochs=1&batch=100&workers=1&net=c4k3r,p2,f,d10s")?;
    page.wait_for_state("done", 30)?;
    page.draw(5)?;
    repeat(page, |_| {
        for room in ROOMS {
            for _ in 0..2 {
                page.click(&format!("#open-{room}"))?;
                // A frame, in which it is drawn.
                page.browser.script(
                    "return new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))",
                    vec![],
                )?;
            }
        }
        Ok(())
    })
}

/// Light and dark, with everything that is drawn in their colours.
fn themes_leave_nothing_behind(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        return Ok(());
    }
    page.train("images=100&epochs=1&batch=100&workers=1&net=c4k3r,p2,f,d10s")?;
    page.wait_for_state("done", 30)?;
    page.draw(5)?;
    page.click("#open-inside")?;
    repeat(page, |round| {
        let scheme = if round % 2 == 0 { "dark" } else { "light" };
        page.browser.emulate(None, scheme)?;
        page.browser.script(
            "return new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 20)))",
            vec![],
        )?;
        Ok(())
    })?;
    page.browser.emulate(None, "")
}
