//! What a visitor can set, and how a link carries it.
//!
//! A link holds the settings in its hash, `#epochs=10&batch=32&lr=0.001&...`. Whatever stands there
//! is brought into range rather than refused, and each correction comes back as a sentence.

use super::format::count;
use super::panels::experiment::editor::MOST_LAYERS;
use crate::net::Architecture;
use crate::protocol::{Augment, MOST_WORKERS, Optimizer, Schedule, Settings};
use std::ops::RangeInclusive;

/// MNIST's training images: the most that a run can take.
pub const TRAIN_IMAGES: u32 = 60_000;

/// Where a run's first weights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartFrom {
    /// Random ones, drawn from the seed.
    Fresh,
    /// Those that the page came with.
    Shipped,
    /// Those of the run before.
    Current,
}

/// Everything that a visitor can set.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What a run computes.
    pub settings: Settings,
    /// Where it starts.
    pub start: StartFrom,
    /// Workers that train; `None` is one for each core.
    pub workers: Option<u32>,
    /// The instruction set that the trainer is made for; `None` is the best that the browser has.
    pub backend: Option<Backend>,
}

/// An instruction set for which the trainer is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// WebAssembly's 128-bit SIMD.
    Simd128,
    /// The same with fused multiply-add.
    RelaxedSimd,
}

impl Backend {
    /// Its name in the hash and in `data-backend`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simd128 => "simd128",
            Self::RelaxedSimd => "relaxed-simd",
        }
    }
}

impl Default for Form {
    /// Keras' own batch size and learning rate.
    fn default() -> Self {
        Self {
            settings: Settings {
                architecture: Architecture::default(),
                epochs: 10,
                batch_size: 32,
                learning_rate: 0.001,
                optimizer: Optimizer::ADAM,
                schedule: Schedule::Constant,
                seed: 1,
                images: None,
                augment: Augment::Off,
                label_smoothing: 0.0,
                ema_momentum: 0.0,
                validation: 0,
                stop_at: None,
            },
            start: StartFrom::Fresh,
            workers: None,
            backend: None,
        }
    }
}

/// One thing to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Field {
    /// Passes over the training images.
    Epochs,
    /// Images in a minibatch.
    Batch,
    /// The peak learning rate.
    LearningRate,
    /// Where all chance comes from.
    Seed,
    /// Workers that train.
    Workers,
    /// How many of the training images to use.
    Images,
    /// The optimizer.
    Optimizer,
    /// The learning rate's course.
    Schedule,
    /// Whether images are varied.
    Augment,
    /// Where a run starts.
    Start,
    /// The model.
    Architecture,
    /// Adam's first number.
    Beta1,
    /// Adam's second number.
    Beta2,
    /// SGD's number.
    Momentum,
    /// RMSprop's first number.
    Rho,
    /// Adam's and RMSprop's last number.
    Epsilon,
    /// Percent of the images that are held out.
    Validation,
    /// Percent that is good enough.
    StopAt,
    /// The target's share for all classes.
    LabelSmoothing,
    /// What the weights' average keeps.
    EmaMomentum,
    /// The trainer's instruction set.
    Backend,
}

const OPTIMIZERS: [(&str, Optimizer); 3] =
    [("adam", Optimizer::ADAM), ("sgd", Optimizer::SGD), ("rmsprop", Optimizer::RMS_PROP)];
const SCHEDULES: [(&str, Schedule); 3] = [
    ("constant", Schedule::Constant),
    ("cosine", Schedule::Cosine),
    ("one-cycle", Schedule::OneCycle),
];
const BACKENDS: [(&str, Option<Backend>); 3] = [
    ("best", None),
    ("simd128", Some(Backend::Simd128)),
    ("relaxed-simd", Some(Backend::RelaxedSimd)),
];
const AUGMENTS: [(&str, Augment); 3] =
    [("off", Augment::Off), ("on", Augment::Full), ("gentle", Augment::Gentle)];
