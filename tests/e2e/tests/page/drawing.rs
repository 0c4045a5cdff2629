//! The pen: a drawing is read at once, with the shipped weights.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Engine, Fault, Page, Pointer};

use crate::Test;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("drawing::every_digit_is_recognised", every_digit_is_recognised),
    ("drawing::undo_and_clear", undo_and_clear),
    ("drawing::a_dot_is_no_accident", a_dot_is_no_accident),
    ("drawing::a_resting_hand_draws_nothing", a_resting_hand_draws_nothing),
    ("drawing::what_is_seen_is_what_is_read", what_is_seen_is_what_is_read),
    ("drawing::what_is_no_digit_is_doubted", what_is_no_digit_is_doubted),
    ("drawing::works_before_any_data_is_there", works_before_any_data_is_there),
];

fn every_digit_is_recognised(page: &mut Page) -> Result<()> {
    let status = page.open("")?;
    ensure!(status.prediction.is_none(), "an empty pad is no digit: {status:?}");
    let mut misread = vec![];
    for digit in 0..10 {
        page.draw(digit)?;
        let status = page.wait_for("a prediction", 5, |status| status.prediction.is_some())?;
        if status.prediction != Some(digit) {
            misread.push((digit, status.prediction));
        }
        page.click("#clear")?;
        page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    }
    ensure!(misread.is_empty(), "misread (drawn, seen): {misread:?}");
    Ok(())
}

