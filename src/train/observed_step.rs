//! One step of a run, with all the numbers that it was made of, for somebody who wants to see it.

use super::optimizer::OptimizerState;
use crate::config::format::significant;
use crate::config::{Architecture, Optimizer};
use crate::net::loss::{self, argmax};
use crate::net::plan::ParameterView;
use crate::net::trace::Trace;
use crate::net::{Network, Plan};

/// A step that a session took.
#[derive(Clone, Debug)]
pub struct ObservedStep {
    /// Minibatches finished with it.
    pub step: u32,
    /// Its learning rate.
    pub rate: f32,
    /// The mean gradient of the minibatch's losses.
    pub gradient: Vec<f32>,
    /// The parameters before and after it.
    pub parameters: [Vec<f32>; 2],
    /// The optimizer before and after it.
    pub optimizer: [OptimizerState; 2],
}

impl ObservedStep {
    /// What the step added to each parameter.
    pub fn change(&self) -> Vec<f32> {
        let [before, after] = &self.parameters;
        after.iter().zip(before).map(|(after, before)| after - before).collect()
    }

    /// A parameter's step in words; `None` if there is no such parameter.
    pub fn words(&self, plan: &Plan, parameter: usize) -> Option<StepInWords> {
        let views = plan.parameters();
        let view = views.iter().find(|view| view.range.contains(&parameter))?;
        let [before, after] = self.parameters.each_ref().map(|all| all.get(parameter).copied());
        let (before, after) = (before?, after?);
        let gradient = *self.gradient.get(parameter)?;
        let memory = self.optimizer.each_ref().map(|optimizer| optimizer.memory_of(parameter));
        let mut lines = vec![
            ["w₀ = ", &significant(before)].concat(),
            ["g = ", &significant(gradient), ", the mean over the minibatch"].concat(),
        ];
        lines.extend(self.equation(memory));
        lines.push(["w = ", &significant(after)].concat());
        Some(StepInWords {
            title: name(view, parameter - view.range.start, plan.classes()),
            result: [&significant(before), " → ", &significant(after)].concat(),
            lines,
        })
    }

    /// The optimizer's equation, with numbers for its letters; `w` is its last.
    fn equation(&self, [before, after]: [[f32; 2]; 2]) -> Vec<String> {
        let rate = plain(self.rate);
        let [[m0, v0], [m, v]] = [before, after].map(|memory| memory.map(significant));
        match self.optimizer[1].kind() {
            Optimizer::Adam { beta_1, beta_2, epsilon } => {
                let t = self.optimizer[1].steps();
                let [b1, b2, e] = [beta_1, beta_2, epsilon].map(plain);
                let [rest_1, rest_2] = [1.0 - beta_1, 1.0 - beta_2].map(plain);
                let correction = (1.0 - beta_2.powi(t)).sqrt() / (1.0 - beta_1.powi(t));
                let c = significant(correction);
                vec![
                    format!("m = {b1} m₀ + {rest_1} g = {b1} × {m0} + {rest_1} g = {m}"),
                    format!("v = {b2} v₀ + {rest_2} g² = {b2} × {v0} + {rest_2} g² = {v}"),
                    format!("c = √(1 − {b2}^{t}) ÷ (1 − {b1}^{t}) = {c}, as m and v began at 0"),
                    format!(
                        "w = w₀ − {rate} c m ÷ (√v + {e}) = w₀{}",
                        added(-self.rate * correction * after[0] / (after[1].sqrt() + epsilon))
                    ),
                ]
            }
            Optimizer::Sgd { momentum } => vec![
                format!("m = {0} m₀ − {rate} g = {0} × {m0} − {rate} g = {m}", plain(momentum)),
                format!("w = w₀ + m = w₀{}", added(after[0])),
            ],
            Optimizer::RmsProp { rho, epsilon } => {
                let [p, rest, e] = [rho, 1.0 - rho, epsilon].map(plain);
                vec![
                    format!("v = {p} v₀ + {rest} g² = {p} × {v0} + {rest} g² = {v}"),
                    format!("w = w₀ − {rate} g ÷ √(v + {e})"),
                ]
            }
        }
    }
}

