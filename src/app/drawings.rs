//! Labelled drawings that the browser stores for a panel, each panel's in its own collection.

use crate::app::collection::{self, Collection, Item, Key};
use crate::app::{Effect, Outcome};
use crate::data::PIXELS;
use crate::ink::{Digit, DigitInk, Drawing};

/// Whose drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawingSet {
    /// Test's pinned drawings.
    Pinned,
    /// My digits, to train on.
    UserDigits,
}

impl DrawingSet {
    /// Prefix of its drawings' keys in the store.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Pinned => "pinned/",
            Self::UserDigits => "mine/",
        }
    }
}

/// A digit with its key and its picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// Its key in the browser's store.
    pub key: Key,
    /// The digit, 0 to 9.
    pub label: u8,
    /// The digit as it is kept.
    digit: Digit,
    /// What the network sees, 28x28, 0 is paper and 1 is ink.
    pub picture: Box<[f32; PIXELS]>,
}

impl Labelled {
    /// A drawing with its label; `None` without ink, or if the label is not a digit.
    pub fn new(key: Key, label: u8, drawing: Drawing) -> Option<Self> {
        Self::of(key, Digit { label, ink: DigitInk::Strokes(drawing) })
    }

    fn of(key: Key, digit: Digit) -> Option<Self> {
        let picture = digit.picture()?;
        Some(Self { key, label: digit.label, digit, picture })
    }

    /// Reads what [`Labelled::numbers`] wrote.
    pub fn read(key: Key, numbers: &[f32]) -> Option<Self> {
        Self::of(key, Digit::read(numbers)?)
    }

    /// For the browser's store, as [`Digit::numbers`].
    pub fn numbers(&self) -> Vec<f32> {
        self.digit.numbers()
    }

    fn request(&self) -> DrawingsRequest {
        DrawingsRequest::Keep(self.key, self.numbers())
    }
}

impl Item for Labelled {
    fn key(&self) -> Key {
        self.key
    }

    fn set_key(&mut self, key: Key) {
        self.key = key;
    }
}

/// What happens to stored drawings.
#[derive(Debug)]
pub enum Event {
    /// What is in the browser's store, or why it cannot be read.
    Read(Result<StoredDrawings, String>),
    /// The drawing with this key was stored or deleted, or why not.
    Written(Key, Result<(), String>),
    /// Keep the drawing on the pad, labelled as this digit.
    Add(u8),
    /// Delete the drawing with this key.
    Delete(Key),
    /// Bring back the one deleted last.
    Undelete,
}

/// What is in the browser's store.
#[derive(Debug)]
pub struct StoredDrawings {
    /// Keys and numbers, in any order.
    pub drawings: Vec<(Key, Vec<f32>)>,
    /// Random, so that two pages open side by side give different keys.
    pub session_salt: u16,
}

/// A request to the browser's store.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawingsRequest {
    /// Read all drawings of the set.
    Read,
    /// Store these [`Labelled::numbers`].
    Keep(Key, Vec<f32>),
    /// Delete a drawing.
    Forget(Key),
}

impl Collection<Labelled> {
    /// Requests what is in the store, unless that was done before.
    pub(in crate::app) fn read_drawings(&mut self, set: DrawingSet, out: &mut Vec<Outcome>) {
        if self.begin_reading() {
            out.push(Outcome::Effect(Effect::Drawings(set, DrawingsRequest::Read)));
        }
    }

    /// Takes what happens to the drawings of a set.
    pub(in crate::app) fn update_drawings(
        &mut self,
        set: DrawingSet,
        event: Event,
        pad: &Drawing,
        out: &mut Vec<Outcome>,
    ) {
        let (request, words) = match event {
            Event::Read(Ok(stored)) => return self.take_drawings(set, &stored, out),
            Event::Read(Err(reason)) => return self.set_unreadable(reason),
            Event::Written(key, result) => {
                out.extend(self.take_written(key, result).map(Outcome::Notify));
                let again = self.to_try_again(key).map(Labelled::request);
                let again = again.map(|request| Outcome::Effect(Effect::Drawings(set, request)));
                return out.extend(again);
            }
            // The store is read first, so that no key is used twice.
            Event::Add(_) if !self.is_read() => return,
            Event::Add(label) => return self.add_drawing(set, label, pad, out),
            Event::Delete(key) => {
                let Some(drawing) = self.delete(key) else { return };
                let words = format!("Your {} is deleted.", drawing.label);
                (DrawingsRequest::Forget(key), words)
            }
            Event::Undelete => {
                let Some(drawing) = self.undelete() else { return };
                let words = format!("Your {} is back.", drawing.label);
                (drawing.request(), words)
            }
        };
        self.request(set, request, words, out);
    }

    /// Adds the drawing on the pad. Before the store has been read, it is stored once it has.
    pub(in crate::app) fn add_drawing(
        &mut self,
        set: DrawingSet,
        label: u8,
        pad: &Drawing,
        out: &mut Vec<Outcome>,
    ) {
        let Some(drawing) = Labelled::new(self.next_key(), label, pad.clone()) else { return };
        let request = drawing.request();
        self.push(drawing);
        self.request(set, request, format!("Your {label} is saved."), out);
    }

    fn request(
        &mut self,
        set: DrawingSet,
        request: DrawingsRequest,
        words: String,
        out: &mut Vec<Outcome>,
    ) {
        if self.is_open() {
            out.push(Outcome::Effect(Effect::Drawings(set, request)));
        } else {
            // It may be readable by now.
            self.read_drawings(set, out);
        }
        out.push(Outcome::announce(words));
    }

    fn take_drawings(&mut self, set: DrawingSet, stored: &StoredDrawings, out: &mut Vec<Outcome>) {
        let read =
            stored.drawings.iter().filter_map(|(key, numbers)| Labelled::read(*key, numbers));
        let read: Vec<_> = read.collect();
        let lost = stored.drawings.len() - read.len();
        out.extend(collection::left_out(lost, "drawings").map(Outcome::Notify));
        let own = self.take_stored(read, stored.session_salt);
        let requests = self.all()[own..].iter().map(Labelled::request);
        out.extend(requests.map(|request| Outcome::Effect(Effect::Drawings(set, request))));
    }
}
