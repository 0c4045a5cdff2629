//! Judge: what weights come to on the test images, class by class and image by image, and on drawings
//! that are pinned to be watched.

pub mod gallery;
pub mod reading;

use crate::app::answer::Source;
use crate::app::drawings::{self, Collection, DrawingKey, Drawings, Labelled};
use crate::app::format::{count, loss, megabytes, percent};
use crate::app::panels::{PanelId, inside};
use crate::app::run::Run;
use crate::app::{App, Effect, TrainerState};
use crate::data::{CLASSES, PIXELS};
use crate::net::metrics::{ClassScore, Confusion};
use crate::protocol::{Evaluation, Request, RunId};
use gallery::{Choice, Gallery};
use reading::{History, Reading};
use std::ops::Range;

/// Drawings that can be pinned.
pub const MOST_PINNED: usize = 12;

/// What happens in the panel.
#[derive(Clone, Debug)]
pub enum Event {
    /// Evaluate the weights that answer now.
    Evaluate,
    /// Show these test images.
    Show(Choice),
    /// Show more of them.
    More,
    /// Look inside at the test image with this place in the test set.
    Look(u32),
    /// Look inside at a pinned drawing.
    LookAtPinned(DrawingKey),
    /// Pin the drawing on the pad, which is this digit.
    Pin(u8),
}

/// What the panel knows.
#[derive(Debug, Default)]
pub struct EvaluateState {
    /// The pinned drawings.
    pub pinned: Drawings,
    /// How each of them is read.
    watched: Vec<Watched>,
    /// The test images on show.
    pub gallery: Gallery,
    labels: Labels,
    evaluated: Option<Evaluated>,
    /// The evaluation asked for.
    pending: Option<PendingEvaluation>,
    /// Why the last one asked for has failed.
    failed: Option<String>,
    requests: u32,
    /// What the histories are about.
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

/// An evaluation asked for.
#[derive(Debug)]
struct PendingEvaluation {
    id: u32,
    /// The weights' name.
    name: String,
    /// Whose they are; `None` for the shipped ones.
    run: Option<RunId>,
}

/// What weights have come to.
#[derive(Debug)]
struct Evaluated {
    /// The weights' name when they were evaluated.
    name: String,
    /// Whose they are; `None` for the shipped ones.
    run: Option<RunId>,
    evaluation: Evaluation,
    /// `[test images][CLASSES]`
    probabilities: Vec<f32>,
}

/// How a pinned drawing is read.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The drawing's.
    pub key: DrawingKey,
    /// By the weights that answer.
    pub reading: Option<Reading>,
    /// Probability of its label since the run began.
    pub history: History,
    /// Revision of the weights that read it.
    read_at: Option<u32>,
}

/// An evaluation's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Accuracy, images that are right, loss.
    pub whole: [String; 3],
    /// Precision, recall, F1 and images of each class, then the macro means.
    pub scores: Vec<[String; 4]>,
    /// Which class was taken for which.
    pub confusion: Confusion,
}

impl EvaluateState {
    /// A number that changes whenever an evaluation comes.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// How a pinned drawing is read; `None` before it was.
    pub fn watched(&self, key: DrawingKey) -> Option<&Watched> {
        self.watched.iter().find(|watched| watched.key == key)
    }

    /// The last evaluation's figures.
    pub fn figures(&self) -> Option<Figures> {
        self.evaluated().map(|evaluated| evaluated.figures(self.labels.get()))
    }

    /// The last evaluation, as soon as the labels are here.
    fn evaluated(&self) -> Option<&Evaluated> {
        self.evaluated.as_ref().filter(|_| !self.labels.get().is_empty())
    }

    /// Whether these test images can be told: without an evaluation nothing is a mistake.
    pub fn can_show(&self, choice: Choice) -> bool {
        match choice {
            Choice::Sample => !self.labels.get().is_empty(),
            Choice::Mistakes | Choice::Cell { .. } => self.evaluated().is_some(),
        }
    }

    /// The drawing that was unpinned last, while there is room for it.
    pub fn unpinned(&self) -> Option<&Labelled> {
        self.pinned.deleted().filter(|_| self.pinned.all().len() < MOST_PINNED)
    }

