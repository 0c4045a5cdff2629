//! What a writer means to draw: strokes as a few points, joined by curves and corners.

use crate::ink::Point;

/// A point of a stroke.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) at: Point,
    /// Whether the pen turns sharply here.
    pub(super) corner: bool,
}

/// Strokes around the origin; a digit is one unit high, and `y` grows downwards.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    pub(super) strokes: Vec<Vec<Node>>,
}

impl Sketch {
    /// Puts the pen down.
    pub(super) fn down(&mut self, x: f32, y: f32) -> &mut Self {
        self.strokes.push(Vec::new());
        self.to(x, y)
    }

    /// Goes on through a point on a curve.
    pub(super) fn to(&mut self, x: f32, y: f32) -> &mut Self {
        self.node(x, y, false)
    }

    /// Goes on to a point and turns sharply there.
    pub(super) fn corner(&mut self, x: f32, y: f32) -> &mut Self {
        self.node(x, y, true)
    }

    /// [`Self::corner`] or [`Self::to`].
    pub(super) fn node(&mut self, x: f32, y: f32, corner: bool) -> &mut Self {
        if let Some(stroke) = self.strokes.last_mut() {
            stroke.push(Node { at: Point { x, y }, corner });
        }
        self
    }

    /// Puts the pen down and draws a part of an ellipse.
    ///
    /// - `turn`: degrees where it begins and how many it goes on, clockwise from the right.
    /// - `growth`: by which fraction the radii have grown at its end.
    pub(super) fn ellipse(
        &mut self,
        middle: (f32, f32),
        radii: (f32, f32),
        turn: (f32, f32),
        growth: f32,
    ) -> &mut Self {
        self.strokes.push(Vec::new());
        let steps = (turn.1.abs() / 30.0).ceil().max(2.0);
        for step in 0..=steps as u32 {
            let share = step as f32 / steps;
            let (sin, cos) = (turn.0 + share * turn.1).to_radians().sin_cos();
            let radius = 1.0 + growth * share;
            self.to(middle.0 + radius * radii.0 * cos, middle.1 + radius * radii.1 * sin);
        }
        self
    }

    /// Where the pen was last.
    pub(super) fn last(&self) -> (f32, f32) {
        let last = self.strokes.last().and_then(|stroke| stroke.last());
        last.map_or((0.0, 0.0), |node| (node.at.x, node.at.y))
    }
}
