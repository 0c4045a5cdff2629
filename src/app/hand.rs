//! The hand on the pad: it shows that one can draw there, and draws for who cannot.

use crate::data::CLASSES;
use crate::ink::{Drawing, hand, strokes::Stroke};

/// Milliseconds for the demonstration: about as long as a person takes.
const PERSON: f32 = 900.0;

/// Milliseconds for a drawing that was asked for.
const QUICK: f32 = 350.0;

/// Images in MNIST's test set.
const TEST_IMAGES: u32 = 10_000;

/// Between two strokes the pen is up for as long as this many points take.
const LIFT: usize = 9;

/// The demonstration's digit and its seed.
const DEMONSTRATION: (u8, u64) = (5, 4);

/// What the hand writes and may write.
#[derive(Debug)]
pub struct Hand {
    /// Whether it may begin unasked, which it does once.
    pub unasked: bool,
    /// Whether a drawing is to be there at once, for who wants nothing to move.
    pub still: bool,
    /// Decides how it next writes.
    pub seed: u64,
    writing: Option<Writing>,
    /// Whether what is on the pad is nobody's, but a demonstration.
    demonstrates: bool,
    last_digit: Option<u8>,
    /// The test image that is to come onto the pad.
    pub(super) awaited: Option<u32>,
}

/// A drawing that is being written.
#[derive(Debug)]
struct Writing {
    strokes: Vec<Stroke>,
    milliseconds: f32,
    passed: f32,
    /// The digit that was asked for.
    digit: Option<u8>,
}

impl Default for Hand {
    fn default() -> Self {
        Self {
            unasked: true,
            still: false,
            seed: 0,
            writing: None,
            demonstrates: false,
            last_digit: None,
            awaited: None,
        }
    }
}

impl Hand {
    /// Whether it is writing.
    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Whether what is on the pad is a demonstration.
    pub fn demonstrates(&self) -> bool {
        self.demonstrates
    }

    /// Begins the demonstration.
    pub(super) fn demonstrate(&mut self) {
        let (digit, seed) = DEMONSTRATION;
        self.begin(hand::write(digit, seed), PERSON, None);
        self.demonstrates = true;
    }

    /// Begins a digit, by default any other than the last.
    pub(super) fn write(&mut self, digit: Option<u8>) {
        self.seed = self.seed.wrapping_add(1);
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let digit = digit.unwrap_or_else(|| {
            let digit = rng.u8(..CLASSES as u8 - 1);
            // Skips the last one.
            digit + u8::from(self.last_digit.is_some_and(|last| digit >= last))
        });
        self.last_digit = Some(digit);
        self.begin(hand::write(digit, self.seed), QUICK, Some(digit));
    }

    /// Chooses a test image to put onto the pad.
    pub(super) fn choose_test_image(&mut self) -> u32 {
        self.seed = self.seed.wrapping_add(1);
        *self.awaited.insert(fastrand::Rng::with_seed(self.seed).u32(..TEST_IMAGES))
    }

    /// Begins to write strokes as somebody has drawn them.
    pub(super) fn repeat(&mut self, strokes: Vec<Stroke>) {
        self.begin(strokes, PERSON, None);
    }

    fn begin(&mut self, strokes: Vec<Stroke>, milliseconds: f32, digit: Option<u8>) {
        let passed = if self.still { milliseconds } else { 0.0 };
        self.demonstrates = false;
        self.writing = Some(Writing { strokes, milliseconds, passed, digit });
    }

    /// Lets time pass; returns what is then on the pad, and if that is all of it, the digit that was asked for.
    pub(super) fn advance(&mut self, milliseconds: f32) -> Option<(Drawing, Option<u8>)> {
        let writing = self.writing.as_mut()?;
        writing.passed += milliseconds;
        let share = writing.passed / writing.milliseconds;
        let drawing = written(&writing.strokes, share);
        let done = self.writing.take_if(|_| share >= 1.0);
        Some((drawing, done.and_then(|done| done.digit)))
    }

    /// Ends the demonstration; returns whether there was one, whose ink is to go.
    pub(super) fn end_demonstration(&mut self) -> bool {
        self.unasked = false;
        self.awaited = None;
        let demonstrated = std::mem::take(&mut self.demonstrates);
        if demonstrated {
            self.writing = None;
        }
        demonstrated
    }
}

/// What is written after this share of the time.
fn written(strokes: &[Stroke], share: f32) -> Drawing {
    let points: usize = strokes.iter().map(|stroke| stroke.len() + LIFT).sum();
    let mut left = (share.clamp(0.0, 1.0) * points as f32).ceil() as usize;
    let begun = strokes.iter().map_while(|stroke| {
        let now = stroke.len().min(left);
        left = left.saturating_sub(stroke.len() + LIFT);
        (now > 0).then(|| stroke[..now].to_vec())
    });
    Drawing::of(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_stroke_after_stroke_and_ends_with_all_of_it() {
        let mut hand = Hand::default();
        assert_eq!(hand.advance(10.0), None);
        hand.write(Some(4));
        let (mut before, mut pause, mut all) = (0, false, Drawing::default());
        for _ in 0..40 {
            let Some((drawing, _)) = hand.advance(10.0) else { break };
            let points = drawing.strokes().iter().flatten().count();
            assert!(points >= before);
            pause |= points == before;
            (before, all) = (points, drawing);
        }
        assert!(pause, "the pen is lifted");
        assert!(!hand.is_writing());
        assert_eq!(all, Drawing::of(hand::write(4, 1)));
    }

    #[test]
    fn any_digit_is_another_one_and_without_motion_it_is_there_at_once() {
        let mut hand = Hand { still: true, ..Hand::default() };
        let mut last = None;
        for _ in 0..200 {
            hand.write(None);
            let (drawing, digit) = hand.advance(0.0).expect("it is written");
            assert!(digit.is_some_and(|digit| digit < 10) && digit != last && !drawing.is_empty());
            assert!(!hand.is_writing());
            last = digit;
        }
    }
}
