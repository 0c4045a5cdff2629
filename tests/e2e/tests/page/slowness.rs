//! A trainer that is slow and works, and a server that never answers.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use e2e::{Fault, Page};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("slowness::a_long_minibatch_is_no_silence", a_long_minibatch_is_no_silence),
    ("slowness::a_part_that_never_comes_is_named", a_part_that_never_comes_is_named),
];

/// The trainer takes a second for each of a minibatch's 16 shards, and some time for each of an evaluation's.
const SLOW: &str = "
const {now} = Performance.prototype, {postMessage} = self;
let pause = 0, calls = 0;
addEventListener('message', ({data}) => { if (data.message?.Start) pause = 1000; });
self.postMessage = (data, ...rest) => {
    postMessage.call(self, data, ...rest);
    if (data.message?.Progress?.activity === 'Evaluating') pause = 12;
};
Performance.prototype.now = function () {
    // A slice of work begins with three questions for the time.
    if (calls++ === 0) Promise.resolve().then(() => { calls = 0; });
    const end = now.call(this) + (self.name === 'trainer' && calls > 3 ? pause : 0);
    while (now.call(this) < end);
    return now.call(this);
};
";

/// A minibatch, and a test, of more than the 12 s after which a silent trainer counts as gone.
fn a_long_minibatch_is_no_silence(page: &mut Page) -> Result<()> {
    page.site.inject("worker-start.js", Fault::Prefixed(SLOW));
    page.open("images=64&epochs=1&batch=64&workers=1&net=f,d10s")?;
    page.wait_until("all data", 60, || {
        const GONE: &str = "return document.querySelector('#data-bar').hidden";
        Ok(page.ask::<bool>(GONE, vec![])?.then_some(()))
    })?;
    page.click_when_enabled("#train", 30)?;
    let start = Instant::now();
    let (mut minibatch, mut shares) = (None, Vec::new());
    let done = page.wait_until("the end of the run", 180, || {
        let status = page.status()?;
        ensure!(status.error.is_empty(), "{status:?} after {:?}", start.elapsed());
        if status.step == Some(1) && minibatch.is_none() {
            minibatch = Some(start.elapsed());
        }
        let text = page.text()?;
        if let Some((_, after)) = text.split_once("Testing after epoch 1: ") {
            let share = after.split(" %").next().unwrap_or_default().to_owned();
            if shares.last() != Some(&share) {
                shares.push(share);
            }
        }
        Ok(Some(status).filter(|status| status.state == "done"))
    })?;
    ensure!(minibatch > Some(Duration::from_secs(13)), "it was not slow: {minibatch:?}");
    ensure!(start.elapsed() > Duration::from_secs(26), "nor was its test: {:?}", start.elapsed());
    let shares: Vec<f32> = shares.iter().map(|share| share.parse()).collect::<Result<_, _>>()?;
    ensure!(shares.len() > 5 && shares.is_sorted(), "{shares:?}");
    ensure!(done.test_accuracy.is_some(), "{done:?}");
    Ok(())
}

/// The limit is 30 seconds; here they pass faster.
const FASTER: &str = "
const {setTimeout} = self;
self.setTimeout = (then, time, ...rest) => setTimeout(then, time === 30000 ? 1500 : time, ...rest);
";

fn a_part_that_never_comes_is_named(page: &mut Page) -> Result<()> {
    let part = crate::parts()?.swap_remove(2);
    page.site.inject("worker-start.js", Fault::Prefixed(FASTER));
    page.site.inject(&part, Fault::Held);
    page.load("images=30000&epochs=1&batch=512&net=f,d10s")?;
    let file = part.trim_start_matches("data/");
    let status = page.wait_for("its name", 30, |status| status.error.contains(file))?;
    ensure!(status.error.contains("the server has sent nothing for 30 seconds"), "{status:?}");
    page.site.heal(&part);
    page.click_when_enabled("#data-retry", 10)?;
    page.wait_for("the error to go", 20, |status| status.error.is_empty())?;
    page.train_now()?;
    page.wait_for_state("done", 90)?;
    Ok(())
}
