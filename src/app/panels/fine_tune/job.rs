//! Fine-tuning on My digits: what is requested of the trainer, and what the results are.

use super::FineTuneState;
use crate::app::answer::Source;
use crate::app::format::{of, percent};
use crate::app::run::Run;
use crate::app::{Context, Outcome};
use crate::config::Architecture;
use crate::data::CLASSES;
use crate::protocol::{FineTuneRequest, Request, RunId, Tallies, Tally, Trainable};

/// The state of fine-tuning.
#[derive(Debug, Default)]
pub struct JobState {
    /// Which layers train next time.
    pub part: Trainable,
    /// The fine-tuning that is on.
    pending: Option<PendingFineTune>,
    /// Why the last one failed.
    failed: Option<String>,
    /// The result of the last one that succeeded.
    comparison: Option<Comparison>,
    requests: u32,
}

/// The weights that were chosen to start from.
#[derive(Clone, Debug)]
struct Origin {
    source: Source,
    /// Whose they are; `None` for the shipped ones.
    run: Option<RunId>,
    name: String,
}

/// A fine-tuning that was requested.
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

/// The result of a fine-tuning.
#[derive(Debug)]
struct Comparison {
    origin: Origin,
    part: Trainable,
    tallies: [Tallies; 2],
}

/// A row of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Images read right, before and after.
    pub cells: [String; 2],
    /// How many more or fewer.
    pub change: String,
}

/// What the panel shows of fine-tuning.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which layers train.
    pub part: Trainable,
    /// The button's label.
    pub button: &'static str,
    /// Why it cannot be pressed.
    pub cannot: Option<String>,
    /// What it would do or is doing.
    pub status: String,
    /// How much of it is done, 0 to 1.
    pub share: Option<f32>,
    /// What is compared, once there is something to compare.
    pub compared: Option<String>,
    /// My digits that were held out, those trained on, the test images; `None` for those of which there are none.
    pub rows: [Option<Row>; 3],
    /// The label of the button that swaps the earlier and the fine-tuned weights.
    pub swap: Option<&'static str>,
}

impl FineTuneState {
    /// Takes the share that is done; late reports are dropped.
    pub(in crate::app) fn set_share(&mut self, id: u32, share: f32) {
        if let Some(pending) = self.job.pending.as_mut().filter(|pending| pending.id == id) {
            pending.share = share;
        }
    }

    pub(in crate::app) fn lose_trainer(&mut self) {
        if self.job.pending.take().is_some() {
            self.job.failed = Some(String::from("the trainer has stopped"));
        }
    }

    /// Pictures and labels of all digits, those to train on first, and how many are held out.
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

    /// Fine-tune, or Cancel while it is on.
    pub(super) fn start_or_cancel(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        if let Some(PendingFineTune { id, .. }) = self.job.pending.take() {
            out.push(Outcome::Send(Request::StopFineTuning { id }, vec![]));
            return out.push(Outcome::announce("Fine-tuning is cancelled."));
        }
        if self.cannot_fine_tune(cx).is_some() {
            return;
        }
        let (Some((architecture, before)), origin) = (starting_weights(cx), self.origin(cx)) else {
            return;
        };
        let ([images, labels], held_out) = self.training_digits();
        let job = &mut self.job;
        job.requests += 1;
        job.failed = None;
        let (id, part, seed) = (job.requests, job.part, cx.form.settings.seed);
        let arrays = vec![before.clone(), images, labels];
        let request =
            FineTuneRequest { id, architecture: architecture.clone(), part, held_out, seed };
        job.pending = Some(PendingFineTune { id, share: 0.0, architecture, before, origin, part });
        out.push(Outcome::Send(Request::FineTune(request), arrays));
    }

    /// Takes the result of a fine-tuning, or why it failed; late ones are dropped.
    pub(in crate::app) fn take_outcome(
        &mut self,
        id: u32,
        outcome: Result<([Tallies; 2], Vec<f32>), String>,
        out: &mut Vec<Outcome>,
    ) {
        let job = &mut self.job;
        let Some(pending) = job.pending.take_if(|pending| pending.id == id) else { return };
        let PendingFineTune { architecture, before, origin, part, .. } = pending;
        match outcome {
            Ok((tallies, weights)) => {
                out.push(Outcome::announce(spoken(&tallies)));
                job.comparison = Some(Comparison { origin, part, tallies });
                out.push(Outcome::Tuned { architecture, before, weights });
            }
            Err(reason) => {
                out.push(Outcome::announce(format!("Fine-tuning failed: {reason}.")));
                job.failed = Some(reason);
            }
        }
    }

