//! Look inside: what each layer makes of a picture, where a number comes from, and why the answer is
//! what it is.

pub mod arithmetic;
pub mod occlusion;

use crate::app::panels::PanelId;
use crate::app::{App, Effect};
use crate::data::{CLASSES, PIXELS};
use crate::net::trace::Trace;

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Subject {
    /// The drawing on the pad.
    #[default]
    Drawing,
    /// A picture with its right answer.
    Image {
        /// 28x28, 0 is paper and 1 is ink.
        picture: Box<[f32; PIXELS]>,
        /// Its class.
        label: u8,
        /// What to call it, like "test image 247".
        name: String,
    },
}

/// A number of a layer's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The layer, from 0.
    pub layer: usize,
    /// Row.
    pub y: usize,
    /// Column.
    pub x: usize,
    /// Channel.
    pub channel: usize,
}

/// How to show why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attribution {
    /// Not at all.
    #[default]
    Off,
    /// How much each pixel would change the class's logit.
    Gradient,
    /// How far the class's probability falls when a patch is covered.
    Occlusion,
}

/// What happens in the panel.
#[derive(Clone, Debug)]
pub enum Event {
    /// Look at this; opens the panel.
    Look(Subject),
    /// Point at a number, or at none.
    Point(Option<Unit>),
    /// Go on from the number pointed at in this layer by so many rows, columns and channels.
    Go(usize, [isize; 3]),
    /// Show why, or no longer.
    Attribution(Attribution),
    /// For this class; `None` is the likeliest.
    Class(Option<usize>),
    /// Show how kernels have changed instead of what they are.
    Change(bool),
    /// The drawing is this digit, as its author says, or none.
    Label(Option<usize>),
}

/// What the panel looks at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InsideState {
    /// The picture.
    pub subject: Subject,
    /// The number pointed at.
    pub unit: Option<Unit>,
    /// The overlay.
    pub attribution: Attribution,
    /// The class that it is for; `None` is the likeliest.
    pub class: Option<usize>,
    /// Whether kernels are shown by their change since training began.
    pub change: bool,
    /// The digit that the drawing is, as its author says.
    label: Option<usize>,
    /// Counts the subjects.
    pub revision: u32,
}

impl App {
    pub(in crate::app) fn look_inside(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Look(subject) => {
                self.inside.subject = subject;
                self.inside.revision = self.inside.revision.wrapping_add(1);
                self.open_panel = Some(PanelId::Inside);
            }
            Event::Point(unit) => self.inside.unit = unit.filter(|unit| self.exists(*unit)),
            Event::Go(layer, by) => {
                self.go(layer, by);
                if let Some(words) = self.spoken_spot() {
                    effects.push(Effect::Announce(words));
                }
            }
            Event::Attribution(attribution) => self.inside.attribution = attribution,
            Event::Class(class) => self.inside.class = class.filter(|&class| class < CLASSES),
            Event::Change(change) => self.inside.change = change,
            Event::Label(label) => {
                self.inside.label = label.filter(|&label| label < CLASSES);
                self.forget_label();
            }
        }
    }

    /// The picture that the panel looks at; `None` with nothing drawn.
    pub fn inside_picture(&self) -> Option<&[f32; PIXELS]> {
        match &self.inside.subject {
            Subject::Drawing => self.answer.picture(),
            Subject::Image { picture, .. } => Some(picture),
        }
    }

    /// The right answer, where the panel's subject has one.
    pub fn inside_label(&self) -> Option<usize> {
        match self.inside.subject {
            Subject::Drawing => self.inside.label,
            Subject::Image { label, .. } => Some(usize::from(label)),
        }
    }

    /// What the drawing is said to be goes with it.
    pub(in crate::app) fn forget_label(&mut self) {
        if self.answer.drawing().is_empty() {
            self.inside.label = None;
        }
    }

    /// Rows, columns and channels of a layer's output.
    fn sizes(&self, layer: usize) -> Option<[usize; 3]> {
        let shapes = self.answer.model()?.architecture.shapes().ok()?;
        shapes.get(layer).map(|shape| [shape.height, shape.width, shape.channels])
    }

    fn exists(&self, unit: Unit) -> bool {
        self.sizes(unit.layer).is_some_and(|[height, width, channels]| {
            unit.y < height && unit.x < width && unit.channel < channels
        })
    }

    /// Moves from the spot in that layer, or its first number, staying inside.
    fn go(&mut self, layer: usize, by: [isize; 3]) {
        let Some(sizes) = self.sizes(layer) else { return };
        let from = self.inside.unit.filter(|unit| unit.layer == layer && self.exists(*unit));
        let place = from.map_or([0; 3], |unit| {
            let place = [unit.y, unit.x, unit.channel];
            std::array::from_fn(|i| place[i].saturating_add_signed(by[i]).min(sizes[i] - 1))
        });
        let [y, x, channel] = place;
        self.inside.unit = Some(Unit { layer, y, x, channel });
    }

    /// The arithmetic of the number pointed at, to be said.
    fn spoken_spot(&self) -> Option<String> {
        let (model, picture) = (self.answer.model()?, self.inside_picture()?);
        let mut trace = Trace::new(model.architecture).ok()?;
        trace.follow(model.weights, picture);
        let names = model.architecture.layer_names();
        let sum = arithmetic::of(&trace, &names, model.weights, self.inside.unit?);
        Some([sum.title.as_str(), &sum.lines.join("; ")].join(": "))
    }
}
