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

    fn is_on_pad(self) -> bool {
        (0.0..=1.0).contains(&self.x) && (0.0..=1.0).contains(&self.y)
    }

    /// The nearest place on the pad.
    fn onto_pad(self) -> Self {
        Self { x: self.x.clamp(0.0, 1.0), y: self.y.clamp(0.0, 1.0) }
    }
}

/// The part of the line from `a` to `b` that is on the pad: its first and last point, if there is one.
///
/// Source: Y.-D. Liang, B. A. Barsky, "A New Concept and Method for Line Clipping", 1984.
fn clip(a: Point, b: Point) -> Option<(Point, Point)> {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let (mut first, mut last) = (0.0f32, 1.0f32);
    // Towards each of the four edges: the line's speed, and its distance from there at the start.
    for (speed, distance) in [(-dx, a.x), (dx, 1.0 - a.x), (-dy, a.y), (dy, 1.0 - a.y)] {
        if speed == 0.0 {
            if distance < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            first = first.max(distance / speed);
        } else {
            last = last.min(distance / speed);
        }
    }
    // Rounding may leave a point just beside the pad.
    let at = |share: f32| Point { x: a.x + share * dx, y: a.y + share * dy }.onto_pad();
    (first < last).then(|| (at(first), at(last)))
}

/// A line drawn without lifting the pen.
pub type Stroke = Vec<Point>;

/// Strokes in the order in which they were drawn; none is empty.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    strokes: Vec<Stroke>,
    /// Whether further points belong to the last stroke.
    open: bool,
    /// Where the pen is, if it is down.
    pen: Option<Point>,
    /// The first stroke of each time that the pen came down; on its way it may leave the pad and come back.
    downs: Vec<usize>,
}

impl PartialEq for Drawing {
    /// What can be seen is the same.
    fn eq(&self, other: &Self) -> bool {
        self.strokes == other.strokes
    }
}

impl Drawing {
    /// A drawing of these strokes, each from a pen that came down for it.
    pub fn of(strokes: impl IntoIterator<Item = Stroke>) -> Self {
        let mut drawing = Self::default();
        for stroke in strokes {
            let mut points = stroke.into_iter();
            points.next().into_iter().for_each(|first| drawing.begin(first));
            points.for_each(|point| drawing.extend(point));
        }
        drawing
    }

    /// Puts the pen down, unless the point is not finite or far off the pad.
    pub fn begin(&mut self, point: Point) {
        self.open = point.is_usable();
        if self.open {
            self.downs.push(self.strokes.len());
            self.strokes.push(vec![point]);
        }
    }

    /// [`Self::begin`] at the place on the pad that is nearest to the pen.
    pub fn pen_down(&mut self, point: Point) {
        let point = point.onto_pad();
        self.begin(point);
        self.pen = self.open.then_some(point);
    }

    /// [`Self::extend`] by as much of the pen's way as is on the pad, so that what is read is what is seen. A stroke
    /// ends where it leaves the pad; where the pen comes back, another one begins.
    pub fn pen_moved(&mut self, point: Point) {
        let Some(before) = self.pen.filter(|_| point.is_usable()) else { return };
        self.pen = Some(point);
        if before.is_on_pad() && point.is_on_pad() {
            self.extend(point);
        } else if let Some((first, last)) = clip(before, point) {
            if !before.is_on_pad() {
                self.strokes.push(vec![first]);
            }
            self.extend(last);
        }
    }

    /// Moves the pen that is down. A point that is no place, or where the pen already is, is ignored;
    /// so is the rest of a stroke that was taken away while it was being drawn.
    pub fn extend(&mut self, point: Point) {
        if self.open
            && let Some(stroke) = self.strokes.last_mut()
            && point.is_usable()
            && stroke.last() != Some(&point)
        {
            stroke.push(point);
        }
    }

    /// Lifts the pen.
    pub fn pen_up(&mut self) {
        self.pen = None;
    }

    /// Whether the pen is down, so that the stroke may go on.
    pub fn pen_is_down(&self) -> bool {
        self.pen.is_some()
    }

    /// Takes away what was drawn since the pen last came down.
    pub fn undo(&mut self) {
        self.strokes.truncate(self.downs.pop().unwrap_or(0));
        self.open = false;
        self.pen = None;
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