const STARTS: [(&str, StartFrom); 3] =
    [("fresh", StartFrom::Fresh), ("shipped", StartFrom::Shipped), ("current", StartFrom::Current)];

impl Field {
    /// All fields, in the order of the hash; an optimizer stands before its numbers.
    pub const ALL: [Self; 21] = [
        Self::Epochs,
        Self::Batch,
        Self::LearningRate,
        Self::Seed,
        Self::Workers,
        Self::Images,
        Self::Optimizer,
        Self::Schedule,
        Self::Augment,
        Self::Start,
        Self::Architecture,
        Self::Beta1,
        Self::Beta2,
        Self::Momentum,
        Self::Rho,
        Self::Epsilon,
        Self::Validation,
        Self::StopAt,
        Self::LabelSmoothing,
        Self::EmaMomentum,
        Self::Backend,
    ];

    /// Its name in the hash, also the id of its control.
    pub fn key(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::Batch => "batch",
            Self::LearningRate => "lr",
            Self::Seed => "seed",
            Self::Workers => "workers",
            Self::Images => "images",
            Self::Optimizer => "optimizer",
            Self::Schedule => "schedule",
            Self::Augment => "augment",
            Self::Start => "start",
            Self::Architecture => "net",
            Self::Beta1 => "beta1",
            Self::Beta2 => "beta2",
            Self::Momentum => "momentum",
            Self::Rho => "rho",
            Self::Epsilon => "epsilon",
            Self::Validation => "validation",
            Self::StopAt => "stop",
            Self::LabelSmoothing => "smoothing",
            Self::EmaMomentum => "ema",
            Self::Backend => "backend",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Epochs => "Epochs",
            Self::Batch => "Batch size",
            Self::LearningRate => "Learning rate",
            Self::Seed => "Seed",
            Self::Workers => "Workers",
            Self::Images => "Images",
            Self::Optimizer => "Optimizer",
            Self::Schedule => "Schedule",
            Self::Augment => "Vary images",
            Self::Start => "Start from",
            Self::Architecture => "The network",
            Self::Beta1 => "Beta 1",
            Self::Beta2 => "Beta 2",
            Self::Momentum => "Momentum",
            Self::Rho => "Rho",
            Self::Epsilon => "Epsilon",
            Self::Validation => "Held out",
            Self::StopAt => "Stop at",
            Self::LabelSmoothing => "Label smoothing",
            Self::EmaMomentum => "EMA momentum",
            Self::Backend => "Instruction set",
        }
    }

    /// Whole numbers that it takes.
    fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Epochs => 1..=100,
            Self::Batch => 1..=512,
            Self::Images => 100..=TRAIN_IMAGES,
            Self::Workers => 1..=MOST_WORKERS,
            Self::Validation => 0..=50,
            _ => 0..=u32::MAX,
        }
    }
}

const LEARNING_RATES: RangeInclusive<f32> = 1e-5..=1.0;
/// What a mean keeps at each step; with all of it, nothing would ever come in.
const KEPT: RangeInclusive<f32> = 0.0..=0.9999;
const EPSILONS: RangeInclusive<f32> = 1e-10..=1.0;
const SMOOTHINGS: RangeInclusive<f32> = 0.0..=0.5;
/// In percent.
const ENOUGH: RangeInclusive<f32> = 1.0..=100.0;

