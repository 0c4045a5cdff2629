//! How soon the bars follow the pen while the page trains, from Chromium's own trace: a script that records
//! the end of a frame would be called after other work, up to a frame too late.

use anyhow::{Context, Result};
use e2e::{Browser, Page};
use serde::{Deserialize, Serialize};

use crate::report::Samples;

/// The categories of the events below.
const CATEGORIES: &str = "devtools.timeline,disabled-by-default-devtools.timeline";

/// How soon the bars follow the pen while the page trains with two workers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reaction {
    /// Movements of the pen on the pad.
    pub(crate) events: usize,
    /// Milliseconds from the event's dispatch to the end of the frame that shows the answer, when everything
    /// repainted has been passed to the compositor: the median, and the 99th percentile.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    /// The same from when the browser received the event, which it usually dispatches with the next frame.
    pub(crate) p99_with_wait: f64,
    /// Milliseconds of each task of more than 50 on the page's thread meanwhile.
    pub(crate) long_tasks: Vec<f64>,
}

/// Records for every movement of the pointer whether the pen is down, and the milliseconds since the browser
/// received it.
const WATCH: &str = "
    globalThis.moves = [];
    addEventListener('pointermove', event => {
        moves.push([event.buttons !== 0, performance.now() - event.timeStamp]);
    }, {capture: true});
";

/// A duration on a thread.
#[derive(Deserialize)]
struct Span {
    name: String,
    pid: u64,
    tid: u64,
    /// Start and duration in microseconds.
    ts: f64,
    dur: f64,
    #[serde(default)]
    args: serde_json::Value,
}

/// Draws digits while the page trains, in a browser of its own.
pub(crate) fn reaction(digits: usize) -> Result<Reaction> {
    let browser = Browser::launch_traced(CATEGORIES)?;
    let page = Page::of(&browser, &e2e::dist()?)?;
    page.open("epochs=20&batch=128&seed=1&workers=2")?;
    page.draw(8)?;
    page.train_now()?;
    page.watch_long_tasks()?;
    page.browser.script(WATCH, vec![])?;
    for digit in 0..digits {
        page.draw((digit % 10) as u8)?;
        page.click_when_enabled("#clear", 5)?;
    }
    let moves: Vec<(bool, f64)> = page.ask("return moves", vec![])?;
    let long_tasks = page.long_tasks()?;
    let spans = browser.take_trace()?.into_iter().filter(|event| event["ph"] == "X");
    let spans = spans.filter_map(|event| serde_json::from_value(event).ok()).collect();
    let reactions = reactions(spans, moves.len())?;
    let (mut from_dispatch, mut with_wait) = (Samples::default(), Samples::default());
    for (milliseconds, (_, wait)) in reactions.iter().zip(moves).filter(|(_, (down, _))| *down) {
        from_dispatch.push(*milliseconds);
        with_wait.push(wait + milliseconds);
    }
    let quantile =
        |samples: &Samples, fraction| samples.quantile(fraction).context("no event was seen");
    Ok(Reaction {
        events: from_dispatch.count(),
        median: quantile(&from_dispatch, 0.5)?,
        p99: quantile(&from_dispatch, 0.99)?,
        p99_with_wait: quantile(&with_wait, 0.99)?,
        long_tasks,
    })
}

/// Milliseconds from the dispatch of each of the last `movements` movements to the end of the next frame's
/// commit.
fn reactions(mut spans: Vec<Span>, movements: usize) -> Result<Vec<f64>> {
    spans.sort_by(|a, b| a.ts.total_cmp(&b.ts));
    let is_movement =
        |span: &&Span| span.name == "EventDispatch" && span.args["data"]["type"] == "pointermove";
    let dispatched: Vec<&Span> = spans.iter().filter(is_movement).collect();
    let earlier = dispatched.len().checked_sub(movements).context("the trace lacks movements")?;
    dispatched[earlier..]
        .iter()
        .map(|dispatch| {
            let frame = spans
                .iter()
                .filter(|span| span.name == "Commit" && span.ts > dispatch.ts)
                .find(|span| (span.pid, span.tid) == (dispatch.pid, dispatch.tid))
                .context("a movement without a frame")?;
            Ok((frame.ts + frame.dur - dispatch.ts) / 1000.0)
        })
        .collect()
}
