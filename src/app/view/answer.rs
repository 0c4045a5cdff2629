//! The answer: digit, bars, and whose weights give it.

use super::State;
use crate::app::Context;
use crate::app::answer::{Answer, Source};
use crate::app::format::percent;
use crate::app::run::Run;
use crate::app::sort;
use crate::data::CLASSES;

/// Below this probability the page names what else it could be.
const SURE: f32 = 0.6;

/// What the page shows of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerView {
    /// Whether anything is drawn.
    pub drawn: bool,
    /// Whether that is the hand's demonstration, so that nobody's drawing is predicted.
    pub demonstration: bool,
    /// What the pad says at its foot.
    pub hint: String,
    /// Whether it says so: not below a drawing of the visitor's.
    pub hinted: bool,
    /// The likeliest digit.
    pub digit: Option<usize>,
    /// Whether another digit is nearly as likely.
    pub unsure: bool,
    /// Whether the visitor's drawing does not look like a digit.
    pub doubted: bool,
    /// A remark on the answer.
    pub line: String,
    /// Probabilities, 0 to 1.
    pub bars: Option<[f32; CLASSES]>,
    /// The same, as text.
    pub percents: [String; CLASSES],
    /// Whose weights answer.
    pub source: Source,
    /// The shipped weights' name.
    pub shipped_name: &'static str,
    /// Whether they have arrived.
    pub shipped_here: bool,
    /// The run's weights' name.
    pub run_name: String,
    /// Whether there are any.
    pub run_here: bool,
    /// Whether there are fine-tuned weights.
    pub tuned_here: bool,
}

impl AnswerView {
    pub(super) fn of(cx: &Context) -> Self {
        let answer = &cx.answer;
        let bars = answer.probabilities().copied();
        let digit = answer.digit();
        let unsure = digit.is_some_and(|(_, share)| share < SURE);
        let hand_is_at_it = cx.hand.is_writing() || cx.hand.demonstrates();
        let doubted = digit.is_some() && answer.is_doubted() && !hand_is_at_it;
        Self {
            drawn: !answer.is_blank(),
            hint: answer.test_image().map_or_else(
                || String::from("Draw a digit"),
                |index| format!("Test image {index}"),
            ),
            hinted: answer.drawing().is_empty() || cx.hand.demonstrates(),
            demonstration: cx.hand.demonstrates(),
            digit: digit.map(|(digit, _)| digit),
            unsure: unsure || doubted,
            doubted,
            line: line(cx, unsure, doubted),
            percents: bars.map(|bars| bars.map(percent)).unwrap_or_default(),
            bars,
            source: answer.source(),
            shipped_name: match answer.shipped_failure() {
                Some(_) => "pre-trained network (not loaded)",
                None => "pre-trained network",
            },
            shipped_here: answer.shipped().is_some(),
            run_name: match answer.moment() {
                Some(_) => cx.answering(),
                None => cx
                    .run
                    .as_ref()
                    .map_or_else(|| "my network (not trained yet)".into(), Run::weights_name),
            },
            run_here: answer.trained().is_some(),
            tuned_here: answer.is_tuned(),
        }
    }
}

fn line(cx: &Context, unsure: bool, doubted: bool) -> String {
    let answer = &cx.answer;
    match (answer.digit(), answer.probabilities()) {
        (Some((digit, _)), _) if doubted => no_digit(digit),
        (Some(_), Some(bars)) if unsure => {
            let others =
                sort::sorted(bars.iter().enumerate(), |&(_, &share)| sort::descending(share));
            format!("Not sure: {} or {}", others[0].0, others[1].0)
        }
        (Some((_, share)), _) => format!("{} sure", percent(share)),
        (None, Some(_)) => {
            "No answer: the network’s numbers grew too large; try a smaller learning rate".into()
        }
        (None, None) if super::state(cx) == State::Loading => "Loading the network".into(),
        (None, None) if answer.is_blank() => "The answer appears here".into(),
        (None, None) => "Too little to read yet".into(),
    }
}

fn no_digit(nearest: usize) -> String {
    format!("This does not look like a digit; the nearest is {nearest}")
}

/// The answer for a screen reader.
pub fn spoken_answer(answer: &Answer) -> String {
    match answer.digit() {
        Some((digit, _)) if answer.is_doubted() => no_digit(digit),
        Some((digit, share)) => format!("{digit}, {}", percent(share)),
        None if answer.is_blank() => String::from("The pad is empty."),
        None => String::from("No answer yet."),
    }
}