impl Form {
    /// Reads a hash, with or without its `#`. What it leaves out has its default; what it gets wrong
    /// is brought into range, and each such correction is told.
    pub fn from_hash(hash: &str) -> (Self, Vec<String>) {
        let mut form = Self::default();
        let mut unknown = Vec::new();
        let mut given = Vec::new();
        for pair in hash.trim_start_matches('#').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match Field::ALL.into_iter().find(|field| field.key() == key) {
                Some(field) => given.push((field, value)),
                None => unknown.push(format!(
                    "The link sets {}, which this page does not know; it is left out.",
                    shortened(key)
                )),
            }
        }
        // Whatever their order in the link: an optimizer goes before its numbers.
        let mut notices = Vec::new();
        for field in Field::ALL {
            let values = given.iter().filter(|(given, _)| *given == field);
            notices.extend(values.filter_map(|(_, value)| form.set(field, value)));
        }
        notices.append(&mut unknown);
        (form, notices)
    }

    /// The settings as a hash. What came to the page after its first links is left out where it has
    /// its default.
    pub fn to_hash(&self) -> String {
        let unusual = self.unusual();
        let pairs: Vec<String> = Field::ALL
            .into_iter()
            .filter(|field| match field {
                // Without it, it is as many as the machine has cores.
                Field::Workers => self.workers.is_some(),
                field => *field <= Field::Start || unusual.contains(field),
            })
            .map(|field| [field.key(), "=", &self.get(field)].concat())
            .collect();
        ["#", &pairs.join("&")].concat()
    }

    /// What is set otherwise than by default, of all that came to the page after its first links.
    fn unusual(&self) -> Vec<Field> {
        let mut usual = Self::default();
        usual.set(Field::Optimizer, kind(self.settings.optimizer));
        let later = Field::ALL.into_iter().filter(|field| *field > Field::Start);
        later.filter(|&field| self.get(field) != usual.get(field)).collect()
    }

    /// A field's value as its control and the hash hold it; empty for one that does not apply.
    pub fn get(&self, field: Field) -> String {
        let s = &self.settings;
        match field {
            Field::Epochs => s.epochs.to_string(),
            Field::Batch => s.batch_size.to_string(),
            Field::LearningRate => s.learning_rate.to_string(),
            Field::Seed => s.seed.to_string(),
            Field::Workers => self.workers.map_or_else(String::new, |n| n.to_string()),
            Field::Images => s.images.unwrap_or(TRAIN_IMAGES).to_string(),
            Field::Optimizer => kind(s.optimizer).into(),
            Field::Schedule => key_of(&SCHEDULES, s.schedule),
            Field::Augment => key_of(&AUGMENTS, s.augment),
            Field::Start => key_of(&STARTS, self.start),
            Field::Architecture => s.architecture.to_string(),
            Field::Beta1 | Field::Beta2 | Field::Momentum | Field::Rho | Field::Epsilon => {
                let mut optimizer = s.optimizer;
                number_of(&mut optimizer, field).map_or_else(String::new, |n| n.to_string())
            }
            Field::Validation => s.validation.to_string(),
            Field::LabelSmoothing => s.label_smoothing.to_string(),
            Field::EmaMomentum => s.ema_momentum.to_string(),
            Field::Backend => key_of(&BACKENDS, self.backend),
            Field::StopAt => s.stop_at.map_or_else(String::new, percent_of),
        }
    }

    /// Takes a value as text, brought into range; the correction, if one was needed, as a sentence.
    pub fn set(&mut self, field: Field, text: &str) -> Option<String> {
        let text = text.trim();
        let s = &mut self.settings;
        match field {
            Field::Epochs => whole(field, text, &mut s.epochs),
            Field::Batch => whole(field, text, &mut s.batch_size),
            Field::Seed => whole(field, text, &mut s.seed),
            Field::Workers if text.is_empty() => {
                self.workers = None;
                None
            }
            Field::Workers => {
                let mut workers = self.workers.unwrap_or(1);
                let notice = whole(field, text, &mut workers);
                self.workers = Some(workers);
                notice
            }
            Field::Backend => choice(field, text, &BACKENDS, &mut self.backend),
            Field::Images => {
                let mut images = s.images.unwrap_or(TRAIN_IMAGES);
                let notice = whole(field, text, &mut images);
                s.images = (images < TRAIN_IMAGES).then_some(images);
                notice
            }
            Field::LearningRate => real(field, text, LEARNING_RATES, &mut s.learning_rate),
            Field::Optimizer if kind(s.optimizer) == text => None,
            Field::Optimizer => choice(field, text, &OPTIMIZERS, &mut s.optimizer),
            Field::Schedule => choice(field, text, &SCHEDULES, &mut s.schedule),
            Field::Augment => choice(field, text, &AUGMENTS, &mut s.augment),
            Field::Start => choice(field, text, &STARTS, &mut self.start),
            Field::Architecture => architecture(text, &mut s.architecture),
            Field::Beta1 | Field::Beta2 | Field::Momentum | Field::Rho | Field::Epsilon => {
                let range = if field == Field::Epsilon { EPSILONS } else { KEPT };
                match number_of(&mut s.optimizer, field) {
                    Some(number) => real(field, text, range, number),
                    None => Some(format!(
                        "{} is no number of {}; it is left out.",
                        field.name(),
                        kind(s.optimizer)
                    )),
                }
            }
            Field::Validation => whole(field, text, &mut s.validation),
            Field::LabelSmoothing => real(field, text, SMOOTHINGS, &mut s.label_smoothing),
            Field::EmaMomentum => real(field, text, KEPT, &mut s.ema_momentum),
            Field::StopAt if text.is_empty() => {
                s.stop_at = None;
                None
            }
            Field::StopAt => {
                let mut enough = s.stop_at.map_or(100.0, |share| share * 100.0);
                let notice = real(field, text, ENOUGH, &mut enough);
                s.stop_at = Some((f64::from(enough) * 100.0).round() as f32 / 1e4);
                notice
            }
        }
    }
}

