//! Look inside: what each layer makes of a picture, where a number comes from, and why the answer is what it is.

pub mod arithmetic;
pub mod occlusion;
pub mod one_step;

use crate::app::answer::{Answer, Model};
use crate::app::{Context, Outcome};
use crate::config::architecture::Layer;
use crate::data::{CLASSES, PIXELS};
use crate::net::trace::{LayerActivations, Trace};
use one_step::{OneStep, SeenStep};

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Subject {
    /// The drawing on the pad.
    #[default]
    Drawing,
    /// A picture with a known label.
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

/// How to show why the network answers as it does.
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
    /// Look at this; this opens the panel.
    Look(Subject),
    /// Point at a number; this does nothing while one is pinned.
    Point(Unit),
    /// Pin a number, `None` is the selected one, or let it go if it is pinned.
    Pin(Option<Unit>),
    /// Let the pinned number go or, if there is none, point at none.
    Release,
    /// Move from the selected number in this layer by this many rows, columns and channels.
    Go(usize, [isize; 3]),
    /// Show why the network answers as it does, in this way.
    Attribution(Attribution),
    /// For this class; `None` is the likeliest.
    Class(Option<usize>),
    /// Show how kernels have changed, or what they are.
    Change(bool),
    /// The drawing's label, from its author, or none.
    Label(Option<usize>),
    /// Show the newest minibatch's step, or what the layers give.
    OneStep(bool),
    /// Point at a parameter, with a mouse or with keys; this does nothing while something is pinned.
    Parameter(u32, Pointing),
    /// Pin a parameter, `None` is the selected one, or let it go if it is pinned.
    PinParameter(Option<u32>),
}

/// What somebody points with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointing {
    /// A mouse, a pen or a finger.
    Pointer,
    /// The keyboard, whose user may not see what is said.
    Keys,
}

/// State of the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InsideState {
    /// The picture.
    pub subject: Subject,
    /// The number pointed at.
    pub unit: Option<Unit>,
    /// Whether it stays when something else is pointed at.
    pub pinned: bool,
    /// The overlay.
    pub attribution: Attribution,
    /// The class that it is for; `None` is the likeliest.
    pub class: Option<usize>,
    /// Whether kernels are shown as their change since training began.
    pub change: bool,
    /// The drawing's label, from its author.
    label: Option<usize>,
    /// Counts changes of the subject.
    pub revision: u32,
    /// The newest minibatch's step.
    pub one_step: OneStep,
}

/// What the panel shows, except the layers' numbers.
#[derive(Debug)]
pub struct View<'a> {
    /// Revisions of the drawing, the weights and the subject, which determine the numbers.
    pub stamp: (u32, u32, u32),
    /// What is looked at, in words.
    pub subject: String,
    /// Whether that is the drawing.
    pub is_drawing: bool,
    /// The picture; blank if nothing is drawn.
    pub picture: [f32; PIXELS],
    /// The label, if it is known.
    pub label: Option<usize>,
    /// Why no other label can be given.
    pub cannot_label: Option<&'static str>,
    /// The weights, if they are here.
    pub model: Option<Model<'a>>,
    /// What is pointed at, and how it is shown.
    pub state: &'a InsideState,
    /// The step that is shown instead of what the layers give.
    pub step: Option<&'a SeenStep>,
    /// What to say about it, or how to see one; empty while what the layers give is shown.
    pub step_text: String,
    /// Why no step can be taken now.
    pub cannot_step: Option<&'static str>,
}