/// The second stroke turns a 1 into a 4, and undo removes just that stroke.
fn undo_and_clear(page: &mut Page) -> Result<()> {
    page.open("")?;
    let strokes = e2e::digits::strokes(4);
    page.draw_strokes(Pointer::Mouse, &strokes[1..])?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    let one = page.bars()?;
    page.draw_strokes(Pointer::Mouse, &strokes[..1])?;
    page.wait_for("a 4", 5, |status| status.prediction == Some(4))?;

    page.click("#undo")?;
    page.wait_for("the 1 again", 5, |status| status.prediction == Some(1))?;
    page.wait_until("its percentages", 5, || Ok((page.bars()? == one).then_some(())))?;
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    ensure!(!page.is_enabled("#undo")?, "there is nothing left to undo");

    page.draw(3)?;
    page.wait_for("a 3", 5, |status| status.prediction == Some(3))?;
    page.click("#clear")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

fn a_dot_is_no_accident(page: &mut Page) -> Result<()> {
    page.open("")?;
    page.draw_strokes(Pointer::Mouse, &[vec![(0.5, 0.5)]])?;
    let status = page.status()?;
    ensure!(status.state == "ready" && status.error.is_empty(), "{status:?}");
    page.click("#clear")?;
    page.draw(1)?;
    page.wait_for("a 1", 5, |status| status.prediction == Some(1))?;
    Ok(())
}

/// Neither one that was there before the pen, nor one that comes down between two strokes.
fn a_resting_hand_draws_nothing(page: &mut Page) -> Result<()> {
    if page.browser.engine() != Engine::Chromium {
        // The other drivers have no pen.
        return Ok(());
    }
    page.open("")?;
    page.draw_strokes(Pointer::Pen, &e2e::digits::strokes(4))?;
    page.wait_for("a 4", 5, |status| status.prediction == Some(4))?;
    let four = page.bars()?;
    page.click("#clear")?;
    thread::sleep(Duration::from_secs(3));

    page.rest_hand(0.85, 0.9)?;
    page.wait_for("a finger's dot", 5, |status| status.prediction.is_some())?;
    let strokes = e2e::digits::strokes(4);
    page.draw_strokes(Pointer::Pen, &strokes[..1])?;
    page.browser.lift_hand()?;
    page.rest_hand(0.8, 0.95)?;
    page.draw_strokes(Pointer::Pen, &strokes[1..])?;
    page.browser.lift_hand()?;
    page.wait_for("a 4", 5, |status| status.prediction == Some(4))?;
    page.wait_until("the same 4", 5, || Ok((page.bars()? == four).then_some(())))
}

/// The network reads no ink beside the pad: a line that leaves it ends there, and one Undo takes all of it.
fn what_is_seen_is_what_is_read(page: &mut Page) -> Result<()> {
    page.open("")?;
    let within = vec![vec![(0.2, 0.5), (1.0, 0.5)], vec![(0.2, 0.75), (1.0, 0.75)]];
    page.draw_strokes(Pointer::Mouse, &within)?;
    let read = page.bars()?;
    page.click("#clear")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;

    let beyond = vec![(0.2, 0.5), (1.6, 0.5), (1.6, 0.75), (0.2, 0.75)];
    page.draw_strokes(Pointer::Mouse, &[beyond])?;
    page.wait_until("the same answer", 5, || Ok((page.bars()? == read).then_some(())))?;
    page.click("#undo")?;
    page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
    Ok(())
}

/// A house and a letter are none, to whichever network.
fn what_is_no_digit_is_doubted(page: &mut Page) -> Result<()> {
    page.open("images=2000&epochs=1&batch=100")?;
    let house = vec![vec![
        (0.2, 0.85),
        (0.2, 0.45),
        (0.5, 0.15),
        (0.8, 0.45),
        (0.8, 0.85),
        (0.2, 0.85),
        (0.8, 0.45),
        (0.2, 0.45),
        (0.8, 0.85),
    ]];
    let letter = vec![
        vec![(0.25, 0.15), (0.25, 0.85)],
        vec![(0.75, 0.15), (0.75, 0.85)],
        vec![(0.25, 0.5), (0.75, 0.5)],
    ];
    let doubt = |page: &Page| -> Result<Option<String>> {
        page.ask("return document.body.dataset.doubt", vec![])
    };
    for run in [false, true] {
        for strokes in [&house, &letter] {
            page.draw_strokes(Pointer::Mouse, strokes)?;
            page.wait_until("a doubt", 5, || {
                Ok((doubt(page)?.as_deref() == Some("true")).then_some(()))
            })?;
            let text = page.text()?;
            ensure!(text.contains("This does not look like a digit; the nearest is "), "{text}");
            page.click("#clear")?;
            page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
        }
        for digit in 0..10 {
            page.draw(digit)?;
            page.wait_for("a digit", 5, |status| status.prediction.is_some())?;
            ensure!(doubt(page)?.as_deref() == Some("false"), "{digit}, {run}");
            page.click("#clear")?;
            page.wait_for("an empty pad", 5, |status| status.prediction.is_none())?;
        }
        if !run {
            page.train_now()?;
            page.wait_for_state("done", 60)?;
        }
    }
    Ok(())
}

/// Drawing needs no data set; a Train pressed too early waits for it or cannot be pressed; and the
/// first part is enough to begin with.
fn works_before_any_data_is_there(page: &mut Page) -> Result<()> {
    let parts = crate::parts()?;
    let manifest = String::from("manifest.json");
    for file in parts.iter().chain([&manifest]) {
        page.site.inject(file, Fault::Held);
    }
    page.open("images=2000&epochs=1&batch=100")?;
    page.draw(2)?;
    page.wait_for("a 2", 5, |status| status.prediction == Some(2))?;
    if page.is_enabled("#train")? {
        page.click("#train")?;
    }
    thread::sleep(Duration::from_millis(500));
    let status = page.status()?;
    ensure!(status.step == Some(0) && status.error.is_empty(), "{status:?}");

    page.site.heal(&manifest);
    page.site.heal(&parts[0]);
    page.train_now()?;
    for part in &parts {
        page.site.heal(part);
    }
    let status = page.wait_for_state("done", 60)?;
    ensure!(status.step == Some(20) && status.test_accuracy.is_some(), "{status:?}");
    Ok(())
}