/// A share, 0 to 1, as percent: a hundredth of one is an image of the test set.
pub(super) fn percent_of(share: f32) -> String {
    ((f64::from(share) * 1e4).round() / 100.0).to_string()
}

fn architecture(text: &str, value: &mut Architecture) -> Option<String> {
    let why = match text.parse::<Architecture>() {
        Err(error) => error.to_string(),
        Ok(read) if read.input != value.input => String::from("images here are of 28x28 pixels"),
        Ok(read) if read.layers.len() > MOST_LAYERS => {
            format!("it has more than {MOST_LAYERS} layers")
        }
        Ok(read) => {
            *value = read;
            return None;
        }
    };
    Some(format!("The network cannot be taken: {why}; the one before stays."))
}

/// An optimizer's name in the hash.
fn kind(optimizer: Optimizer) -> &'static str {
    match optimizer {
        Optimizer::Adam { .. } => "adam",
        Optimizer::Sgd { .. } => "sgd",
        Optimizer::RmsProp { .. } => "rmsprop",
    }
}

/// The number of the optimizer that a field sets, if it has that one.
fn number_of(optimizer: &mut Optimizer, field: Field) -> Option<&mut f32> {
    match (optimizer, field) {
        (Optimizer::Adam { beta_1, .. }, Field::Beta1) => Some(beta_1),
        (Optimizer::Adam { beta_2, .. }, Field::Beta2) => Some(beta_2),
        (Optimizer::Sgd { momentum }, Field::Momentum) => Some(momentum),
        (Optimizer::RmsProp { rho, .. }, Field::Rho) => Some(rho),
        (Optimizer::Adam { epsilon, .. } | Optimizer::RmsProp { epsilon, .. }, Field::Epsilon) => {
            Some(epsilon)
        }
        _ => None,
    }
}

fn whole(field: Field, text: &str, value: &mut u32) -> Option<String> {
    let (low, high) = (*field.range().start(), *field.range().end());
    let allowed = || format!("{} goes from {} to {}", field.name(), count(low), count(high));
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            // The cast saturates, so that no number is out of u32's range.
            *value = (number.round() as u32).clamp(low, high);
            (f64::from(*value) != number)
                .then(|| format!("{}; {} is used.", allowed(), count(*value)))
        }
        _ => Some(format!("{}; {} stays.", allowed(), count(*value))),
    }
}

