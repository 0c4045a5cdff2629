//! A run from its first minibatch to its last evaluation.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Fault, Page, Pointer};
use serde_json::json;

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("training::learns_while_one_watches", learns_while_one_watches),
    ("training::pause_resume_and_step_change_nothing", pause_resume_and_step_change_nothing),
    ("training::steps_one_minibatch_at_a_time", steps_one_minibatch_at_a_time),
    ("training::steps_ten_minibatches_at_a_time", steps_ten_minibatches_at_a_time),
    ("training::a_teacher_slows_a_run_down", a_teacher_slows_a_run_down),
    ("training::a_run_says_what_it_came_to", a_run_says_what_it_came_to),
    ("training::a_run_that_only_guesses_says_so", a_run_that_only_guesses_says_so),
    ("training::reset_forgets_the_run", reset_forgets_the_run),
    ("training::a_new_run_takes_nothing_from_a_kept_one", a_new_run_takes_nothing_from_a_kept_one),
    ("training::the_screen_stays_on_during_a_run", the_screen_stays_on_during_a_run),
    ("training::an_overflow_ends_the_run_and_is_said", an_overflow_ends_the_run_and_is_said),
    ("training::a_network_without_hope_ends_no_page", a_network_without_hope_ends_no_page),
    ("training::the_shipped_weights_come_back", the_shipped_weights_come_back),
    ("training::fast_reads_99_percent_after_its_epoch", fast_reads_99_percent_after_its_epoch),
];

/// From guessing to knowing: the loss falls, the test accuracy passes 95 %, and the drawing is
/// read again meanwhile, without a touch of the pad.
fn learns_while_one_watches(page: &mut Page) -> Result<()> {
    // The page is updated twice a second, so the run has to last for some seconds.
    page.open("images=40000&epochs=3&batch=32&lr=0.002&seed=1")?;
    // No network is sure of a zigzag, so its answer changes with the weights.
    let zigzag = [(0.2, 0.15), (0.8, 0.3), (0.25, 0.45), (0.8, 0.6), (0.2, 0.75), (0.7, 0.9)];
    page.draw_strokes(Pointer::Mouse, &[zigzag.to_vec()])?;
    page.click_when_enabled("#train", 30)?;
    let mut answers = vec![];
    let done = page.wait_until("the end of the run", 120, || {
        let status = page.status()?;
        let answer = page.bars()?;
        if status.state == "training" && status.step > Some(0) && answers.last() != Some(&answer) {
            answers.push(answer);
        }
        Ok(Some(status).filter(|status| status.state == "done"))
    })?;
    ensure!(answers.len() > 5, "the answer changed {} times only", answers.len());
    ensure!(done.epoch == Some(3) && done.step == Some(3 * 1250), "{done:?}");
    ensure!(done.test_accuracy > Some(0.95), "{done:?}");
    page.click("#clear")?;
    page.draw(0)?;
    page.wait_for("a 0, as it has learned", 5, |status| status.prediction == Some(0))?;
    ensure!(done.workers >= Some(1), "{done:?}");
    ensure!(["simd128", "relaxed-simd"].contains(&done.backend.as_str()), "{done:?}");

    let losses: Vec<f64> = page
        .epochs()?
        .iter()
        .map(|row| row.get(1)?.parse().ok())
        .collect::<Option<_>>()
        .context("the table of epochs has the training loss in its second column")?;
    ensure!(losses.len() == 3, "{losses:?}");
    ensure!(losses.is_sorted_by(|earlier, later| earlier > later), "the loss falls: {losses:?}");

    // A whole number of a minibatch's 32 images was right.
    const RAW: &str = "
        const legend = document.querySelectorAll('#accuracy .u-legend .u-value');
        return parseFloat(legend[1].textContent);";
    let raw: f64 = page.ask(RAW, vec![])?;
    let right = raw / 100.0 * 32.0;
    ensure!((right - right.round()).abs() < 0.02, "no minibatch gives {raw} %");
    Ok(())
}

