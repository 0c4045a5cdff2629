//! Questions to a network that gradient ascent on its input answers: what is a typical digit, and what would make this
//! drawing another one?
//!
//! K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks" (2013), section 2, for the typical digit.
//! The smallest change is found by proximal gradient steps, as in P.-Y. Chen et al., "EAD: Elastic-Net Attacks" (2017):
//! the change goes up the gradient, and all of it shrinks a little; less while it does not suffice, more once it does.

use super::loss;
use super::trace::Trace;

/// Steps until the typical digit hardly changes.
const TYPICAL_STEPS: u32 = 150;

/// Steps until no smaller change is found.
const CHANGE_STEPS: u32 = 120;

/// Steps that follow when the network has changed, and when it is about to change again.
const MORE_STEPS: u32 = 15;
const FEW_STEPS: u32 = 2;

/// The most that a step changes a pixel, of 1.
const STEP: f32 = 0.08;

/// The share of the ink that a step of the typical digit takes away, so that only what counts stays.
const FADING: f32 = 0.03;

/// A pixel's change that shrinks to nothing in the first step, and how much more or less that is in the next.
const SHRINKING: f32 = 0.02;
const CHANGE_OF_SHRINKING: f32 = 1.25;

/// The probability at which the drawing counts as the other digit.
const FLIPPED: f32 = 0.55;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// What is the most typical image of this class?
    Typical(usize),
    /// What is the smallest change of an image that makes it this class?
    Change(usize),
}

impl Goal {
    /// The class that is asked for.
    pub fn class(self) -> usize {
        match self {
            Self::Typical(class) | Self::Change(class) => class,
        }
    }
}

/// The way to an answer.
#[derive(Clone, Debug)]
pub struct Ascent {
    question: Goal,
    /// Where it starts, `[height][width]`, 0 to 1; blank for a typical digit.
    start: Vec<f32>,
    image: Vec<f32>,
    /// The best image so far: the network takes it for the class, with the smallest change.
    best: Option<Vec<f32>>,
    shrinking: f32,
    steps_left: u32,
}

impl Ascent {
    /// Before the first step.
    ///
    /// - `start`: the image that is to change, `[height][width]`, 0 to 1; unused for a typical digit.
    pub fn new(question: Goal, start: &[f32]) -> Self {
        let (start, steps_left) = match question {
            Goal::Typical(_) => (vec![0.0; start.len()], TYPICAL_STEPS),
            Goal::Change(_) => (start.to_vec(), CHANGE_STEPS),
        };
        let image = start.clone();
        Self { question, start, image, best: None, shrinking: SHRINKING, steps_left }
    }

    /// What was asked.
    pub fn question(&self) -> Goal {
        self.question
    }

    /// The answer so far, `[height][width]`, 0 to 1.
    pub fn image(&self) -> &[f32] {
        self.best.as_ref().unwrap_or(&self.image)
    }

    /// What the answer adds to the start, and takes away where it is negative.
    pub fn change(&self) -> Vec<f32> {
        self.image().iter().zip(&self.start).map(|(image, start)| image - start).collect()
    }

    /// The image after a part of the change.
    ///
    /// - `share`: 0 is the start, 1 the answer.
    pub fn on_the_way(&self, share: f32) -> Vec<f32> {
        self.start.iter().zip(self.change()).map(|(start, change)| start + share * change).collect()
    }

    /// Whether the steps are over.
    pub fn is_done(&self) -> bool {
        self.steps_left == 0
    }

    /// Whether a change was found that suffices.
    pub fn is_found(&self) -> bool {
        self.best.is_some() || matches!(self.question, Goal::Typical(_))
    }

    /// The network has changed: some more steps follow.
    pub fn refresh(&mut self) {
        self.steps_left = self.steps_left.max(MORE_STEPS);
        self.best = None;
    }

    /// The network has changed and soon will again, as in training: a typical digit follows it a little, and a change of
    /// an image, which few steps cannot find, stays as it is.
    pub fn follow(&mut self) {
        if matches!(self.question, Goal::Typical(_)) {
            self.steps_left = self.steps_left.max(FEW_STEPS);
        }
    }

    /// Takes a step, unless the steps are over.
    ///
    /// - `trace`: of the network that is asked; it then holds the image before the step.
    /// - `parameters`: the network's.
    pub fn step(&mut self, trace: &mut Trace, parameters: &[f32]) {
        if self.is_done() {
            return;
        }
        self.steps_left -= 1;
        trace.follow(parameters, &self.image);
        let class = self.question.class();
        let mut probabilities = trace.logits().to_vec();
        loss::softmax(&mut probabilities);
        if matches!(self.question, Goal::Change(_)) {
            self.weigh(probabilities[class]);
        }
        // Of the class's logit less the logarithm of the others' exponentials, which unlike the probability does not
        // level off.
        let others = (1.0 - probabilities[class]).max(f32::MIN_POSITIVE);
        let mut by_logits: Vec<f32> = probabilities.iter().map(|p| -p / others).collect();
        by_logits[class] = 1.0;
        let width = trace.layers.first().map_or(1, |layer| layer.input.width);
        let gradient = blurred(&trace.gradient(parameters, by_logits), width);
        let most = gradient.iter().fold(0.0, |most: f32, by| most.max(by.abs()));
        if !(most > 0.0 && most.is_finite()) {
            self.steps_left = 0;
            return;
        }
        for ((pixel, by), &start) in self.image.iter_mut().zip(&gradient).zip(&self.start) {
            let raised = *pixel + STEP * by / most;
            *pixel = match self.question {
                Goal::Typical(_) => (1.0 - FADING) * raised,
                Goal::Change(_) => start + shrunk(raised - start, self.shrinking),
            }
            .clamp(0.0, 1.0);
        }
    }

    /// Keeps the image if it suffices with less change than before, and shrinks the change more or less from now on.
    fn weigh(&mut self, probability: f32) {
        let size =
            |image: &[f32]| image.iter().zip(&self.start).map(|(a, b)| (a - b).abs()).sum::<f32>();
        if probability.is_nan() || probability < FLIPPED {
            self.shrinking /= CHANGE_OF_SHRINKING;
            return;
        }
        let smaller = self.best.as_ref().is_none_or(|best| size(&self.image) < size(best));
        if smaller {
            self.best = Some(self.image.clone());
        }
        self.shrinking = (self.shrinking * CHANGE_OF_SHRINKING).min(STEP);
    }
}

/// A number closer to zero by `less`, or zero.
fn shrunk(change: f32, less: f32) -> f32 {
    change.signum() * (change.abs() - less).max(0.0)
}

/// An image after a binomial filter of 3x3, so that a step draws strokes and not single pixels.
fn blurred(image: &[f32], width: usize) -> Vec<f32> {
    const WEIGHTS: [f32; 3] = [0.25, 0.5, 0.25];
    let height = image.len() / width;
    let at = |y: usize, x: usize| if y < height && x < width { image[y * width + x] } else { 0.0 };
    let around = |y: usize, x: usize| -> f32 {
        let row = |y: usize| -> f32 {
            let places = [x.wrapping_sub(1), x, x + 1].into_iter().zip(WEIGHTS);
            places.map(|(x, weight)| weight * at(y, x)).sum()
        };
        let rows = [y.wrapping_sub(1), y, y + 1].into_iter().zip(WEIGHTS);
        rows.map(|(y, weight)| weight * row(y)).sum()
    };
    (0..image.len()).map(|pixel| around(pixel / width, pixel % width)).collect()
}
