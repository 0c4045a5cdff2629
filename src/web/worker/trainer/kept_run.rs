//! What is kept of a run while it is on, and when.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;

use crate::protocol::Reply;
use crate::protocol::moments::Moments;
use crate::train::session::{EpochEvaluation, Session};
use crate::train::snapshot::{self, RunHistory};
use crate::web::worker::run_store::{self, Refused};

/// The most milliseconds of training that are lost with the page.
const INTERVAL: f64 = 5000.0;

/// The fewest between two times at which the run is kept, unless it is paused: very short epochs follow each other fast,
/// and a run that is over so soon needs nothing.
const LEAST_INTERVAL: f64 = 1000.0;

/// The parts of a run that only a later visit needs.
pub(super) struct KeptRun {
    link: String,
    /// The parameters that the page gave it to start from.
    initial: Vec<f32>,
    history: RunHistory,
    moments: Moments,
    /// Whether some of them are not kept yet.
    new_moments: bool,
    /// When it was last kept, in milliseconds.
    last: f64,
    /// Epochs and minibatches of the run as it was then.
    place: Option<(u32, u32)>,
    /// Whether the page knows that the browser refuses to keep it.
    refusal_is_said: Rc<Cell<bool>>,
    /// Whether the page knows that it refuses the moments.
    lack_is_said: Rc<Cell<bool>>,
}

impl KeptRun {
    pub(super) fn new(
        link: String,
        initial: Vec<f32>,
        history: RunHistory,
        moments: Moments,
    ) -> Self {
        Self {
            link,
            initial,
            history,
            moments,
            new_moments: false,
            last: f64::NAN,
            place: None,
            refusal_is_said: Rc::default(),
            lack_is_said: Rc::default(),
        }
    }

    /// Notes a moment.
    pub(super) fn add_moment(&mut self, step: u32, weights: &[f32]) {
        self.moments.record(step, weights);
        self.new_moments = true;
    }

    /// Notes a minibatch.
    pub(super) fn trained(&mut self, loss: f32, accuracy: f32) {
        self.history.losses.push(loss);
        self.history.accuracies.push(accuracy);
    }

    /// Notes an epoch.
    pub(super) fn evaluated(&mut self, session: &Session, evaluation: EpochEvaluation) {
        let EpochEvaluation { test, validation } = evaluation;
        let place = [session.epoch() as f32, session.step() as f32];
        self.history.tests.extend(place);
        self.history.tests.extend([test.mean_loss(), test.accuracy()]);
        let validation = validation.map(|score| [score.mean_loss(), score.accuracy()]);
        self.history.tests.extend(validation.unwrap_or([-1.0; 2]));
    }

    /// Keeps the run if it is time to.
    ///
    /// - `at_epochs_end`: whether an epoch has just ended.
    pub(super) fn keep_if_due(
        &mut self,
        session: &Session,
        seconds: f64,
        at_epochs_end: bool,
        now: f64,
    ) {
        if self.last.is_nan() {
            self.last = now;
        }
        let soon = at_epochs_end || self.place.is_none();
        if now - self.last >= if soon { LEAST_INTERVAL } else { INTERVAL } {
            self.keep(session, seconds, now);
        }
    }

    /// Keeps the run unless that was done at this minibatch.
    pub(super) fn keep(&mut self, session: &Session, seconds: f64, now: f64) {
        let place = Some((session.epoch(), session.step()));
        if session.step() == 0 || self.place == place {
            return;
        }
        self.place = place;
        self.last = now;
        let Self { link, initial, history, .. } = self;
        let moments = std::mem::take(&mut self.new_moments).then(|| self.moments.bytes());
        let said = [&self.refusal_is_said, &self.lack_is_said].map(Rc::clone);
        run_store::keep(
            &snapshot::write(session, link, initial, history, seconds),
            moments.as_deref(),
            move |refused| {
                let [run, lack] = said;
                let (said, reply) = match refused {
                    Refused::Run(reason) => (run, Reply::NotKept { reason }),
                    Refused::Moments(reason) => (lack, Reply::MomentsNotKept { reason }),
                };
                if !said.replace(true)
                    && let Ok(scope) = js_sys::global().dyn_into()
                {
                    super::send(&scope, &reply, &[]);
                }
            },
        );
    }
}