impl InsideState {
    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        let answer = &cx.answer;
        match event {
            Event::Look(subject) => out.push(Outcome::LookInside(subject)),
            Event::Point(unit) => {
                if !self.is_pinned(answer) {
                    self.unit = Some(unit).filter(|unit| exists(answer, *unit));
                    self.pinned = false;
                    self.one_step.point(None, false, out);
                }
            }
            Event::Pin(unit) => {
                let unit = unit.or(self.unit).filter(|unit| exists(answer, *unit));
                self.pinned = unit.is_some() && !(self.pinned && unit == self.unit);
                self.unit = unit;
                self.one_step.point(None, false, out);
                if unit.is_some() {
                    out.push(self.spoken_pin());
                }
            }
            Event::Release => {
                if !self.is_pinned(answer) {
                    self.unit = None;
                    self.one_step.point(None, false, out);
                }
                self.pinned = false;
            }
            Event::OneStep(shown) => {
                self.one_step.shown = shown;
                self.pinned = false;
                self.unit = None;
                self.one_step.point(None, false, out);
            }
            Event::Parameter(parameter, pointing) => {
                if !self.is_pinned(answer) || pointing == Pointing::Keys {
                    self.unit = None;
                    self.pinned = false;
                    self.one_step.point(Some(parameter), pointing == Pointing::Keys, out);
                }
            }
            Event::PinParameter(parameter) => {
                let before = self.one_step.parameter;
                let Some(parameter) = parameter.or(before) else { return };
                self.pinned = !(self.pinned && before == Some(parameter));
                self.unit = None;
                self.one_step.point(Some(parameter), false, out);
                out.push(self.spoken_pin());
            }
            Event::Go(layer, by) => {
                self.one_step.point(None, false, out);
                self.go(answer, layer, by);
                out.extend(self.spoken_unit(answer).map(Outcome::announce));
            }
            Event::Attribution(attribution) => self.attribution = attribution,
            Event::Class(class) => self.class = class.filter(|&class| class < CLASSES),
            Event::Change(change) => self.change = change,
            Event::Label(label) => {
                self.label = label.filter(|&label| label < CLASSES);
                self.forget_label(answer);
            }
        }
    }

    pub(in crate::app) fn look_at(&mut self, subject: Subject) {
        self.subject = subject;
        self.revision = self.revision.wrapping_add(1);
    }

    fn spoken_pin(&self) -> Outcome {
        Outcome::announce(if self.pinned { "Pinned" } else { "No longer pinned" })
    }

    /// The label of an emptied drawing goes with it.
    pub(in crate::app) fn forget_label(&mut self, answer: &Answer) {
        if answer.is_blank() {
            self.label = None;
        }
    }

    /// What the panel shows.
    pub fn view<'a>(&'a self, cx: &'a Context) -> View<'a> {
        let (answer, model) = (&cx.answer, cx.answer.model());
        let picture = self.picture(answer);
        let step = self.one_step.seen(cx);
        let (subject, label, cannot_label) = match &self.subject {
            Subject::Image { label, name, .. } => (
                format!("{name}, true digit {label}"),
                Some(usize::from(*label)),
                Some("This image comes with its label"),
            ),
            Subject::Drawing => {
                let subject = match (model, picture) {
                    (None, _) if answer.shipped_failure().is_some() => {
                        "There is no network to look into yet: press Retry to load it, or Train to make one."
                    }
                    (None, _) => "Loading the network.",
                    (_, None) => "Nothing is drawn yet: this is what an empty pad gives.",
                    _ => "Your drawing",
                };
                let subject = answer
                    .test_image()
                    .map_or_else(|| subject.into(), |index| format!("Test image {index}"));
                let cannot = picture.is_none().then_some("Nothing is drawn yet");
                (subject, self.label, cannot)
            }
        };
        View {
            stamp: (answer.revision(), answer.weights_revision(), self.revision),
            subject: step.map_or(subject, SeenStep::subject),
            is_drawing: self.subject == Subject::Drawing,
            picture: picture.copied().unwrap_or([0.0; PIXELS]),
            label,
            cannot_label,
            model,
            state: self,
            step,
            step_text: self.one_step.text(cx),
            cannot_step: one_step::cannot_step(cx),
        }
    }

    /// The picture that the panel looks at; `None` if nothing is drawn.
    pub fn picture<'a>(&'a self, answer: &'a Answer) -> Option<&'a [f32; PIXELS]> {
        match &self.subject {
            Subject::Drawing => answer.picture(),
            Subject::Image { picture, .. } => Some(picture),
        }
    }

    /// Moves from the selected unit in that layer, or from its first number, without leaving the layer.
    fn go(&mut self, answer: &Answer, layer: usize, by: [isize; 3]) {
        let Some(sizes) = sizes(answer, layer) else { return };
        let from = self.unit.filter(|unit| unit.layer == layer && exists(answer, *unit));
        let place = from.map_or([0; 3], |unit| {
            let place = [unit.y, unit.x, unit.channel];
            std::array::from_fn(|i| place[i].saturating_add_signed(by[i]).min(sizes[i] - 1))
        });
        let [y, x, channel] = place;
        self.unit = Some(Unit { layer, y, x, channel });
    }

    fn is_pinned(&self, answer: &Answer) -> bool {
        let exists = self.unit.is_some_and(|unit| exists(answer, unit));
        self.pinned && (exists || self.one_step.parameter.is_some())
    }

    /// The arithmetic of the selected number, for a screen reader.
    fn spoken_unit(&self, answer: &Answer) -> Option<String> {
        // The weights that answer may be another network's by now.
        let unit = self.unit.filter(|unit| exists(answer, *unit))?;
        let (model, picture) = (answer.model()?, self.picture(answer)?);
        let mut trace = Trace::new(model.architecture).ok()?;
        trace.follow(model.weights, picture);
        let names = model.architecture.layer_names();
        let sum = arithmetic::of(&trace, &names, model.weights, unit);
        Some([sum.title.as_str(), &sum.result, &sum.lines.join("; ")].join(": "))
    }
}

