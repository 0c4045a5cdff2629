//! Test: how well weights read the test images, class by class and image by image, and drawings that are pinned to be
//! watched.

pub mod duel;
mod figures;
pub mod gallery;
pub mod map;
pub mod reading;

use crate::app::answer::{Answer, Source};
use crate::app::collection::{Collection, Key};
use crate::app::drawings::{self, DrawingSet, Labelled};
use crate::app::format::percent;
use crate::app::panels::inside::Subject;
use crate::app::run::Run;
use crate::app::{Context, Outcome};
use crate::data::{CLASSES, PIXELS};
use crate::protocol::{Evaluation, Request, RunId};
use duel::Duel;
use figures::Evaluated;
pub use figures::Figures;
use gallery::{Choice, Gallery};
use map::ImageMap;
use reading::{History, Reading};
use std::ops::Range;

/// The most drawings that can be pinned.
pub const MOST_PINNED: usize = 12;

/// What happens in the panel.
#[derive(Clone, Debug)]
pub enum Event {
    /// Evaluate the weights that answer now.
    Evaluate,
    /// Show these test images.
    Show(Choice),
    /// Look inside at this image of the map.
    LookAtMapped(u32),
    /// Begin a duel, or go on to its next image.
    GoOn,
    /// The visitor reads the duel's image as this digit.
    Answer(u8),
    /// Show more of them.
    More,
    /// Look inside at the test image with this index.
    Look(u32),
    /// Look inside at a pinned drawing.
    LookAtPinned(Key),
    /// Pin the drawing on the pad, labelled as this digit.
    Pin(u8),
}

/// State of the panel.
#[derive(Debug, Default)]
pub struct EvaluateState {
    /// The pinned drawings.
    pub pinned: Collection<Labelled>,
    /// How each of them is read.
    watched: Vec<Watched>,
    /// Beat the network.
    pub duel: Duel,
    /// The map of test images.
    pub map: ImageMap,
    /// The test images that are shown.
    pub gallery: Gallery,
    labels: Labels,
    evaluated: Option<Evaluated>,
    /// The figures of `evaluated`, once the labels are here.
    figures: Option<Figures>,
    /// The evaluation that was requested.
    pending: Option<PendingEvaluation>,
    /// Why the last request failed.
    failed: Option<String>,
    requests: u32,
    /// Revision of the weights in the last request.
    requested: Option<u32>,
    /// Which run and whose weights the histories follow.
    watching: (Option<RunId>, Option<Source>),
    /// Counts evaluations.
    revision: u32,
}

/// The test set's classes.
#[derive(Debug, Default, PartialEq)]
enum Labels {
    #[default]
    Unasked,
    Asked,
    Here(Vec<u8>),
}

impl Labels {
    fn get(&self) -> &[u8] {
        match self {
            Self::Here(labels) => labels,
            _ => &[],
        }
    }
}

/// An evaluation that was requested.
#[derive(Debug)]
struct PendingEvaluation {
    id: u32,
    name: String,
    /// Whose they are; `None` for the shipped ones.
    run: Option<RunId>,
}

/// How a pinned drawing is read.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The drawing's key.
    pub key: Key,
    /// By the weights that answer.
    pub reading: Option<Reading>,
    /// Probability of its label since the run began.
    pub history: History,
    /// Revision of the weights that read it.
    read_at: Option<u32>,
}

/// What the panel shows.
#[derive(Debug)]
pub struct View<'a> {
    /// Why no weights can be evaluated now.
    pub cannot: Option<String>,
    /// What was or is being evaluated.
    pub status: String,
    /// Why the drawing on the pad cannot be pinned.
    pub cannot_pin: Option<&'static str>,
    /// What is wrong with the browser's store, as a sentence.
    pub problem: Option<String>,
    /// The drawing unpinned last, if there is room for it.
    pub unpinned: Option<&'a Labelled>,
    /// Revision of the weights that answer.
    pub weights_revision: u32,
    /// Whether those weights are changing, so that readings are soon out of date.
    pub is_learning: bool,
    /// Evaluation, test images and pinned drawings.
    pub state: &'a EvaluateState,
}