/// A setting to three figures at most: "0.9", "10⁻⁷".
fn plain(value: f32) -> String {
    let text = significant(value);
    let (number, power) = text.split_once('×').map_or((text.as_str(), ""), |(a, b)| (a, b));
    let number = if number.contains('.') { number.trim_end_matches('0') } else { number };
    match (number.trim_end_matches('.'), power) {
        (number, "") => String::from(number),
        ("1", power) => String::from(power),
        (number, power) => [number, "×", power].concat(),
    }
}

/// What is added to a number, or taken away.
fn added(value: f32) -> String {
    let sign = if value < 0.0 { " − " } else { " + " };
    [sign, &significant(value.abs())].concat()
}

/// How one parameter took a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInWords {
    /// Which parameter it is.
    pub title: String,
    /// What it was and what it is.
    pub result: String,
    /// The equation, with numbers, line by line.
    pub lines: Vec<String>,
}

/// Which number of a layer a parameter is.
fn name(view: &ParameterView, at: usize, classes: usize) -> String {
    let layer = view.name.split('/').next().unwrap_or_default();
    match *view.shape {
        [_, width, channels, filters] => {
            let (tap, channel, filter) =
                (at / (channels * filters), at / filters % channels, at % filters);
            let map =
                if channels > 1 { format!(" for map {}", channel + 1) } else { String::new() };
            let (row, column) = (tap / width + 1, tap % width + 1);
            format!("{layer}, kernel {} of {filters}{map}, row {row}, column {column}", filter + 1)
        }
        [inputs, units] => {
            let (from, to) = (at / units + 1, at % units);
            // Only the last layer's numbers are digits.
            let to = if units == classes { to } else { to + 1 };
            format!("{layer}, weight from number {from} of {inputs} to {to}")
        }
        _ => format!("{layer}, bias {}", at + 1),
    }
}

/// The image of a minibatch that the network reads worst, and what its loss asks of each layer.
#[derive(Clone, Debug)]
pub struct WorstImage {
    /// Its place in the minibatch.
    pub place: usize,
    /// The class that the network takes it for.
    pub answer: usize,
    /// By how much, times minus one, each number of each layer's output raises its loss, without Dropout; the first
    /// layer's first.
    pub asked: Vec<f32>,
}