/// Far too large a learning rate: the run ends itself, its last sound weights answer, the charts keep to their axes, and
/// the page says what helps before anything is drawn.
fn an_overflow_ends_the_run_and_is_said(page: &mut Page) -> Result<()> {
    page.train(
        "images=60000&epochs=5&batch=10&optimizer=sgd&lr=1&momentum=0.99&net=c8k3,p2,f,d10s",
    )?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.epoch == Some(0) && done.step < Some(6000), "{done:?}");
    let text = page.text()?;
    ensure!(
        text.contains("so training stopped. The network is kept as it was before that"),
        "{text}"
    );
    ensure!(text.contains("Try a smaller learning rate"), "{text}");
    // The charts are drawn some hundred milliseconds later.
    thread::sleep(Duration::from_secs(1));
    const LEGEND: &str = "
        return [...document.querySelectorAll('#loss .u-legend .u-value')].map(value => value.textContent);";
    let legend: Vec<String> = page.ask(LEGEND, vec![])?;
    ensure!(legend.iter().all(|words| words.chars().count() < 10), "{legend:?}");
    page.draw(3)?;
    let drawn = page.wait_for("a digit", 5, |status| status.prediction.is_some())?;
    ensure!(drawn.state == "done", "{drawn:?}");
    ensure!(page.is_enabled("#train")? && page.is_enabled("#reset")?, "another run can begin");
    Ok(())
}

/// Weights that overflow in the first minibatch leave none that are sound but the random ones.
fn a_network_without_hope_ends_no_page(page: &mut Page) -> Result<()> {
    page.open(
        "images=1000&epochs=1&batch=10&optimizer=sgd&lr=100000&momentum=0.99&net=c8k3,p2,f,d10s",
    )?;
    page.click_when_enabled("#train", 30)?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.error.is_empty() && done.step > Some(0), "{done:?}");
    let text = page.text()?;
    ensure!(text.contains("The network is kept as it was before that"), "{text}");
    page.draw(3)?;
    page.wait_for("a digit", 5, |status| status.prediction.is_some())?;
    for panel in ["inside", "ask", "judge", "yours", "experiment", "runs"] {
        page.click(&format!("#open-{panel}"))?;
        thread::sleep(Duration::from_millis(300));
    }
    let status = page.status()?;
    ensure!(status.error.is_empty(), "{status:?}");
    Ok(())
}

/// The same seed gives the same figures, whether the run was paused and stepped or not.
fn pause_resume_and_step_change_nothing(page: &mut Page) -> Result<()> {
    // Long enough to be paused before its last minibatch.
    const RUN: &str = "images=10000&epochs=1&batch=16&seed=7";
    page.train(RUN)?;
    let straight = page.wait_for_state("done", 90)?;
    let straight_epochs = page.epochs()?;

    page.train(RUN)?;
    page.click("#train")?;
    let paused = page.wait_for_state("paused", 10)?;
    thread::sleep(Duration::from_millis(700));
    let later = page.status()?;
    ensure!(later.state == "paused" && later.step == paused.step, "{paused:?}, then {later:?}");
    page.click("#step")?;
    let next = paused.step.map(|step| step + 1);
    page.wait_for("one more minibatch", 10, |status| {
        status.step == next && status.state == "paused"
    })?;
    page.click_when_enabled("#train", 10)?;
    page.wait_for("the run to go on", 10, |status| status.step > next)?;
    let interrupted = page.wait_for_state("done", 90)?;

    ensure!(straight.test_accuracy.is_some(), "{straight:?}");
    ensure!(
        straight.test_accuracy == interrupted.test_accuracy && straight_epochs == page.epochs()?,
        "{straight:?} {straight_epochs:?}, but with a pause {interrupted:?} {:?}",
        page.epochs()?
    );
    Ok(())
}

