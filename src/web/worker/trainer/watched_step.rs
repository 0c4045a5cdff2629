//! A minibatch's step that somebody looks at.

use super::images::Images;
use crate::config::TrainConfig;
use crate::net::Plan;
use crate::net::loss::Score;
use crate::protocol::{Reply, RunId, SteppedMinibatch};
use crate::train::augment;
use crate::train::observed_step::{ObservedStep, StepInWords, WorstImage};
use crate::train::session::{Session, minibatch_seed};

/// Minibatches a second up to which each is reported.
const SLOW: u32 = 10;

/// Milliseconds between two reports at a faster pace, so that they take little of the time to train.
const INTERVAL: f64 = 1000.0;

/// Whether a step at this pace is to be reported.
///
/// - `since`: milliseconds since the last report.
pub(super) fn is_due(pace: Option<u32>, since: f64) -> bool {
    pace.is_some_and(|pace| pace <= SLOW || since >= INTERVAL)
}

/// The newest step that was reported.
pub(super) struct WatchedStep {
    observed: ObservedStep,
    plan: Plan,
}

impl WatchedStep {
    /// Takes a run's step with this gradient and reports it.
    ///
    /// - `all`: where the images come from.
    /// - `indices`: the minibatch's images.
    /// - `send`: sends the page a reply with arrays.
    pub(super) fn take(
        (all, run): (&Images, RunId),
        session: &mut Session,
        (indices, gradient, score): (&[u32], &[f32], Score),
        send: impl FnOnce(&Reply, &[&[f32]]),
    ) -> Option<Self> {
        let (images, labels) = seen(all, session, indices);
        let observed = session.learn_observed(gradient);
        let TrainConfig { ref architecture, label_smoothing, .. } = *session.settings();
        let [before, _] = &observed.parameters;
        let worst = WorstImage::of(architecture, before, (&images, &labels), label_smoothing)?;
        let pixels = images.len() / labels.len();
        let stepped = SteppedMinibatch {
            images: score.images as f32,
            loss: score.mean_loss(),
            place: worst.place as f32,
            label: f32::from(labels[worst.place]),
            answer: worst.answer as f32,
        };
        let image = &images[worst.place * pixels..][..pixels];
        let reply = Reply::Stepped { run, step: observed.step };
        send(&reply, &[image, &worst.asked, &observed.change(), &stepped.figures()]);
        let plan = Plan::new(architecture).ok()?;
        Some(Self { observed, plan })
    }

    /// How a parameter took it.
    pub(super) fn explain(&self, parameter: u32) -> Option<Reply> {
        let words = self.observed.words(&self.plan, parameter as usize)?;
        let StepInWords { title, result, lines } = words;
        let words = [title, result, lines.join("\n")].join("\n");
        Some(Reply::ParameterStep { parameter, words })
    }
}

/// The next minibatch's images as the network sees them, and their classes.
fn seen(all: &Images, session: &Session, indices: &[u32]) -> (Vec<f32>, Vec<u8>) {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    all.train.gather(indices.iter().map(|&index| index as usize), &mut images, &mut labels);
    let TrainConfig { seed, augment, .. } = *session.settings();
    if let Some(augmentation) = augment::amounts(augment) {
        let rng_seed = minibatch_seed(seed, session.step());
        augment::vary(&augmentation, &mut images, &labels, 0, rng_seed);
    }
    (images, labels)
}