    /// Why pinned drawings are not kept, as a sentence.
    pub fn pinned_problem(&self) -> Option<String> {
        self.pinned.problem().map(|reason| {
            format!(
                "This browser keeps no drawings for this page ({reason}), so these are gone when you leave."
            )
        })
    }

    fn change(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    fn choose(&mut self, choice: Choice) {
        let probabilities = self.evaluated.as_ref().map_or(&[][..], |v| &v.probabilities);
        self.gallery.choose(choice, self.labels.get(), probabilities);
    }

    /// The trainer that owed an answer is gone.
    pub(in crate::app) fn lose_trainer(&mut self) {
        self.pending = None;
        if self.labels == Labels::Asked {
            self.labels = Labels::Unasked;
        }
        self.change();
    }
}

impl App {
    /// Takes what happens in the panel.
    pub(in crate::app) fn update_evaluate(&mut self, event: Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Evaluate => self.request_evaluation(effects),
            Event::Show(choice) if !self.evaluate.can_show(choice) => {}
            Event::Show(choice) => {
                self.evaluate.choose(choice);
                effects.push(Effect::Announce(self.evaluate.gallery.title()));
                self.fetch_pictures(effects);
            }
            Event::More => {
                let evaluate = &mut self.evaluate;
                let probabilities =
                    evaluate.evaluated.as_ref().map_or(&[][..], |v| &v.probabilities);
                evaluate.gallery.more(evaluate.labels.get(), probabilities);
                self.fetch_pictures(effects);
            }
            Event::Look(index) => {
                let on_show = self.evaluate.gallery.exhibits.iter().find(|e| e.index == index);
                let Some((exhibit, picture)) = on_show.and_then(|e| Some((e, e.picture.clone()?)))
                else {
                    return;
                };
                let label = exhibit.label;
                let name = format!("Test image {index}");
                self.look_at(picture, label, name, effects);
            }
            Event::LookAtPinned(key) => {
                let pinned = self.evaluate.pinned.all().iter().find(|drawing| drawing.key == key);
                let Some(drawing) = pinned else { return };
                let (picture, label) = (drawing.picture.clone(), drawing.label);
                self.look_at(picture, label, String::from("Pinned drawing"), effects);
            }
            Event::Pin(label) => {
                if self.cannot_pin().is_none() {
                    self.update_drawings(Collection::Pinned, drawings::Event::Add(label), effects);
                }
            }
        }
    }

    fn look_at(
        &mut self,
        picture: Box<[f32; PIXELS]>,
        label: u8,
        name: String,
        effects: &mut Vec<Effect>,
    ) {
        let subject = inside::Subject::Image { picture, label, name };
        self.look_inside(inside::Event::Look(subject), effects);
    }

    /// Has the panel get what it shows, if it is open and that can be had.
    pub(in crate::app) fn load_evaluate_panel(&mut self, effects: &mut Vec<Effect>) {
        if self.open_panel != Some(PanelId::Evaluate) {
            return;
        }
        self.evaluate.change();
        self.read_drawings(Collection::Pinned, effects);
        if matches!(self.trainer, TrainerState::Ready(_)) && self.has_test_images() {
            if self.evaluate.labels == Labels::Unasked {
                self.evaluate.labels = Labels::Asked;
                self.send(Request::TestLabels, vec![], effects);
            }
            self.fetch_pictures(effects);
        }
    }

    /// Whether the test images are here, and so all others.
    pub(in crate::app) fn has_test_images(&self) -> bool {
        self.data.progress.is_some_and(|data| data.test_ready)
    }

    /// Why they are not.
    pub(in crate::app) fn awaited_images(&self) -> String {
        if self.data.failed.is_some() {
            return String::from(
                "A part of the data set could not be loaded; Retry fetches it again.",
            );
        }
        let data = self.data.progress.unwrap_or_default();
        format!(
            "The test images come last and are still on their way: {} of {} MB are here.",
            megabytes(data.received_bytes),
            megabytes(data.total_bytes)
        )
    }

    fn fetch_pictures(&mut self, effects: &mut Vec<Effect>) {
        let missing = self.evaluate.gallery.missing();
        if !missing.is_empty() {
            self.send(Request::TestImages, vec![missing], effects);
        }
    }