fn steps_one_minibatch_at_a_time(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=1&batch=50&seed=3")?;
    for step in 1..=3 {
        page.click_when_enabled("#step", 30)?;
        let what = format!("minibatch {step}");
        page.wait_for(&what, 20, |status| status.state == "paused" && status.step == Some(step))?;
    }
    thread::sleep(Duration::from_millis(300));
    let status = page.status()?;
    ensure!(status.step == Some(3) && status.epoch == Some(0), "{status:?}");
    page.click_when_enabled("#train", 10)?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.step == Some(40) && done.epoch == Some(1), "{done:?}");
    Ok(())
}

/// Chooses an option of a select.
fn choose(page: &Page, select: &str, option: &str) -> Result<()> {
    const CHOOSE: &str = "
        const select = document.querySelector(arguments[0]);
        if (select.disabled) throw new Error('it is disabled');
        select.value = arguments[1];
        select.dispatchEvent(new Event('change', {bubbles: true}));";
    page.browser.script(CHOOSE, vec![json!(select), json!(option)])?;
    Ok(())
}

fn steps_ten_minibatches_at_a_time(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=1&batch=50&seed=3")?;
    choose(page, "#step-size", "10")?;
    for step in [10, 20] {
        page.click_when_enabled("#step", 30)?;
        let what = format!("minibatch {step}");
        page.wait_for(&what, 20, |status| status.state == "paused" && status.step == Some(step))?;
    }
    choose(page, "#step-size", "100")?;
    page.click_when_enabled("#step", 10)?;
    let done = page.wait_for_state("done", 60)?;
    ensure!(done.step == Some(40) && done.epoch == Some(1), "{done:?}");
    Ok(())
}

/// Ten minibatches a second, each with its answer, then as fast as it goes: the result is that of full speed.
fn a_teacher_slows_a_run_down(page: &mut Page) -> Result<()> {
    const RUN: &str = "images=2000&epochs=1&batch=50&seed=3";
    page.train(RUN)?;
    let fast = page.wait_for_state("done", 60)?;
    let epochs = page.epochs()?;

    page.open(&format!("{RUN}&speed=10"))?;
    page.draw(3)?;
    page.train_now()?;
    let from = page.wait_for("five minibatches", 10, |status| status.step >= Some(5))?;
    let to = page.wait_for("ten more", 10, |status| status.step >= Some(15))?;
    let steps = to.step.zip(from.step).map_or(0, |(to, from)| to - from);
    let seconds = (to.now - from.now) / 1000.0;
    let rate = f64::from(steps) / seconds;
    ensure!((7.0..12.0).contains(&rate), "{rate} minibatches a second");
    ensure!(to.images_per_second <= Some(500.0), "{to:?}");
    choose(page, "#speed", "1")?;
    let slow = page.status()?;
    thread::sleep(Duration::from_secs(2));
    let later = page.status()?;
    ensure!(later.step <= slow.step.map(|step| step + 4), "{slow:?}, then {later:?}");
    ensure!(page.hash()?.contains("&speed=1&"), "{}", page.hash()?);
    choose(page, "#speed", "full")?;
    let done = page.wait_for_state("done", 10)?;
    ensure!(!page.hash()?.contains("speed"), "{}", page.hash()?);
    ensure!(done.test_accuracy == fast.test_accuracy, "{fast:?}, then {done:?}");
    ensure!(page.epochs()? == epochs, "{epochs:?}, then {:?}", page.epochs()?);
    Ok(())
}

