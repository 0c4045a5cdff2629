//! Make it yours: the visitor's own digits, labelled and kept, and weights fine-tuned on them.

pub mod job;

use crate::app::drawings::{self, Collection, Drawings, Labelled};
use crate::app::format::of;
use crate::app::panels::PanelId;
use crate::app::{App, Effect};
use crate::data::CLASSES;
use crate::ink::Drawing;
use crate::protocol::Trainable;
use job::JobState;

/// Digits of a class that are kept at most; ten are plenty.
pub const MOST_OF_A_CLASS: usize = 20;

/// Of so many digits of a class, one is held out of training.
pub const HELD_OUT_EVERY: usize = 4;

/// What happens in the panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// The drawing on the pad is this digit: it joins My digits and the pad is empty for the next.
    Label(u8),
    /// What shall learn.
    Choose(Trainable),
    /// Fine-tune or Cancel, whichever the button reads.
    FineTune,
    /// Back to the weights from before, or to the fine-tuned ones again.
    Swap,
}

/// What the panel knows.
#[derive(Debug, Default)]
pub struct FineTuneState {
    /// My digits.
    pub digits: Drawings,
    /// Training on them.
    pub job: JobState,
}

impl FineTuneState {
    /// The digits of a class, oldest first, and whether each is held out of training: every fourth of
    /// a class is, so that fewer than four of it are all trained on.
    pub fn of_class(&self, class: u8) -> impl Iterator<Item = (&Labelled, bool)> {
        let class = self.digits.all().iter().filter(move |digit| digit.label == class);
        class.enumerate().map(|(at, digit)| (digit, (at + 1).is_multiple_of(HELD_OUT_EVERY)))
    }

    fn is_full(&self, class: u8) -> bool {
        self.of_class(class).count() >= MOST_OF_A_CLASS
    }
}

/// What the panel says of My digits.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Why the drawing on the pad cannot join them.
    pub cannot_label: Option<&'static str>,
    /// Which digits there are enough of.
    pub full: [bool; CLASSES],
    /// What stands where the digits would.
    pub empty: Option<&'static str>,
    /// How many there are, and how many of them are held out.
    pub tally: String,
    /// What is wrong with the browser's store.
    pub problem: Option<String>,
    /// What was deleted last, while that can be undone.
    pub deleted: Option<String>,
}

impl App {
    /// Takes what happens in the panel.
    pub(in crate::app) fn update_fine_tune(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Label(digit) => {
                if self.cannot_label().is_some() {
                    return;
                }
                if self.fine_tune.is_full(digit) {
                    self.notify(format!(
                        "There are {MOST_OF_A_CLASS} of your {digit}s: plenty. Delete one first."
                    ));
                    return;
                }
                self.update_drawings(Collection::UserDigits, drawings::Event::Add(digit), effects);
                self.answer.draw(Drawing::clear);
            }
            Event::Choose(part) => self.fine_tune.job.part = part,
            Event::FineTune => self.fine_tune(effects),
            Event::Swap => self.swap_tuned(effects),
        }
    }

    /// Has the panel get what it shows, if it is open.
    pub(in crate::app) fn load_fine_tune_panel(&mut self, effects: &mut Vec<Effect>) {
        if self.open_panel == Some(PanelId::FineTune) {
            self.read_drawings(Collection::UserDigits, effects);
        }
    }

    fn cannot_label(&self) -> Option<&'static str> {
        if !self.fine_tune.digits.is_read() {
            Some("Looking for digits kept from before.")
        } else if self.answer.picture().is_none() {
            Some("Draw a digit first.")
        } else {
            None
        }
    }

    /// What the panel says of My digits.
    pub fn my_digits(&self) -> View {
        let fine_tune = &self.fine_tune;
        let digits = &fine_tune.digits;
        let classes = 0..CLASSES as u8;
        let held_out = classes.flat_map(|class| fine_tune.of_class(class)).filter(|(_, out)| *out);
        let (all, held_out) = (digits.all().len() as u32, held_out.count() as u32);
        View {
            cannot_label: self.cannot_label(),
            full: std::array::from_fn(|class| fine_tune.is_full(class as u8)),
            empty: match (all, digits.is_read()) {
                (0, false) => Some("Looking for digits kept from before."),
                (0, true) => Some(
                    "None yet: draw a digit, then say which it was. Ten or so of each are plenty, \
                     fewer help too.",
                ),
                _ => None,
            },
            tally: match held_out {
                0 => of(all, "digit", "digits"),
                held_out => format!("{}, {held_out} held out", of(all, "digit", "digits")),
            },
            problem: digits.problem().map(|reason| {
                format!(
                    "This browser keeps no digits for this page ({reason}), so these are gone when \
                     you leave."
                )
            }),
            deleted: digits.deleted().map(|digit| format!("A {} is deleted.", digit.label)),
        }
    }
}

#[cfg(test)]
mod tests;
