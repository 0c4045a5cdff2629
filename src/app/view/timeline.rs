//! The timeline: which moment of the run answers.

use crate::app::Context;
use crate::app::format::{count, percent};

/// What the page shows of the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineView {
    /// How many moments there are before now.
    pub past: u32,
    /// The index of the moment that answers; `past` if that is now.
    pub at: u32,
    /// Its minibatch, for `data-moment`; `None` for now.
    pub moment: Option<u32>,
    /// Whether Play is playing.
    pub playing: bool,
    /// The moment in words.
    pub text: String,
}

impl TimelineView {
    pub(super) fn of(cx: &Context) -> Self {
        let newest = cx.run.as_ref().map_or(0, |run| run.progress.step);
        let past = cx.timeline.past(newest);
        let moment = cx.answer.moment();
        let at = past.iter().position(|past| Some(past.step) == moment).unwrap_or(past.len());
        Self {
            past: past.len() as u32,
            at: at as u32,
            moment,
            playing: cx.timeline.is_playing(),
            text: text(cx, moment, past.is_empty()),
        }
    }
}

fn text(cx: &Context, moment: Option<u32>, nothing: bool) -> String {
    let Some(step) = moment else {
        let is_over = cx.run.as_ref().is_some_and(|run| !run.is_on());
        let words = match (nothing, is_over) {
            (true, true) => "No earlier moments of this run are here",
            (true, false) => "Train first, then go back in time",
            (false, _) => "Drag to go back in time",
        };
        return String::from(words);
    };
    match cx.curves.accuracy.smooth_at(step).map(percent) {
        Some(accuracy) => format!("Minibatch {}: {accuracy} in training", count(step)),
        None => String::from("Before the first minibatch"),
    }
}