/// The tab's title while it trains, and at the end a card, which nothing makes room for.
fn a_run_says_what_it_came_to(page: &mut Page) -> Result<()> {
    const TITLE: &str = "return document.title";
    const TOPS: &str = "
        return ['#train', '.recipes', '.progress', '.doors']
            .map(part => document.querySelector(part).getBoundingClientRect())
            .flatMap(({top, height}) => [top, height]);";
    page.open("images=10000&epochs=2&batch=20&seed=5")?;
    ensure!(page.ask::<String>(TITLE, vec![])? == "Inkling");
    page.draw(3)?;
    page.browser.script("scrollTo(0, 0)", vec![])?;
    page.click_when_enabled("#train", 30)?;
    page.wait_for_state("training", 10)?;
    ensure!(page.text()?.contains("It forgot everything"), "{}", page.text()?);
    let titled = |end: &str| {
        page.wait_until(end, 60, || {
            Ok(page.ask::<String>(TITLE, vec![])?.ends_with(end).then_some(()))
        })
    };
    titled(" % · epoch 1 of 2 · Inkling")?;
    let before: Vec<f64> = page.ask(TOPS, vec![])?;
    page.wait_for_state("done", 60)?;
    titled(" % · Inkling")?;
    let text = page.text()?;
    ensure!(text.contains("0 to 9") && text.contains(" s, in this tab"), "{text}");
    let after: Vec<f64> = page.ask(TOPS, vec![])?;
    ensure!(before == after, "{before:?}, then {after:?}");
    let rate: String =
        page.ask("return document.querySelector('#throughput').textContent", vec![])?;
    ensure!(rate != "–", "the last figure stays");
    let outcome: String =
        page.ask("return document.querySelector('#recipe-fast span').textContent", vec![])?;
    ensure!(outcome.starts_with("99.2 %, ") && !outcome.contains("epoch"), "{outcome}");
    page.click("#done-mistakes")?;
    page.wait_until("its mistakes", 20, || {
        const SHOWN: &str = "
            const mistakes = document.querySelector('#judge-mistakes');
            return mistakes?.ariaPressed === 'true' && mistakes.getBoundingClientRect().width > 0;";
        Ok(page.ask::<bool>(SHOWN, vec![])?.then_some(()))
    })?;
    page.click("#done-inside")?;
    ensure!(page.ask::<bool>("return !document.querySelector('#inside').hidden", vec![])?);
    page.click("#done-save")?;
    let focus: String = page.ask("return document.activeElement.id", vec![])?;
    ensure!(focus == "save-safetensors", "{focus} instead of the files");
    page.click("#done-share")?;
    page.wait_until("how that went", 10, || {
        let words = "return document.querySelector('#done-share').textContent";
        Ok((page.ask::<String>(words, vec![])? == "Picture saved").then_some(()))
    })?;
    page.click("#done-close")?;
    ensure!(page.ask::<bool>("return document.querySelector('#done').hidden", vec![])?);
    Ok(())
}

fn a_run_that_only_guesses_says_so(page: &mut Page) -> Result<()> {
    page.train("images=20000&epochs=1&batch=32&optimizer=sgd&lr=1")?;
    page.wait_until("a word about it", 60, || {
        let words = "It only guesses so far: try a smaller learning rate.";
        Ok(page.text()?.contains(words).then_some(()))
    })
}

/// Reset also works in the middle of a run, and the next run starts from scratch.
fn reset_forgets_the_run(page: &mut Page) -> Result<()> {
    const RUN: &str = "images=2000&epochs=1&batch=100&seed=5";
    page.train(RUN)?;
    let first = page.wait_for_state("done", 60)?;

    // It asks before it discards a trained network, and accepts a no.
    page.click("#reset")?;
    page.click("#confirm-no")?;
    let kept = page.status()?;
    ensure!(kept.state == "done" && kept.test_accuracy == first.test_accuracy, "{kept:?}");
    reset(page)?;

    page.click_when_enabled("#train", 10)?;
    page.wait_for("the second run", 20, |status| status.step > Some(0))?;
    reset(page)?;

    page.click_when_enabled("#train", 10)?;
    let third = page.wait_for_state("done", 60)?;
    ensure!(third.test_accuracy == first.test_accuracy, "{first:?}, then {third:?}");
    Ok(())
}

