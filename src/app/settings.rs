//! What a visitor can set, and how a link carries it.
//!
//! A link holds the settings in its hash, `#epochs=10&batch=32&lr=0.001&...`. Whatever stands there
//! is brought into range rather than refused, and each correction comes back as a sentence.

use super::figures::count;
use crate::protocol::{Optimizer, Schedule, Settings};
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
    /// Workers that train.
    pub workers: u32,
}

impl Default for Form {
    /// Keras' own batch size and learning rate.
    fn default() -> Self {
        Self {
            settings: Settings {
                epochs: 10,
                batch_size: 32,
                learning_rate: 0.001,
                optimizer: Optimizer::Adam,
                schedule: Schedule::Constant,
                seed: 1,
                images: None,
                augment: false,
            },
            start: StartFrom::Fresh,
            workers: 1,
        }
    }
}

/// One thing to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

const OPTIMIZERS: [(&str, Optimizer); 3] =
    [("adam", Optimizer::Adam), ("sgd", Optimizer::Sgd), ("rmsprop", Optimizer::RmsProp)];
const SCHEDULES: [(&str, Schedule); 3] = [
    ("constant", Schedule::Constant),
    ("cosine", Schedule::Cosine),
    ("one-cycle", Schedule::OneCycle),
];
const SWITCH: [(&str, bool); 2] = [("off", false), ("on", true)];
const STARTS: [(&str, StartFrom); 3] =
    [("fresh", StartFrom::Fresh), ("shipped", StartFrom::Shipped), ("current", StartFrom::Current)];

impl Field {
    /// All fields, in the order of the hash.
    pub const ALL: [Self; 10] = [
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
        }
    }

    /// Whole numbers that it takes.
    fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Epochs => 1..=100,
            Self::Batch => 1..=512,
            Self::Images => 100..=TRAIN_IMAGES,
            Self::Workers => 1..=1,
            _ => 0..=u32::MAX,
        }
    }
}

const LEARNING_RATES: RangeInclusive<f32> = 1e-5..=1.0;

impl Form {
    /// Reads a hash, with or without its `#`. What it leaves out has its default; what it gets wrong
    /// is brought into range, and each such correction is told.
    pub fn from_hash(hash: &str) -> (Self, Vec<String>) {
        let mut form = Self::default();
        let mut notices = Vec::new();
        for pair in hash.trim_start_matches('#').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match Field::ALL.into_iter().find(|field| field.key() == key) {
                Some(field) => notices.extend(form.set(field, value)),
                None => notices.push(format!(
                    "The link sets {}, which this page does not know; it is left out.",
                    shortened(key)
                )),
            }
        }
        (form, notices)
    }

    /// The settings as a hash.
    pub fn to_hash(&self) -> String {
        let pairs: Vec<String> = Field::ALL
            .into_iter()
            .map(|field| format!("{}={}", field.key(), self.get(field)))
            .collect();
        format!("#{}", pairs.join("&"))
    }

    /// A field's value as its control and the hash hold it.
    pub fn get(&self, field: Field) -> String {
        let s = &self.settings;
        match field {
            Field::Epochs => s.epochs.to_string(),
            Field::Batch => s.batch_size.to_string(),
            Field::LearningRate => s.learning_rate.to_string(),
            Field::Seed => s.seed.to_string(),
            Field::Workers => self.workers.to_string(),
            Field::Images => s.images.unwrap_or(TRAIN_IMAGES).to_string(),
            Field::Optimizer => key_of(&OPTIMIZERS, s.optimizer),
            Field::Schedule => key_of(&SCHEDULES, s.schedule),
            Field::Augment => key_of(&SWITCH, s.augment),
            Field::Start => key_of(&STARTS, self.start),
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
            Field::Workers => whole(field, text, &mut self.workers),
            Field::Images => {
                let mut images = s.images.unwrap_or(TRAIN_IMAGES);
                let notice = whole(field, text, &mut images);
                s.images = (images < TRAIN_IMAGES).then_some(images);
                notice
            }
            Field::LearningRate => learning_rate(text, &mut s.learning_rate),
            Field::Optimizer => choice(field, text, &OPTIMIZERS, &mut s.optimizer),
            Field::Schedule => choice(field, text, &SCHEDULES, &mut s.schedule),
            Field::Augment => choice(field, text, &SWITCH, &mut s.augment),
            Field::Start => choice(field, text, &STARTS, &mut self.start),
        }
    }
}

fn whole(field: Field, text: &str, value: &mut u32) -> Option<String> {
    let (low, high) = (*field.range().start(), *field.range().end());
    let allowed = || match field {
        Field::Workers => String::from("Workers: one trains in this version"),
        _ => format!("{} goes from {} to {}", field.name(), count(low), count(high)),
    };
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

fn learning_rate(text: &str, value: &mut f32) -> Option<String> {
    let (low, high) = (*LEARNING_RATES.start(), *LEARNING_RATES.end());
    match text.parse::<f32>() {
        Ok(number) if number.is_finite() => {
            *value = number.clamp(low, high);
            (*value != number)
                .then(|| format!("Learning rate goes from {low} to {high}; {value} is used."))
        }
        _ => Some(format!("Learning rate goes from {low} to {high}; {value} stays.")),
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
        assert_eq!(form.settings.optimizer, Optimizer::Sgd);
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
            Form::from_hash("#epochs=-4&batch=many&lr=nan&seed=1.5&images=1e99&workers=8&x=y");
        let s = &form.settings;
        assert_eq!(
            (s.epochs, s.batch_size, s.learning_rate, s.seed, s.images, form.workers),
            (1, 32, 0.001, 2, None, 1)
        );
        assert_eq!(notices.len(), 7, "{notices:?}");
        assert!(notices[0].starts_with("Epochs goes from 1 to 100; 1 is used"), "{notices:?}");
        assert!(notices[1].contains("32 stays"), "{notices:?}");
    }

    #[test]
    fn all_images_are_none() {
        let mut form = Form::default();
        assert_eq!(form.set(Field::Images, "2000"), None);
        assert_eq!(form.settings.images, Some(2000));
        assert_eq!(form.set(Field::Images, "60000"), None);
        assert_eq!(form.settings.images, None);
    }

    proptest! {
        #[test]
        fn any_text_gives_settings_in_range_that_a_link_repeats(hash in "#?([a-z]{1,9}=[-0-9a-z.%]{0,8}&?){0,6}|(epochs|batch|lr|seed|images)=[-0-9.e]{0,9}") {
            let (form, _) = Form::from_hash(&hash);
            let s = &form.settings;
            prop_assert!(Field::Epochs.range().contains(&s.epochs));
            prop_assert!(Field::Batch.range().contains(&s.batch_size));
            prop_assert!(LEARNING_RATES.contains(&s.learning_rate));
            prop_assert!(s.images.is_none_or(|n| (100..TRAIN_IMAGES).contains(&n)));
            let (again, notices) = Form::from_hash(&form.to_hash());
            prop_assert_eq!(again, form);
            prop_assert_eq!(notices, Vec::<String>::new());
        }
    }
}
