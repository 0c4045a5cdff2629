//! What a setting is: settings.rs lists them, and here a text becomes a setting's value and the reverse.

mod settings;
mod table;

use std::ops::RangeInclusive;

use super::MOST_LAYERS;
use super::architecture::Architecture;
use super::form::Form;
use super::format::count;
use super::number;
use FieldValue::{Choice, Network, Real, Whole};
use Place::BesideTrain;
pub use settings::Field;

/// The values that a setting can have, and where its value is stored.
pub enum FieldValue {
    /// A whole number.
    Whole {
        /// The allowed values.
        range: RangeInclusive<u32>,
        /// The value; `None` if nothing is set.
        get: fn(&Form) -> Option<u32>,
        /// Sets it.
        set: fn(&mut Form, u32),
    },
    /// Any number.
    Real {
        /// The allowed values.
        range: RangeInclusive<f32>,
        /// The value; `None` if nothing is set, or if the form's optimizer has no such number.
        get: fn(&Form) -> Option<f32>,
        /// Sets it.
        set: fn(&mut Form, f32),
    },
    /// One of several options.
    Choice {
        /// The options.
        options: &'static [Choosable],
        /// Index of the chosen option.
        get: fn(&Form) -> usize,
        /// Chooses the option with this index.
        set: fn(&mut Form, usize),
    },
    /// A list of layers in its [notation](super::notation).
    Network,
}

/// One of the options of a [`FieldValue::Choice`].
pub struct Choosable {
    /// Its word in links and on the command line.
    pub word: &'static str,
    /// Its name on the page.
    pub label: &'static str,
    /// The words that it had in earlier links.
    pub formerly: &'static [&'static str],
}

/// An option with its word and its label.
const fn option(word: &'static str, label: &'static str) -> Choosable {
    Choosable { word, label, formerly: &[] }
}

/// What an empty control means.
pub struct Empty {
    /// The meaning, in words.
    pub label: &'static str,
    /// Sets it.
    pub set: fn(&mut Form),
}

/// Where on the page a setting has a control, and its position there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// On the first screen, in the row of the Train button.
    BesideTrain(u8),
    /// On the first screen.
    Front(u8),
    /// On the first screen, under "More settings".
    More(u8),
    /// In the panel Experiment.
    Experiment(u8),
}

/// A share, 0 to 1, as percent to two decimals, because one image of the test set is a hundredth of a percent.
pub fn percent_of(share: f32) -> f32 {
    ((f64::from(share) * 1e4).round() / 100.0) as f32
}

impl Field {
    /// Whether it can be set while a run is on.
    pub fn can_change_in_a_run(self) -> bool {
        matches!(self.places(), [BesideTrain(_)])
    }

    /// The least and the greatest allowed number; `None` if it is not a number.
    pub fn limits(self) -> Option<[String; 2]> {
        match self.value() {
            Whole { range, .. } => Some([range.start(), range.end()].map(u32::to_string)),
            Real { range, .. } => Some([range.start(), range.end()].map(f32::to_string)),
            Choice { .. } | Network => None,
        }
    }

    /// The allowed numbers, in words: "1 to 512"; empty if it is not a number.
    pub fn range(self) -> String {
        let range = match self.value() {
            Whole { range, .. } => format!("{} to {}", count(*range.start()), count(*range.end())),
            Real { range, .. } => format!("{} to {}", short(*range.start()), short(*range.end())),
            Choice { .. } | Network => return String::new(),
        };
        let empty =
            self.empty().map_or_else(String::new, |e| format!(", or empty for {}", e.label));
        [&range, self.unit(), &empty].concat()
    }
}

/// A number without trailing zeros.
fn short(number: f32) -> String {
    if number != 0.0 && number < 1e-5 { format!("{number:e}") } else { number.to_string() }
}

impl Form {
    /// The optimizer's own numbers.
    pub fn optimizer_numbers(&self) -> impl Iterator<Item = (Field, String)> {
        let fields = Field::ALL.into_iter().filter(|field| field.is_of_optimizer());
        fields.map(|field| (field, self.get(field))).filter(|(_, number)| !number.is_empty())
    }

    /// A field's value as its control and the hash hold it; empty if nothing is set or it does not apply.
    pub fn get(&self, field: Field) -> String {
        match field.value() {
            Whole { get, .. } => get(self).map_or_else(String::new, |number| number.to_string()),
            Real { get, .. } => get(self).map_or_else(String::new, |number| number.to_string()),
            Choice { options, get, .. } => options[get(self)].word.into(),
            Network => self.settings.architecture.to_string(),
        }
    }

    /// Takes a value as text and brings it into range; returns the correction as a sentence, if one was needed.
    pub fn set(&mut self, field: Field, text: &str) -> Option<String> {
        let text = text.trim();
        if let Some(empty) = field.empty().filter(|_| text.is_empty()) {
            (empty.set)(self);
            return None;
        }
        match field.value() {
            Whole { range, get, set } => {
                let (low, high) = (*range.start(), *range.end());
                let allowed =
                    format!("{} must be from {} to {}", field.label(), count(low), count(high));
                let Some(number) = number::parse(text) else {
                    return Some(stays(&allowed, get(self).map(count)));
                };
                // The cast saturates, so every number fits into u32.
                let taken = (number.round() as u32).clamp(low, high);
                set(self, taken);
                (f64::from(taken) != number).then(|| format!("{allowed}. Using {}.", count(taken)))
            }
            Real { range, get, set } => {
                let (low, high) = (*range.start(), *range.end());
                let before = get(self);
                if before.is_none() && field.is_of_optimizer() {
                    let optimizer = self.get(Field::Optimizer);
                    return Some(format!(
                        "{} does not apply to {optimizer}, so it is left out.",
                        field.label()
                    ));
                }
                let allowed = format!("{} must be from {low} to {high}", field.label());
                let read = number::parse(text).map(|number| number as f32);
                let Some(number) = read.filter(|number| number.is_finite()) else {
                    return Some(stays(&allowed, before.map(|number| number.to_string())));
                };
                let taken = number.clamp(low, high);
                set(self, taken);
                (taken != number).then(|| format!("{allowed}. Using {taken}."))
            }
            Choice { options, get, set } => {
                let named = |o: &Choosable| o.word == text || o.formerly.contains(&text);
                match options.iter().position(named) {
                    // An optimizer that is chosen already keeps its numbers.
                    Some(place) if place == get(self) => None,
                    Some(place) => {
                        set(self, place);
                        None
                    }
                    None => {
                        let words: Vec<&str> = options.iter().map(|option| option.word).collect();
                        Some(format!("{} must be one of {}.", field.label(), words.join(", ")))
                    }
                }
            }
            Network => self.set_network(text),
        }
    }

    fn set_network(&mut self, text: &str) -> Option<String> {
        let architecture = &mut self.settings.architecture;
        let why = match text.parse::<Architecture>() {
            Err(error) => error.to_string(),
            Ok(read) if read.input != architecture.input => {
                String::from("images here are 28x28 pixels")
            }
            Ok(read) if read.layers.len() > MOST_LAYERS => {
                format!("it has more than {MOST_LAYERS} layers")
            }
            Ok(read) => {
                *architecture = read;
                return None;
            }
        };
        Some(format!(
            "{} cannot be used: {why}. Keeping the one before.",
            Field::Architecture.label()
        ))
    }
}

/// The message about a text that is not a number.
fn stays(allowed: &str, value: Option<String>) -> String {
    match value {
        Some(value) => format!("{allowed}. Keeping {value}."),
        None => format!("{allowed}. Leaving it empty."),
    }
}