/// A kept run is not lost, so nothing is asked.
fn a_new_run_takes_nothing_from_a_kept_one(page: &mut Page) -> Result<()> {
    page.train("images=500&epochs=1&batch=50&seed=5")?;
    page.wait_for_state("done", 60)?;
    page.click("#open-runs")?;
    // In the store, not only in the table.
    page.wait_until("the kept run", 10, || {
        const KEPT: &str = "
            if (!window.idbKeyval || document.querySelectorAll('#runs-rows tr').length !== 1) return false;
            return idbKeyval.keys(idbKeyval.createStore('inkling', 'kept')).then(keys => keys.length === 3);";
        Ok(page.ask::<bool>(KEPT, vec![])?.then_some(()))
    })?;
    page.click("#train")?;
    ensure!(!page.ask::<bool>("return Boolean(document.querySelector('dialog[open]'))", vec![])?);
    ensure!(
        page.text()?.contains("Keras reference, epochs 1, batch 50 stays in Runs."),
        "{}",
        page.text()?
    );
    page.wait_for("a new run", 20, |status| status.step > Some(0))?;
    page.wait_for_state("done", 60)?;
    Ok(())
}

/// Asked for as a run begins or goes on, and again when the page is seen again; a refusal changes nothing.
fn the_screen_stays_on_during_a_run(page: &mut Page) -> Result<()> {
    const LOCK: &str = "
        window.locks = [0, 0];
        Object.defineProperty(navigator, 'wakeLock', {value: {
            request: async () => {
                locks[0]++;
                if (window.refuses) throw new DOMException('not now', 'NotAllowedError');
                return {release: async () => { locks[1]++; }};
            },
        }});\n";
    page.site.inject("start.js", Fault::Prefixed(LOCK));
    let locks = |asked: u32, released: u32| {
        page.wait_until(&format!("{asked} locks, {released} released"), 5, || {
            let locks: [u32; 2] = page.ask("return locks", vec![])?;
            Ok((locks == [asked, released]).then_some(()))
        })
    };
    page.open("images=2000&epochs=50&batch=32")?;
    locks(0, 0)?;
    page.train_now()?;
    locks(1, 0)?;
    page.browser.script("document.dispatchEvent(new Event('visibilitychange'))", vec![])?;
    locks(2, 1)?;
    page.click("#train")?;
    page.wait_for_state("paused", 10)?;
    locks(2, 2)?;
    page.browser.script("window.refuses = true", vec![])?;
    page.click("#train")?;
    let on = page.wait_for_state("training", 10)?;
    locks(3, 2)?;
    page.wait_for("more minibatches", 10, |status| status.step > on.step)?;
    Ok(())
}

fn reset(page: &Page) -> Result<()> {
    page.click("#reset")?;
    page.agree()?;
    let status = page.wait_for_state("ready", 10)?;
    ensure!(status.step == Some(0) && status.epoch == Some(0), "{status:?}");
    ensure!(status.test_accuracy.is_none(), "{status:?}");
    // Nothing from the old run may still arrive.
    thread::sleep(Duration::from_millis(500));
    let later = page.status()?;
    ensure!(later.state == "ready" && later.step == Some(0), "{later:?}");
    Ok(())
}

/// A run of two minibatches knows little; one click, and the shipped weights answer again.
fn the_shipped_weights_come_back(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=1&batch=100&seed=9")?;
    page.draw(8)?;
    let shipped = page.wait_until("an answer", 5, || page.bars())?;
    for step in 1..=2 {
        page.click_when_enabled("#step", 30)?;
        page.wait_for("a minibatch", 20, |status| {
            status.state == "paused" && status.step == Some(step)
        })?;
    }
    page.wait_until("the run's answer", 5, || Ok(page.bars()?.filter(|bars| *bars != shipped)))?;
    page.click("label:has(#weights-shipped)")?;
    page.wait_until("the shipped weights' answer", 5, || {
        Ok(page.bars()?.filter(|bars| *bars == shipped))
    })?;
    Ok(())
}

/// The whole of MNIST, with two clicks.
fn fast_reads_99_percent_after_its_epoch(page: &mut Page) -> Result<()> {
    page.open("seed=1")?;
    page.click("#recipe-fast")?;
    page.click_when_enabled("#train", 30)?;
    let done = page.wait_for_state("done", 180)?;
    // A minibatch has 16 images.
    ensure!(done.epoch == Some(1) && done.step == Some(60_000 / 16), "{done:?}");
    ensure!(done.test_accuracy >= Some(0.99), "{done:?}");
    Ok(())
}