fn real(field: Field, text: &str, range: RangeInclusive<f32>, value: &mut f32) -> Option<String> {
    let (low, high) = (*range.start(), *range.end());
    let allowed = || format!("{} goes from {low} to {high}", field.name());
    match text.parse::<f32>() {
        Ok(number) if number.is_finite() => {
            *value = number.clamp(low, high);
            (*value != number).then(|| format!("{}; {value} is used.", allowed()))
        }
        _ => Some(format!("{}; {value} stays.", allowed())),
    }
}

fn choice<T: Copy>(
    field: Field,
    text: &str,
    choices: &[(&str, T)],
    value: &mut T,
) -> Option<String> {
    match choices.iter().find(|(key, _)| *key == text) {
        Some((_, chosen)) => {
            *value = *chosen;
            None
        }
        None => {
            let keys: Vec<&str> = choices.iter().map(|(key, _)| *key).collect();
            Some(format!("{} is one of {}.", field.name(), keys.join(", ")))
        }
    }
}

fn key_of<T: PartialEq>(choices: &[(&str, T)], value: T) -> String {
    choices
        .iter()
        .find(|(_, choice)| *choice == value)
        .map_or_else(String::new, |(key, _)| String::from(*key))
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(24).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("“{short}”")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hash_holds_every_setting() {
        let hash = "#epochs=3&batch=32&lr=0.0005&seed=7&workers=1&images=2000\
                    &optimizer=sgd&schedule=one-cycle&augment=on&start=shipped";
        let (form, notices) = Form::from_hash(hash);
        assert_eq!(notices, Vec::<String>::new());
        assert_eq!(form.settings.images, Some(2000));
        assert_eq!(form.settings.optimizer, Optimizer::SGD);
        assert_eq!(form.start, StartFrom::Shipped);
        assert_eq!(form.to_hash(), hash);
    }

    #[test]
    fn an_empty_hash_is_the_default() {
        assert_eq!(Form::from_hash(""), (Form::default(), vec![]));
        assert_eq!(Form::from_hash("#"), (Form::default(), vec![]));
    }

    #[test]
    fn nonsense_is_brought_into_range_and_told() {
        let (form, notices) =
            Form::from_hash("#epochs=-4&batch=many&lr=nan&seed=1.5&images=1e99&workers=80&x=y");
        let s = &form.settings;
        assert_eq!(
            (s.epochs, s.batch_size, s.learning_rate, s.seed, s.images, form.workers),
            (1, 32, 0.001, 2, None, Some(8))
        );
        assert_eq!(notices.len(), 7, "{notices:?}");
        assert!(notices[0].starts_with("Epochs goes from 1 to 100; 1 is used"), "{notices:?}");
        assert!(notices[1].contains("32 stays"), "{notices:?}");
    }

    #[test]
    fn workers_are_in_a_link_only_if_they_were_chosen() {
        let mut form = Form::default();
        assert!(!form.to_hash().contains("workers"));
        assert_eq!(form.set(Field::Workers, "4"), None);
        assert!(form.to_hash().contains("&workers=4&"));
        assert_eq!(form.set(Field::Workers, ""), None);
        assert_eq!(form, Form::default());
        let (form, notices) = Form::from_hash("#backend=simd128");
        assert_eq!((form.backend, notices), (Some(Backend::Simd128), vec![]));
        assert!(form.to_hash().ends_with("&backend=simd128"));
    }

    #[test]
    fn all_images_are_none() {
        let mut form = Form::default();
        assert_eq!(form.set(Field::Images, "2000"), None);
        assert_eq!(form.settings.images, Some(2000));
        assert_eq!(form.set(Field::Images, "60000"), None);
        assert_eq!(form.settings.images, None);
    }

    #[test]
    fn a_link_repeats_a_run_of_another_network() {
        let hash = "#epochs=3&batch=32&lr=0.0005&seed=7&workers=1&images=2000&optimizer=adam\
                    &schedule=cosine&augment=off&start=fresh&net=c6k5rz,a2,f,drop0.25,d10s\
                    &beta1=0.8&epsilon=0.001&validation=10&stop=99.2";
        let (form, notices) = Form::from_hash(hash);
        assert_eq!(notices, Vec::<String>::new());
        assert_eq!(form.settings.architecture.layers.len(), 5);
        let adam = Optimizer::Adam { beta_1: 0.8, beta_2: 0.999, epsilon: 0.001 };
        assert_eq!(form.settings.optimizer, adam);
        assert_eq!((form.settings.validation, form.settings.stop_at), (10, Some(0.992)));
        assert_eq!(form.to_hash(), hash);
        let (backwards, notices) = Form::from_hash("#rho=0.5&optimizer=rmsprop&net=c6k5,x3");
        assert_eq!(backwards.settings.optimizer, Optimizer::RmsProp { rho: 0.5, epsilon: 1e-7 });
        assert_eq!(backwards.settings.architecture, Architecture::default());
        assert_eq!(
            notices,
            ["The network cannot be taken: “x3” is not a layer; the one before stays."]
        );
    }

    #[test]
    fn a_network_for_other_images_or_without_end_is_not_taken() {
        for (net, why) in [
            (String::from("i10x10x1,f,d10s"), "28x28"),
            (format!("{}f,d10s", "c1k1,".repeat(MOST_LAYERS)), "more than 24 layers"),
        ] {
            let (form, notices) = Form::from_hash(&format!("net={net}"));
            assert_eq!(form, Form::default());
            assert!(notices.len() == 1 && notices[0].contains(why), "{notices:?}");
        }
    }

    #[test]
    fn numbers_belong_to_their_optimizer() {
        let mut form = Form::default();
        assert!(form.set(Field::Momentum, "0.5").is_some_and(|notice| notice.contains("adam")));
        form.set(Field::Beta1, "0.5");
        form.set(Field::Optimizer, "adam");
        assert_eq!(form.get(Field::Beta1), "0.5", "the optimizer has not changed");
        form.set(Field::Optimizer, "sgd");
        assert_eq!((form.get(Field::Beta1), form.get(Field::Momentum)), ("".into(), "0.9".into()));
        assert_eq!(form.set(Field::StopAt, "99"), None);
        assert_eq!(form.set(Field::StopAt, ""), None);
        assert_eq!(form.settings.stop_at, None);
    }

    proptest! {
        #[test]
        fn any_text_gives_settings_in_range_that_a_link_repeats(hash in "#?([a-z]{1,9}=[-0-9a-z.%]{0,8}&?){0,6}|(optimizer=(adam|sgd|rmsprop)&)?((epochs|batch|lr|seed|images|beta1|beta2|momentum|rho|epsilon|validation|stop|smoothing|ema)=[-0-9.e]{0,9}&){0,5}(net=(c[0-9]k[0-9]r?z?,|[pa][0-9],|f,|drop0[.][0-9],|d[0-9]{1,2}[rs]?,){0,6})?") {
            let (form, _) = Form::from_hash(&hash);
            let s = &form.settings;
            prop_assert!(Field::Epochs.range().contains(&s.epochs));
            prop_assert!(Field::Batch.range().contains(&s.batch_size));
            prop_assert!(LEARNING_RATES.contains(&s.learning_rate));
            prop_assert!(Field::Validation.range().contains(&s.validation));
            prop_assert!(s.stop_at.is_none_or(|enough| (0.01..=1.0).contains(&enough)));
            prop_assert!(s.images.is_none_or(|n| (100..TRAIN_IMAGES).contains(&n)));
            let (again, notices) = Form::from_hash(&form.to_hash());
            prop_assert_eq!(again, form);
            prop_assert_eq!(notices, Vec::<String>::new());
        }
    }
}