    /// Where the fine-tuned weights came from, if that is still there.
    fn origin_source(&self, cx: &Context) -> Option<Source> {
        let origin = &self.job.comparison.as_ref()?.origin;
        let current = cx.run.as_ref().map(Run::id);
        (origin.run.is_none() || origin.run == current).then_some(origin.source)
    }

    /// Which weights answer after a swap, and the button's label.
    pub(super) fn swap(&self, cx: &Context) -> Option<(Source, &'static str)> {
        if cx.answer.source() == Source::Tuned {
            Some((self.origin_source(cx)?, "Undo fine-tuning"))
        } else {
            let again = (Source::Tuned, "Use the fine-tuned network again");
            cx.answer.is_tuned().then_some(again)
        }
    }

    fn origin(&self, cx: &Context) -> Origin {
        let source = cx.answer.source();
        match (source, &self.job.comparison) {
            (Source::Tuned, Some(comparison)) => comparison.origin.clone(),
            _ => Origin { source, run: cx.answering_run(), name: cx.answering() },
        }
    }

    fn cannot_fine_tune(&self, cx: &Context) -> Option<String> {
        let why = if !self.digits.is_read() {
            "Loading your saved digits."
        } else if self.digits.all().is_empty() {
            "Draw a digit and label it first."
        } else {
            return cx.cannot_fine_tune();
        };
        Some(String::from(why))
    }

    /// What the panel shows of fine-tuning.
    pub fn job_view(&self, cx: &Context) -> View {
        let job = &self.job;
        let share = job.pending.as_ref().map(|pending| pending.share);
        let cannot = self.cannot_fine_tune(cx).filter(|_| share.is_none());
        let status = match (&job.pending, &cannot, &job.failed) {
            (Some(pending), ..) => format!("Fine-tuning: {}.", pending.origin.name),
            (None, Some(why), _) => why.clone(),
            (None, None, Some(reason)) => {
                format!("Fine-tuning failed: {reason}. Your digits and the network are unchanged.")
            }
            (None, None, None) => {
                format!("Starts from: {}. Takes a few seconds.", self.origin(cx).name)
            }
        };
        let comparison = job.comparison.as_ref();
        let gone = self.origin_source(cx).is_none();
        View {
            part: job.part,
            button: if share.is_some() { "Cancel" } else { "Fine-tune" },
            cannot,
            status,
            share,
            compared: comparison.map(|comparison| comparison.words(gone)),
            rows: comparison.map(Comparison::rows).unwrap_or_default(),
            swap: self.swap(cx).map(|(_, words)| words),
        }
    }
}

/// What to start from: the weights that answer now. If those are fine-tuned, it is the weights they came from, so that
/// trying again does not pile up changes.
fn starting_weights(cx: &Context) -> Option<(Architecture, Vec<f32>)> {
    let model = cx.answer.model()?;
    let weights = match cx.answer.source() {
        Source::Tuned => model.initial?,
        Source::Shipped | Source::Run => model.weights,
    };
    Some((model.architecture.clone(), weights.to_vec()))
}

impl Comparison {
    /// - `gone`: whether the earlier weights are gone with their run.
    fn words(&self, gone: bool) -> String {
        let name = &self.origin.name;
        let name = if gone { &name.replace("my network", "an earlier network") } else { name };
        let digits = of(self.tallies[0].trained.images, "digit", "digits");
        let part = match self.part {
            Trainable::All => "all layers",
            Trainable::Head => "the last layer",
        };
        format!("Correct answers: {name}, {part} fine-tuned on {digits}")
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
            0 => String::from("no change"),
            1.. => format!("+{more}"),
            _ => format!("−{}", -more),
        },
    })
}

fn share(tally: Tally) -> f32 {
    tally.right as f32 / tally.images as f32
}

/// The result, for a screen reader.
fn spoken([before, after]: &[Tallies; 2]) -> String {
    let digits = match after.held_out {
        Tally { images: 0, .. } => {
            let Tally { right, images } = after.trained;
            format!("{right} of your {} correct", of(images, "digit", "digits"))
        }
        Tally { right, images } => {
            let before = before.held_out.right;
            format!("{right} of {images} held-out digits correct, {before} before")
        }
    };
    let [after, before] = [after, before].map(|tallies| percent(share(tallies.test)));
    format!("Fine-tuned: {digits}; {after} of the test images, {before} before.")
}
