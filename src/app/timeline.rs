//! Going back in a run: which moment's weights answer, and Play, which shows one moment after the other.

use super::answer::Answer;
use crate::protocol::moments::{Moment, Moments};

/// Milliseconds in which Play shows a whole run.
const PLAY: f32 = 8000.0;

/// What happens on the timeline.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// Go to the moment with this index; the one after the last is now.
    Go(usize),
    /// Go to the moment closest to this minibatch.
    GoTo(u32),
    /// Play the run, or stop.
    Play,
    /// This many milliseconds have passed.
    Passed(f32),
}

/// A run's timeline.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The run's moments.
    pub moments: Moments,
    /// How many milliseconds Play has been playing.
    playing: Option<f32>,
}

impl Timeline {
    /// Whether Play is playing.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// The moments before now.
    ///
    /// - `newest`: minibatches that the run has finished.
    pub fn past(&self, newest: u32) -> &[Moment] {
        let all = self.moments.all();
        let past = all.iter().position(|moment| moment.step >= newest).unwrap_or(all.len());
        &all[..past]
    }

    pub(super) fn update(&mut self, event: Event, answer: &mut Answer, newest: u32) {
        match event {
            Event::Go(index) => {
                self.playing = None;
                self.show(index, answer, newest);
            }
            Event::GoTo(step) => {
                let past = self.past(newest);
                let index = self.moments.closest(step, newest).unwrap_or(past.len());
                self.update(Event::Go(index), answer, newest);
            }
            Event::Play => {
                self.playing = (!self.is_playing() && !self.past(newest).is_empty()).then_some(0.0);
                if self.is_playing() {
                    self.show(0, answer, newest);
                }
            }
            Event::Passed(milliseconds) => {
                let Some(played) = &mut self.playing else { return };
                *played += milliseconds;
                let share = *played / PLAY;
                let index = (share * self.past(newest).len() as f32) as usize;
                self.show(index, answer, newest);
                if share >= 1.0 {
                    self.playing = None;
                }
            }
        }
    }

    fn show(&self, index: usize, answer: &mut Answer, newest: u32) {
        let moment = self.past(newest).get(index);
        if moment.map(|moment| moment.step) != answer.moment() || moment.is_none() {
            answer.set_moment(moment.map(|moment| (moment.step, moment.weights())));
        }
    }
}
