//! Fine-tuning on My digits: what is asked of the trainer, and what came of it.

use super::FineTuneState;
use crate::app::answer::Source;
use crate::app::format::{of, percent};
use crate::app::{App, Effect, TrainerState, view};
use crate::config::Architecture;
use crate::data::CLASSES;
use crate::protocol::{FineTuneRequest, Request, RunId, Tallies, Tally, Trainable};

/// What the panel knows about fine-tuning.
#[derive(Debug, Default)]
pub struct JobState {
    /// What shall learn the next time.
    pub part: Trainable,
    /// The one under way.
    pending: Option<PendingFineTune>,
    /// Why the last one has failed.
    failed: Option<String>,
    /// What the last one came to that did not fail.
    outcome: Option<Outcome>,
    requests: u32,
}

/// Weights as they were chosen to start from.
#[derive(Clone, Debug)]
struct Origin {
    source: Source,
    /// Whose they are; `None` for the shipped ones.
    run: Option<RunId>,
    name: String,
}

/// A fine-tuning asked for.
#[derive(Debug)]
struct PendingFineTune {
    id: u32,
    /// How much of it is done, 0 to 1.
    share: f32,
    architecture: Architecture,
    before: Vec<f32>,
    origin: Origin,
    part: Trainable,
}

/// What a fine-tuning came to.
#[derive(Debug)]
struct Outcome {
    origin: Origin,
    part: Trainable,
    tallies: [Tallies; 2],
}

/// A line of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Read rightly before and after.
    pub cells: [String; 2],
    /// How many more or fewer.
    pub change: String,
}

/// What the panel shows of fine-tuning.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What shall learn.
    pub part: Trainable,
    /// What the button reads.
    pub button: &'static str,
    /// Why it cannot be pressed.
    pub cannot: Option<String>,
    /// What it would do or is doing.
    pub status: String,
    /// How much of it is done, 0 to 1.
    pub share: Option<f32>,
    /// What was compared, once something was.
    pub compared: Option<String>,
    /// My digits that were held out, those trained on, the test images; `None` if there were none.
    pub rows: [Option<Row>; 3],
    /// What changing between the weights from before and the fine-tuned ones reads.
    pub swap: Option<&'static str>,
}

impl FineTuneState {
    /// Whether the trainer fine-tunes.
    pub(in crate::app) fn is_fine_tuning(&self) -> bool {
        self.job.pending.is_some()
    }

    /// Takes how much is done; late news are dropped.
    pub(in crate::app) fn set_share(&mut self, id: u32, share: f32) {
        if let Some(pending) = self.job.pending.as_mut().filter(|pending| pending.id == id) {
            pending.share = share;
        }
    }

    /// The trainer that fine-tuned is gone.
    pub(in crate::app) fn lose_trainer(&mut self) {
        if self.job.pending.take().is_some() {
            self.job.failed = Some(String::from("the trainer has stopped"));
        }
    }

    /// Pictures and labels of all digits, those trained on first; how many are held out.
    fn training_digits(&self) -> ([Vec<f32>; 2], u32) {
        let digits = || (0..CLASSES as u8).flat_map(|class| self.of_class(class));
        let (mut images, mut labels, mut held_out) = (Vec::new(), Vec::new(), 0);
        for wanted in [false, true] {
            for (digit, _) in digits().filter(|(_, out)| *out == wanted) {
                images.extend_from_slice(&digit.picture[..]);
                labels.push(f32::from(digit.label));
                held_out += u32::from(wanted);
            }
        }
        ([images, labels], held_out)
    }
}

impl App {
    /// The button: Fine-tune, or Cancel while it is under way.
    pub(super) fn fine_tune(&mut self, effects: &mut Vec<Effect>) {
        if let Some(pending) = self.fine_tune.job.pending.take() {
            self.send(Request::StopFineTuning { id: pending.id }, vec![], effects);
            effects.push(Effect::Announce(String::from("Fine-tuning is cancelled.")));
            return;
        }
        if self.cannot_fine_tune().is_some() {
            return;
        }
        let (Some((architecture, before)), origin) = (self.starting_weights(), self.origin())
        else {
            return;
        };
        let ([images, labels], held_out) = self.fine_tune.training_digits();
        let seed = self.form.settings.seed;
        let state = &mut self.fine_tune.job;
        state.requests += 1;
        state.failed = None;
        let (id, part) = (state.requests, state.part);
        let arrays = vec![before.clone(), images, labels];
        let request =
            FineTuneRequest { id, architecture: architecture.clone(), part, held_out, seed };
        state.pending =
            Some(PendingFineTune { id, share: 0.0, architecture, before, origin, part });
        self.send(Request::FineTune(request), arrays, effects);
    }

    /// Takes what a fine-tuning came to, or why it came to nothing; late ones are dropped.
    pub(in crate::app) fn take_fine_tuned(
        &mut self,
        id: u32,
        outcome: Result<([Tallies; 2], Vec<f32>), String>,
        effects: &mut Vec<Effect>,
    ) {
        let state = &mut self.fine_tune.job;
        let Some(pending) = state.pending.take_if(|pending| pending.id == id) else { return };
        let PendingFineTune { architecture, before, origin, part, .. } = pending;
        match outcome {
            Ok((tallies, weights)) => {
                effects.push(Effect::Announce(spoken(&tallies)));
                state.outcome = Some(Outcome { origin, part, tallies });
                self.answer.set_tuned(architecture, before, weights);
            }
            Err(reason) => {
                effects.push(Effect::Announce(format!("Fine-tuning has failed: {reason}.")));
                state.failed = Some(reason);
            }
        }
    }

