//! What comes onto the pad other than by the visitor's own hand, and what is taken off it.

use super::{App, Effect, Outcome, view};
use crate::ink::Drawing;
use crate::protocol::Request;

impl App {
    /// Lets the hand show that one can draw on the pad, unless something was drawn before.
    pub(super) fn demonstrate(&mut self, effects: &mut Vec<Effect>) {
        let (hand, answer) = (&mut self.cx.hand, &self.cx.answer);
        let nothing_on = answer.is_blank() && !hand.is_writing();
        if answer.model().is_some() && nothing_on && std::mem::take(&mut hand.unasked) {
            hand.demonstrate();
            self.move_hand(0.0, effects);
        }
    }

    /// Shows what the hand has written after this time, and once that is a whole digit, says so.
    pub(super) fn move_hand(&mut self, milliseconds: f32, effects: &mut Vec<Effect>) {
        let Some((drawing, digit)) = self.cx.hand.advance(milliseconds) else { return };
        self.cx.answer.draw(|on_pad| *on_pad = drawing);
        if let Some(digit) = digit {
            let answer = view::spoken_answer(&self.cx.answer);
            effects.push(Effect::Announce(format!("Drew a {digit}. It is read as {answer}")));
        }
    }

    pub(super) fn request_test_image(&mut self, effects: &mut Vec<Effect>) {
        if self.cx.trainer.is_ready() && self.cx.trainer.has_test_images() {
            let index = self.cx.hand.choose_test_image() as f32;
            self.send(Request::TestImages, vec![vec![index]], effects);
        } else {
            self.notify("The test images are not here yet: try again in a moment.");
        }
    }

    /// Puts the test image that was asked for onto the pad, if it is among these.
    pub(super) fn take_test_images(
        &mut self,
        indices: &[f32],
        pictures: &[f32],
        out: &mut Vec<Outcome>,
    ) {
        let mut images = indices.iter().zip(pictures.as_chunks().0);
        let awaited = self.cx.hand.awaited;
        if let Some((&index, picture)) = images.find(|(index, _)| Some(**index as u32) == awaited) {
            self.take_back(Drawing::clear);
            self.cx.answer.show_test_image(index as u32, *picture);
            let answer = view::spoken_answer(&self.cx.answer);
            out.push(Outcome::announce(format!("Test image {index}. It is read as {answer}")));
        }
        self.panels.evaluate.take_pictures(indices, pictures, out);
    }

    /// Leaves the pad to the visitor: takes a demonstration away, and puts all of another drawing there.
    pub(super) fn settle_hand(&mut self) {
        if self.cx.hand.end_demonstration() {
            self.cx.answer.draw(Drawing::clear);
        } else {
            self.move_hand(f32::INFINITY, &mut Vec::new());
        }
    }

    /// Removes something from the drawing.
    pub(super) fn take_back(&mut self, change: fn(&mut Drawing)) {
        self.settle_hand();
        self.cx.answer.draw(change);
        self.panels.inside.forget_label(&self.cx.answer);
    }
}
