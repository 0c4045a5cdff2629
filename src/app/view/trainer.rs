//! The trainer and its data, and what went wrong.

use crate::app::Context;
use crate::app::availability::{Data, TrainerState};
use crate::app::format::{count, megabytes, of};
use crate::app::run::{Run, RunPhase};

/// Something that needs the visitor's attention: what happened and what to press.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// What happened, what is safe, what to do.
    pub text: String,
    /// The button's label.
    pub action: &'static str,
}

/// What the page shows of the trainer and the data set, and of what went wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerView {
    /// For `data-workers`.
    pub workers: u32,
    /// For `data-backend`.
    pub backend: String,
    /// How many cores it uses and which build it is, in words.
    pub engine: String,
    /// How far the data set has loaded.
    pub data_text: String,
    /// How much of it has loaded, 0 to 1; `None` once all of it has.
    pub data_share: Option<f32>,
    /// Whether a part has to be loaded again.
    pub data_failed: bool,
    /// The problem, if there is one.
    pub problem: Option<Problem>,
    /// The notice, if there is one.
    pub notice: Option<String>,
}

impl TrainerView {
    pub(super) fn of(cx: &Context, notice: Option<&str>) -> Self {
        let (data_text, data_share) = data(&cx.trainer.data);
        let mut view = Self {
            data_text,
            data_share,
            data_failed: cx.trainer.data.failed.is_some(),
            problem: problem(cx),
            notice: notice.map(String::from),
            ..Self::default()
        };
        if let TrainerState::Ready(backend) = &cx.trainer.state {
            let run = cx.run.as_ref().filter(|run| run.is_on());
            view.workers = run.map_or(cx.workers(), |run| run.progress.workers);
            view.backend.clone_from(backend);
            let cores = of(view.workers.min(cx.cores), "CPU core", "CPU cores");
            let build = if backend == "relaxed-simd" { "fastest" } else { "standard" };
            view.engine = format!("Trains on {cores}, {build} build");
        }
        view
    }
}

fn data(data: &Data) -> (String, Option<f32>) {
    let Some(data) = data.progress else {
        return (String::from("Starting …"), Some(0.0));
    };
    if data.test_ready && data.train_images == data.total_train_images {
        let kept = if data.from_cache { " (from cache)" } else { "" };
        return (format!("{} training images loaded{kept}", count(data.train_images)), None);
    }
    let words = format!(
        "{} of {} training images, {} of {} MB",
        count(data.train_images),
        count(data.total_train_images),
        megabytes(data.received_bytes),
        megabytes(data.total_bytes)
    );
    (words, Some(data.received_bytes as f32 / data.total_bytes.max(1) as f32))
}

fn problem(cx: &Context) -> Option<Problem> {
    let trainer = &cx.trainer;
    let (text, action) = if let (TrainerState::Gone(_), true) = (&trainer.state, trainer.updated) {
        let text = "Inkling was updated: reload to train with the new version. This page’s own trainer is no longer on the \
                    server. Drawing still works here, and Runs has each run up to its last epoch.";
        (String::from(text), "Reload")
    } else if let TrainerState::Gone(reason) = &trainer.state {
        let safe = match cx.run.as_ref().map(|run| (run.phase, run.epoch_of_weights())) {
            Some((RunPhase::Stopped, epoch @ 1..)) => format!(
                "What was learnt up to epoch {epoch} is kept. To go on, restart the trainer and choose \
                 “Start from: my network”."
            ),
            _ => String::from("Drawing still works. Restart it to train."),
        };
        (format!("{} {safe}", sentence(reason)), "Restart the trainer")
    } else if let Some((part, reason)) = &trainer.data.failed {
        let text = format!(
            "Part of the training data did not load. {part}: {} \
             Everything learnt so far is safe.",
            sentence(reason)
        );
        (text, "Retry")
    } else {
        let reason = cx.answer.shipped_failure()?;
        let text = format!(
            "The pre-trained network could not be loaded: {} \
             Training a new network works without it.",
            sentence(reason)
        );
        (text, "Retry")
    };
    Some(Problem { text, action })
}

/// What to say when the page cannot go on because of an error.
///
/// - `kept`: whether the run is in the browser's store.
pub fn farewell(run: Option<&Run>, kept: bool) -> String {
    let safe = match run {
        Some(run) if run.is_on() && !run.refused => {
            String::from(" The run in progress was saved up to a few seconds ago and can continue.")
        }
        Some(run) if kept => {
            format!(" What was learnt up to epoch {} is saved in Runs.", run.progress.epoch)
        }
        Some(run) if run.is_on() => String::from(" The run in progress is lost."),
        _ => String::new(),
    };
    ["The page stopped because of an error in this browser.", &safe, " Reload it to continue."]
        .concat()
}

/// Adds a full stop if there is none.
fn sentence(text: &str) -> String {
    match text.trim_end() {
        text if text.ends_with(['.', '!', '?']) => String::from(text),
        text => format!("{text}."),
    }
}
