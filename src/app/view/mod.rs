//! What the page shows, in plain words and numbers, part by part. A part is rebuilt when something it shows may have
//! changed.

mod answer;
mod curves;
mod plan;
mod run;
mod timeline;
mod trainer;

use super::run::RunPhase;
use super::{Context, Event, panels};
use crate::protocol::{Activity, Reply};
pub use answer::{AnswerView, spoken_answer};
pub use curves::CurvesView;
pub use plan::PlanView;
pub use run::{Button, RunView, guessing, interrupted};
pub use timeline::TimelineView;
pub use trainer::{TrainerView, farewell};

/// The page's contract, `<body data-state>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It cannot predict yet.
    #[default]
    Loading,
    /// It draws and predicts.
    Ready,
    /// A run is training.
    Training,
    /// A run is paused.
    Paused,
    /// A run has finished.
    Done,
    /// Something needs the visitor's attention.
    Error,
}

impl State {
    /// Its word in the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Training => "training",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Error => "error",
        }
    }
}

/// The page's state in the contract's words.
pub fn state(cx: &Context) -> State {
    let data_failed = cx.trainer.data.failed.is_some();
    if cx.trainer.is_gone() {
        return State::Error;
    }
    match cx.run.as_ref().map(|run| (run.phase, run.progress.activity)) {
        Some((RunPhase::Training | RunPhase::Pausing, Activity::WaitingForData)) if data_failed => {
            State::Error
        }
        Some((RunPhase::Training | RunPhase::Pausing, _)) => State::Training,
        Some((RunPhase::Paused | RunPhase::Stepping, _)) => State::Paused,
        Some((RunPhase::Done | RunPhase::Diverged, _)) => State::Done,
        _ if cx.answer.shipped_failure().is_some() => State::Error,
        _ if cx.answer.shipped().is_some() => State::Ready,
        _ => State::Loading,
    }
}

/// Parts of the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u8);

impl Parts {
    const NONE: Self = Self(0);
    const ANSWER: Self = Self(1);
    const RUN: Self = Self(2);
    const CURVES: Self = Self(4);
    const PLAN: Self = Self(8);
    const TRAINER: Self = Self(16);
    /// All of them.
    pub const ALL: Self = Self(31);

    /// Those that an event may change, unless it loses the trainer.
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::PenDown(_) | Event::PenMoved(_) | Event::PenUp | Event::PenWithdrawn => {
                Self::ANSWER
            }
            Event::Undo | Event::Clear | Event::Write(_) | Event::HandMoved(_) => Self::ANSWER,
            Event::Doubt(_) => Self::ANSWER,
            Event::Reply(Reply::Progress(_), _) => Self(Self::ALL.0 - Self::PLAN.0),
            Event::Reply(reply, _) => match reply {
                Reply::Cold | Reply::HelperLost | Reply::Evaluating | Reply::FineTuning { .. } => {
                    Self::NONE
                }
                Reply::TestLabels | Reply::Mapped => Self::NONE,
                Reply::Stepped { .. } | Reply::ParameterStep { .. } => Self::NONE,
                Reply::TestImages => Self::ANSWER,
                Reply::Working { .. } => Self::RUN,
                Reply::Moment { .. } => Self::CURVES,
                _ => Self::ALL,
            },
            Event::Timeline(_) => Self(Self::ANSWER.0 | Self::CURVES.0),
            Event::Panel(panels::Event::Inside(_)) => Self::NONE,
            Event::Tick(_) | Event::FileMissing | Event::Hidden => Self::NONE,
            _ => Self::ALL,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn have(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }
}

/// What the page shows differently than before; `None` for a part that has not changed.
#[derive(Debug, Default)]
pub struct ViewChanges {
    /// The answer.
    pub answer: Option<AnswerView>,
    /// The run.
    pub run: Option<RunView>,
    /// What is shown beside the curves.
    pub curves: Option<CurvesView>,
    /// The run that is on or would start, and what can be set.
    pub plan: Option<PlanView>,
    /// The trainer.
    pub trainer: Option<TrainerView>,
}

impl ViewChanges {
    pub(super) fn of(cx: &Context, notice: Option<&str>, changed: Parts) -> Self {
        Self {
            answer: changed.have(Parts::ANSWER).then(|| AnswerView::of(cx)),
            run: changed.have(Parts::RUN).then(|| RunView::of(cx)),
            curves: changed.have(Parts::CURVES).then(|| CurvesView::of(cx)),
            plan: changed.have(Parts::PLAN).then(|| PlanView::of(cx)),
            trainer: changed.have(Parts::TRAINER).then(|| TrainerView::of(cx, notice)),
        }
    }
}
