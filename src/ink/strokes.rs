//! The pen's movements, as lines.

/// A point on the pad, in fractions of its side: `x` grows to the right, `y` downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// 0 at the left edge, 1 at the right.
    pub x: f32,
    /// 0 at the upper edge, 1 at the lower.
    pub y: f32,
}

impl Point {
    /// Distance to another point.
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    fn is_usable(self) -> bool {
        // Nothing that far off the pad is meant, and squares must not overflow.
        self.x.abs() < 1e6 && self.y.abs() < 1e6
    }
}

/// A line drawn without lifting the pen.
pub type Stroke = Vec<Point>;

/// Strokes in the order in which they were drawn; none is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    strokes: Vec<Stroke>,
    /// Whether further points belong to the last stroke.
    open: bool,
}

impl Drawing {
    /// Puts the pen down, unless the point is not finite or far off the pad.
    pub fn begin(&mut self, point: Point) {
        self.open = point.is_usable();
        if self.open {
            self.strokes.push(vec![point]);
        }
    }

    /// Moves the pen if it is down. Ignores points that are not finite, far off the pad or where the
    /// pen already is, and the rest of a stroke that was removed while it was being drawn.
    pub fn extend(&mut self, point: Point) {
        if self.open
            && let Some(stroke) = self.strokes.last_mut()
            && point.is_usable()
            && stroke.last() != Some(&point)
        {
            stroke.push(point);
        }
    }

    /// Removes the last stroke.
    pub fn undo(&mut self) {
        self.strokes.pop();
        self.open = false;
    }

    /// Removes all strokes.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The strokes, first to last.
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// Whether nothing is drawn.
    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty()
    }
}
