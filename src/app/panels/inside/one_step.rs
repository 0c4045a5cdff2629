//! One minibatch's step, seen: what the loss asked of each layer, and how each weight moved.

use crate::app::format::{self, of};
use crate::app::run::RunPhase;
use crate::app::{Context, Outcome};
use crate::data::PIXELS;
use crate::net::trace::LayerActivations;
use crate::protocol::{Request, RunId, SteppedMinibatch};
use std::rc::Rc;

/// A step that the trainer has sent.
#[derive(Clone, Debug)]
pub struct SeenStep {
    /// Its run, and how many minibatches the run has finished with it.
    place: (RunId, u32),
    /// The minibatch, and its image that the network read worst.
    minibatch: SteppedMinibatch,
    /// That image.
    pub image: [f32; PIXELS],
    /// What its loss asks of each number of each layer's output, the first layer's first.
    asked: Vec<f32>,
    /// What the step added to each parameter.
    pub change: Vec<f32>,
}

/// The trainer sends each step once.
impl PartialEq for SeenStep {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl SeenStep {
    /// What the loss asks of a layer's output.
    pub fn asked(&self, layers: &[LayerActivations], layer: usize) -> &[f32] {
        let size = |layer: &LayerActivations| layer.shape.size();
        let start: usize = layers[..layer].iter().map(size).sum();
        self.asked.get(start..start + size(&layers[layer])).unwrap_or_default()
    }

    /// The class of its image that the network read worst.
    pub fn label(&self) -> usize {
        self.minibatch.label as usize
    }

    fn words(&self) -> String {
        let step = format::count(self.place.1);
        let images = of(self.minibatch.images as u32, "image", "images");
        format!(
            "Minibatch {step}: {images}, loss {} before the step.",
            format::loss(self.minibatch.loss)
        )
    }

    /// Which image the panel shows of it.
    pub(super) fn subject(&self) -> String {
        let SteppedMinibatch { place, label, answer, .. } = self.minibatch;
        let (place, step) = (format::count(place as u32 + 1), format::count(self.place.1));
        format!("Image {place} of minibatch {step}: {label}, read as {answer}")
    }

    /// Whether it is a step of a network with these layers.
    pub fn fits(&self, layers: &[LayerActivations]) -> bool {
        let numbers: usize = layers.iter().map(|layer| layer.shape.size()).sum();
        let parameters = layers
            .last()
            .map_or(0, |_| layers.iter().map(|layer| layer.kernel.len() + layer.bias.len()).sum());
        (numbers, parameters) == (self.asked.len(), self.change.len())
    }
}

/// How a parameter took the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterStep {
    /// Which it is.
    pub title: String,
    /// What it was and what it is.
    pub result: String,
    /// The optimizer's equation, with numbers.
    pub lines: Vec<String>,
}

/// What is seen of single steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OneStep {
    /// Whether the panel shows it instead of what the layers give.
    pub shown: bool,
    /// The newest step.
    pub step: Option<Rc<SeenStep>>,
    /// The parameter that is pointed at, and how it took the step.
    pub parameter: Option<u32>,
    /// The words for it, once the trainer has said them.
    pub words: Option<ParameterStep>,
    /// Whether a screen reader waits for them.
    speaks: bool,
    /// Whether the trainer was asked to send steps.
    watches: bool,
}

impl OneStep {
    /// Has the trainer send steps while somebody looks, and no longer.
    pub(in crate::app) fn watch(&mut self, is_open: bool, cx: &Context, out: &mut Vec<Outcome>) {
        let on = is_open && self.shown && cx.trainer.is_ready();
        if on != self.watches {
            self.watches = on;
            out.push(Outcome::Send(Request::Watch { on }, vec![]));
        }
    }

    /// Takes a step from the trainer.
    ///
    /// - `speaks`: whether a screen reader has time to say it.
    pub(in crate::app) fn take(
        &mut self,
        place: (RunId, u32),
        arrays: [Vec<f32>; 4],
        speaks: bool,
        out: &mut Vec<Outcome>,
    ) {
        let [image, asked, change, figures] = arrays;
        let (Some(&image), Some(&figures)) = (image.first_chunk(), figures.first_chunk()) else {
            return;
        };
        let minibatch = SteppedMinibatch::of(figures);
        let step = SeenStep { place, minibatch, image, asked, change };
        if speaks {
            out.push(Outcome::announce(step.words()));
        }
        self.step = Some(Rc::new(step));
        self.ask(out);
    }

    /// Points at a parameter, or at none.
    pub(super) fn point(&mut self, parameter: Option<u32>, speaks: bool, out: &mut Vec<Outcome>) {
        if parameter != self.parameter {
            self.words = None;
            self.parameter = parameter;
            self.speaks = speaks;
            self.ask(out);
        }
    }

    fn ask(&self, out: &mut Vec<Outcome>) {
        if let (Some(parameter), Some(_)) = (self.parameter, &self.step) {
            out.push(Outcome::Send(Request::ExplainStep { parameter }, vec![]));
        }
    }

    /// Takes the words for a parameter's step.
    pub(in crate::app) fn take_words(
        &mut self,
        parameter: u32,
        words: &str,
        out: &mut Vec<Outcome>,
    ) {
        if self.parameter != Some(parameter) {
            return;
        }
        if std::mem::take(&mut self.speaks) {
            out.push(Outcome::announce(words));
        }
        let mut lines = words.lines().map(String::from);
        let mut next = || lines.next().unwrap_or_default();
        let (title, result) = (next(), next());
        self.words = Some(ParameterStep { title, result, lines: lines.collect() });
    }

    /// The step, if the panel shows it and it is one of the present run.
    pub(super) fn seen(&self, cx: &Context) -> Option<&SeenStep> {
        let run = cx.run.as_ref()?.id();
        self.step.as_deref().filter(|step| self.shown && step.place.0 == run)
    }

    /// What to say above the layers: the minibatch, or how to see one; empty while the panel shows something else.
    pub(super) fn text(&self, cx: &Context) -> String {
        if !self.shown {
            return String::new();
        }
        if let Some(step) = self.seen(cx) {
            return step.words();
        }
        String::from(match cx.run.as_ref().filter(|run| run.is_on()).map(|run| run.phase) {
            Some(RunPhase::Training) if cx.form.pace.is_none() => {
                "Pause, then press Step to see one minibatch’s step."
            }
            Some(RunPhase::Training) => "The next minibatch’s step will appear here.",
            _ => cx.cannot_train().unwrap_or("Press Step to see one minibatch’s step."),
        })
    }
}

/// Why no step can be taken now.
pub(super) fn cannot_step(cx: &Context) -> Option<&'static str> {
    match cx.run.as_ref().map(|run| run.phase) {
        Some(RunPhase::Training | RunPhase::Pausing) => Some("Pause to step"),
        Some(RunPhase::Paused | RunPhase::Stepping) => None,
        _ => cx.cannot_train(),
    }
}