impl EvaluateState {
    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Evaluate => self.request_evaluation(cx, out),
            Event::Show(choice) => {
                if self.can_show(choice) {
                    self.choose(choice);
                    out.push(Outcome::announce(self.gallery.title()));
                    self.fetch_pictures(out);
                } else if self.evaluated.is_some() {
                    // They are chosen once the labels are here.
                    self.gallery.choice = choice;
                }
            }
            Event::More => {
                let probabilities = self.evaluated.as_ref().map_or(&[][..], |v| &v.probabilities);
                self.gallery.more(self.labels.get(), probabilities);
                self.fetch_pictures(out);
            }
            Event::Look(index) => {
                let exhibit = self.gallery.exhibits.iter().find(|e| e.index == index);
                out.extend(exhibit.and_then(|exhibit| {
                    Some(look_at_test_image(index, exhibit.label, exhibit.picture.clone()?))
                }));
            }
            Event::GoOn => {
                if !self.duel.go_on() {
                    let probabilities = self.evaluated.as_ref().map(|v| &v.probabilities[..]);
                    let indices =
                        self.duel.begin(self.labels.get(), probabilities.unwrap_or_default());
                    out.push(Outcome::Send(Request::TestImages, vec![indices]));
                }
            }
            Event::Answer(digit) => {
                out.extend(self.duel.answer(digit).map(Outcome::announce));
            }
            Event::LookAtMapped(index) => {
                self.map.wanted = Some(index);
                out.push(Outcome::Send(Request::TestImages, vec![vec![index as f32]]));
            }
            Event::LookAtPinned(key) => out.extend(self.pinned.find(key).map(|drawing| {
                let (picture, label) = (drawing.picture.clone(), drawing.label);
                let name = String::from("Pinned drawing");
                Outcome::LookInside(Subject::Image { picture, label, name })
            })),
            Event::Pin(label) => {
                if self.cannot_pin(&cx.answer).is_none() {
                    let (set, add) = (DrawingSet::Pinned, drawings::Event::Add(label));
                    self.pinned.update_drawings(set, add, cx.answer.drawing(), out);
                }
            }
        }
    }

    /// Requests what the panel needs, as far as it can be had.
    pub(in crate::app) fn load(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        self.change();
        self.pinned.read_drawings(DrawingSet::Pinned, out);
        if cx.trainer.is_ready() && cx.trainer.has_test_images() {
            if self.labels == Labels::Unasked {
                self.labels = Labels::Asked;
                out.push(Outcome::Send(Request::TestLabels, vec![]));
            }
            self.fetch_pictures(out);
        }
    }

    /// Takes pictures that have arrived: for the gallery, the duel, or a pressed point of the map.
    pub(in crate::app) fn take_pictures(
        &mut self,
        indices: &[f32],
        pictures: &[f32],
        out: &mut Vec<Outcome>,
    ) {
        self.gallery.hang(indices, pictures);
        self.duel.take(indices, pictures);
        if let (&[index], Some(wanted)) = (indices, self.map.wanted)
            && index as u32 == wanted
            && let Some(picture) = pictures.first_chunk::<PIXELS>()
            && let Some(&label) = self.labels.get().get(wanted as usize)
        {
            self.map.wanted = None;
            out.push(look_at_test_image(wanted, label, Box::new(*picture)));
        }
    }

    /// The test images' digits, once they are here.
    pub fn labels(&self) -> &[u8] {
        self.labels.get()
    }

    /// What the panel shows.
    pub fn view(&self, cx: &Context) -> View<'_> {
        let cannot = cx.cannot_evaluate();
        let room = self.pinned.all().len() < MOST_PINNED;
        View {
            status: self.status(cx.run.as_ref(), cannot.as_deref()),
            cannot,
            cannot_pin: self.cannot_pin(&cx.answer),
            problem: self.pinned.problem("drawings"),
            unpinned: self.pinned.deleted().filter(|_| room),
            weights_revision: cx.answer.weights_revision(),
            is_learning: cx.run.as_ref().is_some_and(Run::expects_progress),
            state: self,
        }
    }

    /// A number that changes whenever an evaluation comes.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The last evaluation's figures.
    pub fn figures(&self) -> Option<&Figures> {
        self.figures.as_ref()
    }

    /// Whether these test images can be chosen: without an evaluation nothing is a mistake.
    pub fn can_show(&self, choice: Choice) -> bool {
        match choice {
            Choice::Sample => !self.labels.get().is_empty(),
            Choice::Mistakes | Choice::Cell { .. } => self.figures.is_some(),
        }
    }

    /// How a pinned drawing is read; `None` if it has not been read yet.
    pub fn watched(&self, key: Key) -> Option<&Watched> {
        self.watched.iter().find(|watched| watched.key == key)
    }

    fn change(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    fn choose(&mut self, choice: Choice) {
        let probabilities = self.evaluated.as_ref().map_or(&[][..], |v| &v.probabilities);
        self.gallery.choose(choice, self.labels.get(), probabilities);
    }

    fn fetch_pictures(&self, out: &mut Vec<Outcome>) {
        let missing = self.gallery.missing();
        if !missing.is_empty() {
            out.push(Outcome::Send(Request::TestImages, vec![missing]));
        }
    }

    pub(in crate::app) fn take_labels(&mut self, labels: &[f32], out: &mut Vec<Outcome>) {
        self.labels = match labels {
            [] => Labels::Unasked,
            labels => Labels::Here(labels.iter().map(|&label| label as u8).collect()),
        };
        self.set_figures();
        let choice = Some(self.gallery.choice).filter(|choice| self.can_show(*choice));
        self.choose(choice.unwrap_or_default());
        self.fetch_pictures(out);
    }

    fn request_evaluation(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        let Some(model) = cx.answer.model().filter(|_| cx.cannot_evaluate().is_none()) else {
            return;
        };
        let (architecture, weights) = (model.architecture.clone(), model.weights.to_vec());
        self.requests += 1;
        self.requested = Some(cx.answer.weights_revision());
        let (id, name, run) = (self.requests, cx.answering(), cx.answering_run());
        self.pending = Some(PendingEvaluation { id, name, run });
        self.failed = None;
        self.change();
        out.push(Outcome::Send(Request::Evaluate { id, architecture }, vec![weights]));
    }

    /// Evaluates and maps the weights that answer, each if they are others than last time and no answer is on its way.
    pub(in crate::app) fn follow(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        self.map.follow(cx, 0.0, out);
        if self.pending.is_none() && self.requested != Some(cx.answer.weights_revision()) {
            self.request_evaluation(cx, out);
        }
    }

    /// Takes the requested evaluation, or why there is none; late ones are dropped.
    pub(in crate::app) fn take_evaluation(
        &mut self,
        id: u32,
        evaluated: Result<(Evaluation, Vec<f32>), String>,
        out: &mut Vec<Outcome>,
    ) {
        let pending = self.pending.take_if(|pending| pending.id == id);
        let Some(PendingEvaluation { name, run, .. }) = pending else { return };
        match evaluated {
            Ok((evaluation, probabilities)) => {
                let right = percent(evaluation.accuracy);
                let words = format!("Tested: {name}. {right} of the test images correct.");
                out.push(Outcome::announce(words));
                self.evaluated = Some(Evaluated { name, run, evaluation, probabilities });
            }
            Err(reason) => self.failed = Some(reason),
        }
        self.set_figures();
    }

    /// Takes the evaluation of the run's weights after an epoch.
    pub(in crate::app) fn take_epoch(
        &mut self,
        run: RunId,
        epoch: u32,
        evaluation: Evaluation,
        probabilities: Vec<f32>,
    ) {
        let (name, run) = (format!("my network, epoch {epoch}"), Some(run));
        self.evaluated = Some(Evaluated { name, run, evaluation, probabilities });
        self.failed = None;
        self.set_figures();
    }

    /// Sets the figures as soon as the labels are here.
    fn set_figures(&mut self) {
        let labels = self.labels.get();
        let evaluated = self.evaluated.as_ref().filter(|_| !labels.is_empty());
        self.figures = evaluated.map(|evaluated| evaluated.figures(labels));
        self.change();
    }

    /// The trainer is gone, and its answer will not come.
    pub(in crate::app) fn lose_trainer(&mut self) {
        self.pending = None;
        self.map.lose_trainer();
        if self.labels == Labels::Asked {
            self.labels = Labels::Unasked;
        }
        self.change();
    }

    /// What was or is being evaluated.
    fn status(&self, run: Option<&Run>, cannot: Option<&str>) -> String {
        let run = run.map(Run::id);
        let evaluated = self.evaluated.as_ref().filter(|_| self.figures.is_some());
        match (&self.pending, &self.failed, evaluated) {
            (Some(pending), ..) => format!("Testing: {}.", pending.name),
            (_, Some(reason), _) => format!("This network could not be tested: {reason}"),
            (.., Some(evaluated)) if evaluated.run.is_none() || evaluated.run == run => {
                format!("Tested: {}.", evaluated.name)
            }
            (.., Some(evaluated)) => {
                format!("Tested: {}.", evaluated.name.replace("my network", "an earlier network"))
            }
            _ => String::from(cannot.unwrap_or(
                "Not tested yet. Press Test now, or train: each epoch ends with a test.",
            )),
        }
    }

    /// Reads one of the visible pictures that the current weights have not read yet, pinned drawings first. Returns
    /// false if there is none.
    pub(in crate::app) fn read_next(
        &mut self,
        answer: &mut Answer,
        run: Option<RunId>,
        pinned: bool,
        exhibits: Range<usize>,
    ) -> bool {
        if answer.model().is_none() {
            return false;
        }
        if pinned && self.watch_next(answer, run) {
            return true;
        }
        let now = Some(answer.weights_revision());
        let exhibits = self.gallery.exhibits.get_mut(exhibits).unwrap_or_default();
        // Those that were read longest ago come first, so that all get their turn while the weights change.
        let stale = exhibits.iter_mut().filter(|e| e.picture.is_some() && e.read_at != now);
        let Some(exhibit) = stale.min_by_key(|exhibit| exhibit.read_at) else { return false };
        if let Some(picture) = &exhibit.picture {
            let answer = answer.network().probabilities(&picture[..]).first_chunk();
            exhibit.reading = answer.and_then(Reading::of);
        }
        exhibit.read_at = now;
        true
    }

    fn watch_next(&mut self, answer: &mut Answer, run: Option<RunId>) -> bool {
        let now = Some(answer.weights_revision());
        let watching = (run, Some(answer.source()));
        if self.watching != watching {
            self.watching = watching;
            self.watched.clear();
        }
        let watched = &mut self.watched;
        let read =
            |watched: &[Watched], key| watched.iter().any(|w| w.key == key && w.read_at == now);
        let next = self.pinned.all().iter().find(|drawing| !read(watched, drawing.key));
        let Some(drawing) = next else { return false };
        let at = watched.iter().position(|w| w.key == drawing.key).unwrap_or_else(|| {
            let (key, history) = (drawing.key, History::default());
            watched.push(Watched { key, reading: None, history, read_at: None });
            watched.len() - 1
        });
        let is_now = answer.moment().is_none();
        let answer: Option<&[f32; CLASSES]> =
            answer.network().probabilities(&drawing.picture[..]).first_chunk();
        let watched = &mut watched[at];
        watched.read_at = now;
        watched.reading = answer.and_then(Reading::of);
        if let (Some(answer), Some(_), true) = (answer, watched.reading, is_now) {
            watched.history.push(answer[usize::from(drawing.label)]);
        }
        true
    }

    /// Why the drawing on the pad cannot be pinned.
    fn cannot_pin(&self, answer: &Answer) -> Option<&'static str> {
        if !self.pinned.is_read() {
            Some("Loading your pinned drawings.")
        } else if answer.test_image().is_some() {
            Some("That is a test image: draw a digit on the pad first.")
        } else if answer.picture().is_none() {
            Some("Draw a digit on the pad first.")
        } else if self.pinned.all().len() >= MOST_PINNED {
            Some("Twelve drawings are pinned already: unpin one first.")
        } else {
            None
        }
    }
}

fn look_at_test_image(index: u32, label: u8, picture: Box<[f32; PIXELS]>) -> Outcome {
    Outcome::LookInside(Subject::Image { picture, label, name: format!("Test image {index}") })
}

#[cfg(test)]
mod tests;
