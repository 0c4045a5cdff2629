//! Make it yours: the visitor's own digits, labelled and kept, and weights fine-tuned on them.

pub mod job;

use crate::app::answer::Answer;
use crate::app::collection::Collection;
use crate::app::drawings::{DrawingSet, Labelled};
use crate::app::format::of;
use crate::app::{Context, Outcome};
use crate::data::CLASSES;
use crate::protocol::Trainable;
use job::JobState;

/// The most digits of a class that are kept. Ten of one's own are plenty; a school class can pool theirs.
pub const MOST_OF_A_CLASS: usize = 100;

/// One in this many digits of a class is held out of training.
pub const HELD_OUT_EVERY: usize = 4;

/// What happens in the panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// The drawing on the pad is this digit: add it to My digits and empty the pad for the next.
    Label(u8),
    /// The drawing on the pad is this digit, whatever it was read as: add it to My digits.
    Correct(u8),
    /// Train this part.
    Choose(Trainable),
    /// Fine-tune or Cancel, whichever the button says.
    FineTune,
    /// Go back to the earlier weights, or to the fine-tuned ones again.
    Swap,
}

/// State of the panel.
#[derive(Debug, Default)]
pub struct FineTuneState {
    /// My digits.
    pub digits: Collection<Labelled>,
    /// Fine-tuning on them.
    pub job: JobState,
    /// The digit that a drawing was corrected to, and the drawing's revision.
    corrected: Option<(u8, u32)>,
}

/// What the panel shows of My digits.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Why the drawing on the pad cannot be added.
    pub cannot_label: Option<&'static str>,
    /// Which digits there are enough of.
    pub full: [bool; CLASSES],
    /// What is shown if there are no digits.
    pub empty: Option<&'static str>,
    /// How many there are, and how many of them are held out.
    pub tally: String,
    /// What is wrong with the browser's store.
    pub problem: Option<String>,
    /// The digit deleted last, while that can be undone.
    pub deleted: Option<String>,
}

impl FineTuneState {
    /// The digits of a class, oldest first, and whether each is held out of training. Every fourth of a class is, so
    /// classes with fewer than four have none held out.
    pub fn of_class(&self, class: u8) -> impl Iterator<Item = (&Labelled, bool)> {
        let class = self.digits.all().iter().filter(move |digit| digit.label == class);
        class.enumerate().map(|(at, digit)| (digit, (at + 1).is_multiple_of(HELD_OUT_EVERY)))
    }

    fn is_full(&self, class: u8) -> bool {
        self.of_class(class).count() >= MOST_OF_A_CLASS
    }

    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Label(digit) => {
                if self.cannot_label(&cx.answer).is_none() && self.keep(digit, &cx.answer, out) {
                    out.push(Outcome::Clear);
                }
            }
            Event::Correct(digit) => {
                let there = cx.answer.test_image().is_none()
                    && cx.answer.picture().is_some()
                    && self.corrected(&cx.answer).is_none();
                if there && self.keep(digit, &cx.answer, out) {
                    self.corrected = Some((digit, cx.answer.revision()));
                }
            }
            Event::Choose(part) => self.job.part = part,
            Event::FineTune => self.start_or_cancel(cx, out),
            Event::Swap => {
                let swap = self.swap(cx).map(|(source, _)| Outcome::AnswerFrom(source));
                out.extend(swap);
            }
        }
    }

    /// Adds the drawing to My digits, unless there are enough of that digit; returns whether it did.
    fn keep(&mut self, digit: u8, answer: &Answer, out: &mut Vec<Outcome>) -> bool {
        if self.is_full(digit) {
            out.push(Outcome::Notify(format!(
                "There are already {MOST_OF_A_CLASS} of your {digit}s, which is plenty. Delete one first."
            )));
            return false;
        }
        self.digits.add_drawing(DrawingSet::UserDigits, digit, answer.drawing(), out);
        true
    }

    /// The digit that the drawing on the pad was corrected to.
    pub fn corrected(&self, answer: &Answer) -> Option<u8> {
        let corrected = self.corrected.filter(|(_, revision)| *revision == answer.revision());
        corrected.map(|(digit, _)| digit)
    }

    pub(in crate::app) fn load(&mut self, out: &mut Vec<Outcome>) {
        self.digits.read_drawings(DrawingSet::UserDigits, out);
    }

    fn cannot_label(&self, answer: &Answer) -> Option<&'static str> {
        if !self.digits.is_read() {
            Some("Loading your saved digits.")
        } else if answer.test_image().is_some() {
            Some("That is a test image: draw a digit of your own.")
        } else if answer.picture().is_none() {
            Some("Draw a digit first.")
        } else {
            None
        }
    }

    /// What the panel shows of My digits.
    pub fn view(&self, cx: &Context) -> View {
        let classes = 0..CLASSES as u8;
        let held_out = classes.flat_map(|class| self.of_class(class)).filter(|(_, out)| *out);
        let (all, held_out) = (self.digits.all().len() as u32, held_out.count() as u32);
        View {
            cannot_label: self.cannot_label(&cx.answer),
            full: std::array::from_fn(|class| self.is_full(class as u8)),
            empty: match (all, self.digits.is_read()) {
                (0, false) => Some("Loading your saved digits."),
                (0, true) => Some(
                    "None yet: draw a digit, then say which one it was. Ten or so of each is plenty; \
                     fewer also help.",
                ),
                _ => None,
            },
            tally: match held_out {
                0 => of(all, "digit", "digits"),
                held_out => format!("{}, {held_out} held out", of(all, "digit", "digits")),
            },
            problem: self.digits.problem("digits"),
            deleted: self.digits.deleted().map(|digit| format!("Your {} is deleted.", digit.label)),
        }
    }
}

#[cfg(test)]
mod tests;