/// What a layer of a network does, in plain words.
pub fn purpose(layers: &[LayerActivations], at: usize) -> String {
    let Some(LayerActivations { layer, .. }) = layers.get(at) else { return String::new() };
    let is_conv = |layer: &LayerActivations| matches!(layer.layer, Layer::Conv2D { .. });
    let stays = |what, side| format!("The {what} of each {side} by {side} square stays");
    match *layer {
        Layer::Conv2D { filters, .. } if layers[..at].iter().any(is_conv) => {
            format!("{filters} filters look for patterns made of those")
        }
        Layer::Conv2D { filters, .. } => format!("{filters} filters look for edges"),
        Layer::MaxPooling2D { pool_size } => stays("largest", pool_size),
        Layer::AveragePooling2D { pool_size } => stays("mean", pool_size),
        Layer::Flatten => String::from("All numbers in one row"),
        Layer::Dense { units, .. } if at + 1 == layers.len() => {
            format!("{units} outputs, one for each digit")
        }
        Layer::Dense { units, .. } => format!("{units} neurons weigh all those numbers"),
        Layer::Dropout { .. } => String::from("Works only during training"),
    }
}

/// Rows, columns and channels of a layer's output.
fn sizes(answer: &Answer, layer: usize) -> Option<[usize; 3]> {
    let shapes = answer.model()?.architecture.shapes().ok()?;
    shapes.get(layer).map(|shape| [shape.height, shape.width, shape.channels])
}

fn exists(answer: &Answer, unit: Unit) -> bool {
    sizes(answer, unit.layer).is_some_and(|[height, width, channels]| {
        unit.y < height && unit.x < width && unit.channel < channels
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::presets::NetworkPreset;

    #[test]
    fn every_layer_says_what_it_does() {
        for network in NetworkPreset::ALL {
            let trace = Trace::new(&network.architecture()).expect(network.name);
            let words: Vec<String> =
                (0..trace.layers.len()).map(|at| purpose(&trace.layers, at)).collect();
            assert!(words.iter().all(|words| !words.is_empty()), "{words:?}");
            assert_eq!(words.last().map(String::as_str), Some("10 outputs, one for each digit"));
        }
        let trace = Trace::new(&NetworkPreset::ALL[0].architecture()).expect("it can be built");
        assert_eq!(purpose(&trace.layers, 0), "32 filters look for edges");
        assert_eq!(purpose(&trace.layers, 2), "64 filters look for patterns made of those");
    }
}
