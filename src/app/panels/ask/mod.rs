//! Ask it: what the network takes for a typical digit, and what would make the drawing another one.

use crate::app::answer::Answer;
use crate::app::format::percent;
use crate::app::{Context, Outcome};
use crate::data::{CLASSES, PIXELS};
use crate::net::ascent::{Ascent, Goal};
use crate::net::loss;
use crate::net::trace::Trace;

/// What happens in the panel.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// Ask for this.
    Ask(Goal),
    /// Show this share of the change, 0 to 1.
    Share(f32),
    /// Forget the question.
    Stop,
}

/// State of the panel.
#[derive(Debug)]
pub struct AskState {
    ascent: Option<Ascent>,
    /// The network that was asked, as its weights' revision says.
    trace: Option<(Trace, u32)>,
    /// Whether the network that was asked was about to change, so that a thorough answer is still owed.
    owes: bool,
    /// Revision of the drawing that is to change.
    drawing: u32,
    /// The share of the change that is shown, 0 to 1.
    share: f32,
    /// How the network reads what is shown.
    read: Option<[f32; CLASSES]>,
    /// Counts changes of what is shown.
    revision: u32,
}

impl Default for AskState {
    fn default() -> Self {
        Self {
            ascent: None,
            trace: None,
            owes: false,
            drawing: 0,
            share: 1.0,
            read: None,
            revision: 0,
        }
    }
}

/// What the panel shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Why the drawing cannot be asked about.
    pub cannot_change: Option<&'static str>,
    /// Why nothing can be asked.
    pub cannot: Option<&'static str>,
    /// What was asked.
    pub question: Option<Goal>,
    /// What is shown, 28x28, 0 is paper and 1 is ink; empty without a question.
    pub picture: Vec<f32>,
    /// The ink that was added, and where it is negative taken away.
    pub change: Vec<f32>,
    /// The share of the change that is shown, 0 to 1.
    pub share: f32,
    /// The answer in a sentence.
    pub words: String,
    /// How what is shown is read.
    pub reading: String,
}

impl AskState {
    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Ask(goal) => self.ask(goal, &cx.answer),
            Event::Share(share) => {
                self.share = share.clamp(0.0, 1.0);
                self.read = None;
            }
            Event::Stop => {
                self.ascent = None;
                out.push(Outcome::announce("The question is closed."));
            }
        }
        self.change();
    }

    fn ask(&mut self, question: Goal, answer: &Answer) {
        let picture = answer.picture();
        if question.class() >= CLASSES || self.cannot(answer).is_some() {
            return;
        }
        if matches!(question, Goal::Change(_)) && picture.is_none() {
            return;
        }
        self.ascent = Some(Ascent::new(question, picture.unwrap_or(&[0.0; PIXELS])));
        self.drawing = answer.revision();
        self.share = 1.0;
        self.read = None;
    }

    fn change(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    /// A number that changes whenever what is shown does.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    fn cannot(&self, answer: &Answer) -> Option<&'static str> {
        let Some(model) = answer.model() else { return Some("The network has not loaded yet.") };
        let input = model.architecture.input;
        (input.size() != PIXELS).then_some("This network reads no drawings.")
    }

    /// Takes one step towards the answer; returns whether there is more to do. The question follows the drawing and the
    /// weights; while a run `trains`, only as far as training does not feel it.
    pub(in crate::app) fn think(&mut self, answer: &mut Answer, trains: bool) -> bool {
        let Some(ascent) = &mut self.ascent else { return false };
        let Some(model) = answer.model() else { return false };
        let revision = answer.weights_revision();
        let changes = trains && answer.moment().is_none();
        let asked = self.trace.as_ref().map(|(_, of)| *of);
        if !self.trace.as_ref().is_some_and(|(trace, _)| fits(trace, model.architecture)) {
            let Ok(trace) = Trace::new(model.architecture) else { return false };
            self.trace = Some((trace, revision));
        }
        if let Some((_, of)) = &mut self.trace {
            *of = revision;
        }
        if changes && asked != Some(revision) {
            ascent.follow();
            self.owes = true;
        } else if asked != Some(revision) || (self.owes && !changes) {
            ascent.refresh();
            self.owes = false;
        }
        if matches!(ascent.question(), Goal::Change(_)) && self.drawing != answer.revision() {
            self.drawing = answer.revision();
            let Some(picture) = answer.picture() else {
                self.ascent = None;
                self.change();
                return false;
            };
            *ascent = Ascent::new(ascent.question(), picture);
        }
        let was_done = ascent.is_done();
        if let Some((trace, _)) = &mut self.trace {
            ascent.step(trace, model.weights);
        }
        if was_done && self.read.is_some() {
            return false;
        }
        let shown = ascent.on_the_way(self.share);
        self.read = answer.network().probabilities(&shown).first_chunk().copied();
        self.change();
        true
    }

    /// What the panel shows.
    pub fn view(&self, cx: &Context) -> View {
        let cannot = self.cannot(&cx.answer);
        let drawn = cx.answer.picture().is_some();
        let mut view = View {
            cannot_change: cannot.or((!drawn).then_some("Draw a digit first.")),
            cannot,
            share: self.share,
            words: String::from("Choose a digit."),
            ..View::default()
        };
        if let Some(ascent) = &self.ascent {
            view.question = Some(ascent.question());
            view.picture = ascent.on_the_way(self.share);
            view.change = ascent.change();
            view.words = words(ascent);
            view.reading = self.read.as_ref().map(|read| reading(read, ascent)).unwrap_or_default();
        }
        view
    }
}

fn fits(trace: &Trace, architecture: &crate::config::Architecture) -> bool {
    trace.layers.iter().map(|layer| layer.layer).eq(architecture.layers.iter().copied())
}

fn words(ascent: &Ascent) -> String {
    let class = ascent.question().class();
    let ink = |numbers: &[f32]| numbers.iter().sum::<f32>();
    match ascent.question() {
        Goal::Typical(_) => format!(
            "What this network would most like to see as a {class}. It knows nothing else of what a {class} looks like."
        ),
        Goal::Change(_) if ascent.is_found() => {
            let change = ascent.change();
            let most = ink(&ascent.on_the_way(0.0)).max(f32::MIN_POSITIVE);
            let (mut more, mut less) = (0.0, 0.0);
            change.iter().for_each(|&by| if by > 0.0 { more += by } else { less -= by });
            format!(
                "The smallest change found that makes it a {class}: {} of its ink added (blue), {} taken away (orange).",
                percent(more / most),
                percent(less / most)
            )
        }
        Goal::Change(_) if ascent.is_done() => {
            format!("No change was found that makes it a {class}.")
        }
        Goal::Change(_) => format!("Looking for what would make it a {class}."),
    }
}

fn reading(read: &[f32; CLASSES], ascent: &Ascent) -> String {
    let class = ascent.question().class();
    let answer = loss::argmax(read);
    let sure = percent(read[answer]);
    if answer == class {
        format!("Read as {answer}, {sure} sure")
    } else {
        format!("Read as {answer}, {sure} sure; {class}: {}", percent(read[class]))
    }
}

#[cfg(test)]
mod tests;