    /// Takes the test set's classes, as numbers.
    pub(in crate::app) fn take_labels(&mut self, labels: &[f32], effects: &mut Vec<Effect>) {
        let evaluate = &mut self.evaluate;
        evaluate.labels = match labels {
            [] => Labels::Unasked,
            labels => Labels::Here(labels.iter().map(|&label| label as u8).collect()),
        };
        evaluate.change();
        evaluate.choose(Choice::Sample);
        self.fetch_pictures(effects);
    }

    fn request_evaluation(&mut self, effects: &mut Vec<Effect>) {
        if self.cannot_evaluate().is_some() {
            return;
        }
        let Some(model) = self.answer.model() else { return };
        let (architecture, weights) = (model.architecture.clone(), model.weights.to_vec());
        let name = self.answering();
        let run = self.run.as_ref().filter(|_| self.answer.source() == Source::Run);
        let run = run.map(|run| run.id);
        let evaluate = &mut self.evaluate;
        evaluate.requests += 1;
        evaluate.pending = Some(PendingEvaluation { id: evaluate.requests, name, run });
        evaluate.failed = None;
        evaluate.change();
        let request = Request::Evaluate { id: evaluate.requests, architecture };
        self.send(request, vec![weights], effects);
    }

    /// Takes the evaluation asked for, or why there is none; late ones are dropped.
    pub(in crate::app) fn take_evaluation(
        &mut self,
        id: u32,
        evaluated: Result<(Evaluation, Vec<f32>), String>,
        effects: &mut Vec<Effect>,
    ) {
        let evaluate = &mut self.evaluate;
        let Some(PendingEvaluation { name, run, .. }) =
            evaluate.pending.take_if(|pending| pending.id == id)
        else {
            return;
        };
        evaluate.change();
        match evaluated {
            Ok((evaluation, probabilities)) => {
                let right = percent(evaluation.accuracy);
                let words = format!("Judged, {name}: {right} of the test images right.");
                effects.push(Effect::Announce(words));
                evaluate.evaluated = Some(Evaluated { name, run, evaluation, probabilities });
            }
            Err(reason) => evaluate.failed = Some(reason),
        }
    }

    /// Takes what the run's weights came to after an epoch.
    pub(in crate::app) fn take_epoch(&mut self, evaluation: Evaluation, probabilities: Vec<f32>) {
        let Some(Run { id, epoch, .. }) = self.run else { return };
        let name = format!("this run, epoch {epoch}");
        self.evaluate.evaluated =
            Some(Evaluated { name, run: Some(id), evaluation, probabilities });
        self.evaluate.failed = None;
        self.evaluate.change();
    }

    /// Why no weights can be evaluated now.
    pub fn cannot_evaluate(&self) -> Option<String> {
        let why = match &self.trainer {
            TrainerState::Waiting | TrainerState::Loading => {
                "The trainer, which judges, is still loading."
            }
            TrainerState::Gone(_) => "The trainer, which judges, is gone; restart it first.",
            TrainerState::Ready(_) if !self.has_test_images() => {
                return Some(self.awaited_images());
            }
            TrainerState::Ready(_) if self.answer.model().is_none() => {
                "The weights are not here yet."
            }
            TrainerState::Ready(_) if self.evaluate.pending.is_some() => "It is being done.",
            TrainerState::Ready(_) => return None,
        };
        Some(String::from(why))
    }

    /// What was or is being evaluated.
    pub fn evaluation_status(&self) -> String {
        let evaluate = &self.evaluate;
        let run = self.run.as_ref().map(|run| run.id);
        match (&evaluate.pending, &evaluate.failed, evaluate.evaluated()) {
            (Some(pending), ..) => format!("Judging {}.", pending.name),
            (_, Some(reason), _) => format!("These weights could not be judged: {reason}"),
            (.., Some(evaluated)) if evaluated.run.is_none() || evaluated.run == run => {
                format!("Judged: {}.", evaluated.name)
            }
            (.., Some(evaluated)) => {
                format!("Judged: {}.", evaluated.name.replace("this run", "an earlier run"))
            }
            _ => self.cannot_evaluate().unwrap_or_else(|| {
                String::from(
                    "Nothing is judged yet: press Judge now, or train; each epoch ends with a judgement.",
                )
            }),
        }
    }