    /// Has the weights from before answer, or the fine-tuned ones again.
    pub(super) fn swap_tuned(&mut self, effects: &mut Vec<Effect>) {
        let Some((source, _)) = self.swap() else { return };
        self.answer.answer_from(source);
        let name = self.answering();
        let answer = view::spoken_answer(&self.answer);
        effects.push(Effect::Announce(format!("Answering now: {name}. {answer}")));
    }

    /// Where the fine-tuned weights came from, if that is still there.
    fn origin_source(&self) -> Option<Source> {
        let origin = &self.fine_tune.job.outcome.as_ref()?.origin;
        let current = self.run.as_ref().map(|run| run.id);
        (origin.run.is_none() || origin.run == current).then_some(origin.source)
    }

    /// Which weights answer after [`App::swap_tuned`], and its button's words.
    fn swap(&self) -> Option<(Source, &'static str)> {
        if self.answer.source() == Source::Tuned {
            Some((self.origin_source()?, "Back to the weights from before"))
        } else {
            let again = (Source::Tuned, "Take the fine-tuned weights again");
            self.answer.is_tuned().then_some(again)
        }
    }

    /// What to start from: what answers now, but for fine-tuned weights what these came from, so that trying again
    /// does not pile up changes.
    fn starting_weights(&self) -> Option<(Architecture, Vec<f32>)> {
        let model = self.answer.model()?;
        let weights = match self.answer.source() {
            Source::Tuned => model.initial?,
            Source::Shipped | Source::Run => model.weights,
        };
        Some((model.architecture.clone(), weights.to_vec()))
    }

    fn origin(&self) -> Origin {
        let source = self.answer.source();
        match (source, &self.fine_tune.job.outcome) {
            (Source::Tuned, Some(outcome)) => outcome.origin.clone(),
            _ => {
                let run = self.run.as_ref().filter(|_| source == Source::Run);
                Origin { source, run: run.map(|run| run.id), name: self.answering() }
            }
        }
    }

    fn cannot_fine_tune(&self) -> Option<String> {
        let why = match &self.trainer {
            _ if !self.fine_tune.digits.is_read() => "Looking for digits kept from before.",
            _ if self.fine_tune.digits.all().is_empty() => "Draw a digit and label it first.",
            TrainerState::Waiting | TrainerState::Loading => "The trainer is still loading.",
            TrainerState::Gone(_) => "The trainer is gone; restart it first.",
            TrainerState::Ready(_) if self.run_is_on() => {
                "A run is on: wait for its end or press Reset."
            }
            TrainerState::Ready(_) if !self.has_test_images() => {
                return Some(self.awaited_images());
            }
            TrainerState::Ready(_) if self.answer.model().is_none() => {
                "The weights are not here yet."
            }
            TrainerState::Ready(_) => return None,
        };
        Some(String::from(why))
    }

    /// What the panel shows of fine-tuning.
    pub fn fine_tuning(&self) -> View {
        let state = &self.fine_tune.job;
        let share = state.pending.as_ref().map(|pending| pending.share);
        let cannot = self.cannot_fine_tune().filter(|_| share.is_none());
        let from = self.origin().name;
        let status = match (&state.pending, &cannot, &state.failed) {
            (Some(pending), ..) => format!("Fine-tuning {}.", pending.origin.name),
            (None, Some(why), _) => why.clone(),
            (None, None, Some(reason)) => format!(
                "It came to nothing: {reason}. Your digits and the weights are as they were."
            ),
            (None, None, None) => format!("Starts from {from} and takes a few seconds."),
        };
        let outcome = state.outcome.as_ref();
        View {
            part: state.part,
            button: if share.is_some() { "Cancel" } else { "Fine-tune" },
            cannot,
            status,
            share,
            compared: outcome.map(|outcome| outcome.words(self.origin_source().is_none())),
            rows: outcome.map(Outcome::rows).unwrap_or_default(),
            swap: self.swap().map(|(_, words)| words),
        }
    }
}

impl Outcome {
    /// - `gone`: whether the weights from before are gone with their run.
    fn words(&self, gone: bool) -> String {
        let name = &self.origin.name;
        let name = if gone { &name.replace("this run", "an earlier run") } else { name };
        let digits = of(self.tallies[0].trained.images, "digit", "digits");
        let part = match self.part {
            Trainable::All => "all layers",
            Trainable::Head => "the Dense head",
        };
        format!("Read right: {name}, {part} fine-tuned on {digits}")
    }

    fn rows(&self) -> [Option<Row>; 3] {
        let [before, after] = self.tallies;
        let some = |tally: Tally| format!("{} of {}", tally.right, tally.images);
        let many = |tally: Tally| percent(share(tally));
        [
            row(before.held_out, after.held_out, some),
            row(before.trained, after.trained, some),
            row(before.test, after.test, many),
        ]
    }
}

fn row(before: Tally, after: Tally, words: impl Fn(Tally) -> String) -> Option<Row> {
    let more = i64::from(after.right) - i64::from(before.right);
    (before.images > 0).then(|| Row {
        cells: [words(before), words(after)],
        change: match more {
            0 => String::from("as many"),
            1.. => format!("{more} more"),
            _ => format!("{} fewer", -more),
        },
    })
}

fn share(tally: Tally) -> f32 {
    tally.right as f32 / tally.images as f32
}

/// The outcome for a screen reader.
fn spoken([before, after]: &[Tallies; 2]) -> String {
    let digits = match after.held_out {
        Tally { images: 0, .. } => {
            let Tally { right, images } = after.trained;
            format!("{right} of your {} right", of(images, "digit", "digits"))
        }
        Tally { right, images } => {
            let before = before.held_out.right;
            format!("{right} of {images} held-out digits right, {before} before")
        }
    };
    let [after, before] = [after, before].map(|tallies| percent(share(tallies.test)));
    format!("Fine-tuned: {digits}; {after} of the test images, {before} before.")
}