impl WorstImage {
    /// `None` if the parameters do not fit the architecture, there is no image, or a loss is not finite.
    ///
    /// - `images`: `[images][pixels]`; `labels`: their classes.
    /// - `smoothing`: as [`TrainConfig::label_smoothing`](crate::config::TrainConfig::label_smoothing).
    pub fn of(
        architecture: &Architecture,
        parameters: &[f32],
        (images, labels): (&[f32], &[u8]),
        smoothing: f32,
    ) -> Option<Self> {
        let mut network = Network::new(architecture).ok()?;
        let classes = network.plan().classes();
        if parameters.len() != network.plan().parameter_count() || labels.is_empty() {
            return None;
        }
        network.load(parameters);
        let logits = network.logits(images);
        let losses = logits.chunks_exact(classes).zip(labels).map(|(logits, &label)| {
            loss::cross_entropy(&mut logits.to_vec(), usize::from(label)).loss
        });
        let (place, most) = losses.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let pixels = images.len() / labels.len();
        let mut trace = Trace::new(architecture).ok()?;
        trace.follow(parameters, images.get(place * pixels..(place + 1) * pixels)?);
        let mut by_logits = trace.logits().to_vec();
        let answer = argmax(&by_logits);
        let label = usize::from(labels[place]);
        loss::cross_entropy_gradient(&mut by_logits, label, smoothing, -1.0);
        let asked = trace.gradients(parameters, by_logits).concat();
        most.is_finite().then_some(Self { place, answer, asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;
    use crate::net::init::glorot_uniform;
    use crate::train::session::Session;

    fn session(optimizer: Optimizer, architecture: &str) -> (Session, Plan) {
        let architecture: Architecture = architecture.parse().expect("it can be built");
        let plan = Plan::new(&architecture).expect("it can be built");
        let parameters = glorot_uniform(&plan, 5);
        let settings = TrainConfig { architecture, optimizer, ..TrainConfig::default() };
        (Session::new(settings, 1000, parameters), plan)
    }

    fn gradient(length: usize, seed: u64) -> Vec<f32> {
        let mut rng = fastrand::Rng::with_seed(seed);
        (0..length).map(|_| 0.02 * (rng.f32() - 0.5)).collect()
    }

    /// A number as [`significant`] writes it, read again.
    fn read(text: &str) -> f64 {
        let plain = text.trim().replace('−', "-");
        let (mantissa, power) = plain.split_once("×10").unwrap_or((&plain, ""));
        let power: String = power
            .chars()
            .map(|c| match "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == c) {
                Some(digit) => char::from(b'0' + digit as u8),
                None => '-',
            })
            .collect();
        let power: i32 = power.parse().unwrap_or(0);
        mantissa.parse::<f64>().expect(text) * 10_f64.powi(power)
    }

    fn last(lines: &[String], letter: &str) -> f64 {
        let of = |line: &&String| line.starts_with(&format!("{letter} = "));
        let line = lines.iter().rev().find(of).expect(letter);
        let last = line.rsplit('=').next().expect("a value");
        read(last.split([',']).next().expect("a number").trim_start_matches(" w₀ − "))
    }

    #[test]
    fn the_words_have_the_numbers_of_a_naive_adam() {
        let adam = Optimizer::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
        let (mut session, plan) = session(adam, "c3k3r,f,d10s");
        let count = plan.parameter_count();
        let (mut m, mut v) = (vec![0.0_f64; count], vec![0.0_f64; count]);
        let mut naive: Vec<f64> = session.parameters().iter().map(|&w| f64::from(w)).collect();
        for t in 1..=4 {
            let g = gradient(count, t);
            let before = naive.clone();
            for i in 0..count {
                let g = f64::from(g[i]);
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                let power = t as i32;
                let rate =
                    0.001 * (1.0 - 0.999_f64.powi(power)).sqrt() / (1.0 - 0.9_f64.powi(power));
                naive[i] -= rate * m[i] / (v[i].sqrt() + 1e-7);
            }
            let observed = session.learn_observed(&g);
            assert_eq!(u64::from(observed.step), t);
            let change = observed.change();
            for i in [0, 7, 29, 30, 500, count - 1] {
                let words = observed.words(&plan, i).expect("it is one");
                let close = |letter: &str, expected: f64| {
                    let said = last(&words.lines, letter);
                    let off = (said - expected).abs();
                    assert!(
                        off <= 0.006 * expected.abs() + 1e-12,
                        "{letter} {expected}: {words:?}"
                    );
                };
                close("g", f64::from(g[i]));
                close("m", m[i]);
                close("v", v[i]);
                close("w₀", before[i]);
                close("w", naive[i]);
                assert!((f64::from(change[i]) - (naive[i] - before[i])).abs() < 1e-6, "{words:?}");
            }
        }
    }

    #[test]
    fn each_optimizer_says_its_own_equation() {
        let sgd = Optimizer::Sgd { momentum: 0.5 };
        let rmsprop = Optimizer::RmsProp { rho: 0.9, epsilon: 1e-7 };
        for (optimizer, line) in [(sgd, "w = w₀ + m"), (rmsprop, "v = 0.9 v₀ + 0.1 g²")] {
            let (mut session, plan) = session(optimizer, "f,d10s");
            session.learn_observed(&gradient(plan.parameter_count(), 1));
            let observed = session.learn_observed(&gradient(plan.parameter_count(), 2));
            let words = observed.words(&plan, 3).expect("it is one");
            assert!(words.lines.iter().any(|said| said.starts_with(line)), "{words:?}");
            assert_eq!(observed.words(&plan, plan.parameter_count()), None);
        }
    }

    #[test]
    fn an_observed_step_changes_as_much_as_any_other() {
        let adam = Optimizer::Adam { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
        let (mut seen, plan) = session(adam, "f,d10s");
        let mut unseen = seen.clone();
        for step in 0..5 {
            let gradient = gradient(plan.parameter_count(), step);
            seen.learn_observed(&gradient);
            unseen.learn(&gradient);
        }
        assert_eq!(seen.parameters(), unseen.parameters());
    }

    #[test]
    fn parameters_have_names() {
        let network = "c4k3r,c6k3r,f,d12r,d10s";
        let plan = Plan::new(&network.parse().expect("it can be built")).expect("it can be built");
        let view =
            |name: &str| plan.parameters().iter().find(|view| view.name == name).expect(name);
        let said = |of: &str, at: usize| name(view(of), at, 10);
        assert_eq!(said("conv2d/kernel", 4 * 4 + 2), "conv2d, kernel 3 of 4, row 2, column 2");
        assert_eq!(
            said("conv2d_1/kernel", 5 * 24 + 3 * 6 + 1),
            "conv2d_1, kernel 2 of 6 for map 4, row 2, column 3"
        );
        assert_eq!(said("dense/kernel", 12 + 2), "dense, weight from number 2 of 3456 to 3");
        assert_eq!(said("dense_1/kernel", 10 + 2), "dense_1, weight from number 2 of 12 to 2");
        assert_eq!(said("dense/bias", 2), "dense, bias 3");
    }

    #[test]
    fn what_the_worst_images_loss_asks_are_central_differences() {
        let network = "c3k3r,p2,c4k3r,f,d6r,d10s";
        let architecture: Architecture = network.parse().expect("it can be built");
        let plan = Plan::new(&architecture).expect("it can be built");
        let parameters = glorot_uniform(&plan, 9);
        let mut rng = fastrand::Rng::with_seed(3);
        let images: Vec<f32> = (0..5 * 784).map(|_| rng.f32()).collect();
        let labels = [3, 1, 4, 1, 5];
        let worst =
            WorstImage::of(&architecture, &parameters, (&images, &labels), 0.1).expect("it fits");
        let image = &images[worst.place * 784..][..784];
        let loss = |logits: &[f32], smoothing: f64| -> f64 {
            let sum: f64 = logits.iter().map(|&z| f64::from(z).exp()).sum();
            let of = |class: usize| sum.ln() - f64::from(logits[class]);
            let all: f64 = (0..10).map(of).sum::<f64>() / 10.0;
            (1.0 - smoothing) * of(usize::from(labels[worst.place])) + smoothing * all
        };
        let mut trace = Trace::new(&architecture).expect("it can be built");
        for (place, label) in labels.iter().enumerate() {
            trace.follow(&parameters, &images[place * 784..][..784]);
            let mut logits = trace.logits().to_vec();
            let other = loss::cross_entropy(&mut logits, usize::from(*label)).loss;
            trace.follow(&parameters, image);
            assert!(f64::from(other) <= loss(trace.logits(), 0.0) + 1e-4, "{place} is worse");
        }
        trace.follow(&parameters, image);
        let (mut before, mut checked) = (0, 0);
        for layer in 0..trace.layers.len() {
            let size = trace.layers[layer].output.len();
            for _ in 0..12 {
                let at = rng.usize(0..size);
                // From there on through the later layers only.
                let moved = |by: f32| {
                    let mut moved = trace.clone();
                    moved.layers[layer].output[at] += by;
                    moved.go_on_after(layer, &parameters);
                    loss(moved.logits(), 0.1)
                };
                let (less, here, more) = (moved(-1e-2), moved(0.0), moved(1e-2));
                // Where relu or a maximum has a corner there is no derivative.
                if (more - 2.0 * here + less).abs() > 1e-5 {
                    continue;
                }
                checked += 1;
                let slope = (more - less) / 2e-2;
                let asked = f64::from(worst.asked[before + at]);
                assert!((asked + slope).abs() < 2e-3, "{layer} {at}: {asked}, not {}", -slope);
            }
            before += size;
        }
        assert_eq!(worst.asked.len(), before);
        assert!(checked > 40, "{checked}");
    }
}