    /// Reads one of the pictures in sight that the weights that answer have not read yet; pinned drawings first. False
    /// if there is none.
    ///
    /// - `pinned`: whether the pinned drawings are in sight.
    /// - `exhibits`: the gallery's images in sight.
    pub fn read_next(&mut self, pinned: bool, exhibits: Range<usize>) -> bool {
        if self.answer.model().is_none() {
            return false;
        }
        let now = Some(self.answer.weights_revision());
        if pinned && self.watch_next(now) {
            return true;
        }
        let exhibits = self.evaluate.gallery.exhibits.get_mut(exhibits).unwrap_or_default();
        // Those that were read longest ago, so that all have their turn while the weights change.
        let stale = exhibits.iter_mut().filter(|e| e.picture.is_some() && e.read_at != now);
        let Some(exhibit) = stale.min_by_key(|exhibit| exhibit.read_at) else { return false };
        if let Some(picture) = &exhibit.picture {
            let answer = self.answer.network().probabilities(&picture[..]).first_chunk();
            exhibit.reading = answer.and_then(Reading::of);
        }
        exhibit.read_at = now;
        true
    }

    fn watch_next(&mut self, now: Option<u32>) -> bool {
        let evaluate = &mut self.evaluate;
        let watching = (self.run.as_ref().map(|run| run.id), Some(self.answer.source()));
        if evaluate.watching != watching {
            evaluate.watching = watching;
            evaluate.watched.clear();
        }
        let watched = &mut evaluate.watched;
        let read =
            |watched: &[Watched], key| watched.iter().any(|w| w.key == key && w.read_at == now);
        let next = evaluate.pinned.all().iter().find(|drawing| !read(watched, drawing.key));
        let Some(drawing) = next else { return false };
        let at = watched.iter().position(|w| w.key == drawing.key).unwrap_or_else(|| {
            let key = drawing.key;
            let history = History::default();
            watched.push(Watched { key, reading: None, history, read_at: None });
            watched.len() - 1
        });
        let answer = self.answer.network().probabilities(&drawing.picture[..]).first_chunk();
        let watched = &mut watched[at];
        watched.read_at = now;
        watched.reading = answer.and_then(Reading::of);
        if let (Some(answer), Some(_)) = (answer, watched.reading) {
            let answer: &[f32; CLASSES] = answer;
            watched.history.push(answer[usize::from(drawing.label)]);
        }
        true
    }

    /// Why the drawing on the pad cannot be pinned.
    pub fn cannot_pin(&self) -> Option<&'static str> {
        if !self.evaluate.pinned.is_read() {
            Some("Looking for drawings pinned before.")
        } else if self.answer.picture().is_none() {
            Some("Draw a digit on the pad first.")
        } else if self.evaluate.pinned.all().len() >= MOST_PINNED {
            Some("Twelve are pinned: unpin one first.")
        } else {
            None
        }
    }

    /// Whether the weights are changing, so that what was read is soon out of date.
    pub fn is_learning(&self) -> bool {
        self.run.as_ref().is_some_and(Run::expects_progress)
    }
}

impl Evaluated {
    fn figures(&self, labels: &[u8]) -> Figures {
        let confusion = Confusion::of(&self.probabilities, labels, CLASSES);
        let right: u32 = (0..CLASSES).map(|class| confusion.count(class, class)).sum();
        let words = |score: ClassScore, images: u32| {
            let ClassScore { precision, recall, f1 } = score;
            [percent(precision), percent(recall), percent(f1), count(images)]
        };
        let mut scores: Vec<_> = (0..CLASSES)
            .map(|class| words(confusion.score(class), confusion.images(class)))
            .collect();
        scores.push(words(confusion.macro_mean(), labels.len() as u32));
        let of = format!("{} of {}", count(right), count(labels.len() as u32));
        let whole = [percent(self.evaluation.accuracy), of, loss(self.evaluation.loss)];
        Figures { whole, scores, confusion }
    }
}

#[cfg(test)]
mod tests;
