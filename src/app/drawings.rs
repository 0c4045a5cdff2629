//! Labelled drawings that the browser keeps for a panel, each in its collection.

use crate::app::{App, Effect};
use crate::data::{CLASSES, PIXELS};
use crate::ink::{self, Drawing, Point};

/// A drawing's name; greater ones are newer.
pub type DrawingKey = u64;

/// Whose drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Judge's pinned drawings.
    Pinned,
    /// My digits, to train on.
    UserDigits,
}

impl Collection {
    /// What its drawings' keys in the store begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Pinned => "pinned/",
            Self::UserDigits => "mine/",
        }
    }
}

/// A drawing and the digit that it is, as its author says.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// Its name.
    pub key: DrawingKey,
    /// The digit, 0 to 9.
    pub label: u8,
    /// The strokes.
    pub drawing: Drawing,
    /// What the network sees of it, 28x28, 0 is paper and 1 is ink.
    pub picture: Box<[f32; PIXELS]>,
}

impl Labelled {
    /// A drawing with its label; nothing without ink, or for a label that is no digit.
    pub fn new(key: DrawingKey, label: u8, drawing: Drawing) -> Option<Self> {
        let picture = Box::new(ink::picture(&drawing)?);
        (usize::from(label) < CLASSES).then_some(Self { key, label, drawing, picture })
    }

    /// Reads what [`Labelled::numbers`] wrote.
    pub fn read(key: DrawingKey, numbers: &[f32]) -> Option<Self> {
        let (&label, mut rest) = numbers.split_first()?;
        if !(0.0..CLASSES as f32).contains(&label) {
            return None;
        }
        let mut drawing = Drawing::default();
        while let Some((&points, after)) = rest.split_first() {
            let (stroke, after) = after.split_at_checked((points as usize).saturating_mul(2))?;
            let mut points = stroke.as_chunks().0.iter().map(|&[x, y]| Point { x, y });
            drawing.begin(points.next()?);
            points.for_each(|point| drawing.extend(point));
            rest = after;
        }
        Self::new(key, label as u8, drawing)
    }

    /// For the browser's store: the label, then each stroke as its number of points and their places.
    pub fn numbers(&self) -> Vec<f32> {
        let mut numbers = vec![f32::from(self.label)];
        for stroke in self.drawing.strokes() {
            numbers.push(stroke.len() as f32);
            numbers.extend(stroke.iter().flat_map(|point| [point.x, point.y]));
        }
        numbers
    }
}

/// What happens to a collection.
#[derive(Debug)]
pub enum Event {
    /// What the browser's store has, or why it cannot be read.
    Read(Result<StoredDrawings, String>),
    /// The store could not keep something: why.
    StoreFailed(String),
    /// Keep what is on the pad, as this digit.
    Add(u8),
    /// Forget the drawing with this key.
    Delete(DrawingKey),
    /// Do not forget the last one deleted.
    Undelete,
}

/// What the browser's store has.
#[derive(Debug)]
pub struct StoredDrawings {
    /// Keys and numbers, in any order.
    pub drawings: Vec<(DrawingKey, Vec<f32>)>,
    /// Chance, so that two pages that are open side by side give different keys.
    pub session_salt: u16,
}

/// What is asked of the browser's store.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawingsRequest {
    /// Read all drawings of the collection.
    Read,
    /// Keep these [`Labelled::numbers`].
    Keep(DrawingKey, Vec<f32>),
    /// Forget a drawing.
    Forget(DrawingKey),
}

#[derive(Clone, Debug, Default, PartialEq)]
enum StoreState {
    #[default]
    Unread,
    Reading,
    Here,
    /// It keeps nothing, and why.
    Unavailable(String),
}

/// A collection of labelled drawings.
#[derive(Debug, Default)]
pub struct Drawings {
    state: StoreState,
    drawings: Vec<Labelled>,
    deleted: Option<Labelled>,
    session_salt: u16,
    revision: u32,
}

impl Drawings {
    /// The drawings, oldest first.
    pub fn all(&self) -> &[Labelled] {
        &self.drawings
    }

    /// The one deleted last, while that can be undone.
    pub fn deleted(&self) -> Option<&Labelled> {
        self.deleted.as_ref()
    }

    /// A number that changes whenever the collection does.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// Whether the store has answered.
    pub fn is_read(&self) -> bool {
        matches!(self.state, StoreState::Here | StoreState::Unavailable(_))
    }

    /// Why the browser keeps none of them.
    pub fn problem(&self) -> Option<&str> {
        match &self.state {
            StoreState::Unavailable(reason) => Some(reason),
            _ => None,
        }
    }

    fn next_key(&self) -> DrawingKey {
        let all = self.drawings.iter().chain(&self.deleted);
        let newest = all.map(|drawing| drawing.key >> 16).max().unwrap_or(0);
        (newest + 1) << 16 | DrawingKey::from(self.session_salt)
    }

    fn keep(&self, drawing: &Labelled) -> Option<DrawingsRequest> {
        (self.state == StoreState::Here)
            .then(|| DrawingsRequest::Keep(drawing.key, drawing.numbers()))
    }
}

impl App {
    fn collection(&mut self, collection: Collection) -> &mut Drawings {
        match collection {
            Collection::Pinned => &mut self.evaluate.pinned,
            Collection::UserDigits => &mut self.fine_tune.digits,
        }
    }

    /// Has a collection be read, unless it has been.
    pub(in crate::app) fn read_drawings(&mut self, of: Collection, effects: &mut Vec<Effect>) {
        let collection = self.collection(of);
        if collection.state == StoreState::Unread {
            collection.state = StoreState::Reading;
            effects.push(Effect::Drawings(of, DrawingsRequest::Read));
        }
    }

    /// Takes what happens to a collection.
    pub(in crate::app) fn update_drawings(
        &mut self,
        of: Collection,
        event: Event,
        effects: &mut Vec<Effect>,
    ) {
        let pad = self.answer.drawing().clone();
        let collection = self.collection(of);
        collection.revision = collection.revision.wrapping_add(1);
        let mut notice = None;
        let (store, words) = match event {
            Event::Read(Ok(kept)) => {
                let mut drawings: Vec<Labelled> = kept
                    .drawings
                    .iter()
                    .filter_map(|(key, numbers)| Labelled::read(*key, numbers))
                    .collect();
                if drawings.len() < kept.drawings.len() {
                    let lost = kept.drawings.len() - drawings.len();
                    notice = Some(format!(
                        "{lost} of the kept drawings could not be read; they are left out."
                    ));
                }
                drawings.sort_unstable_by_key(|drawing| drawing.key);
                collection.drawings = drawings;
                collection.session_salt = kept.session_salt;
                collection.state = StoreState::Here;
                (None, None)
            }
            Event::Read(Err(reason)) | Event::StoreFailed(reason) => {
                collection.state = StoreState::Unavailable(reason);
                (None, None)
            }
            // What the store has comes first, so that no key is given twice.
            Event::Add(_) if !collection.is_read() => (None, None),
            Event::Add(label) => match Labelled::new(collection.next_key(), label, pad) {
                Some(drawing) => {
                    let store = collection.keep(&drawing);
                    collection.drawings.push(drawing);
                    (store, Some(format!("Your drawing of a {label} is kept.")))
                }
                None => (None, None),
            },
            Event::Delete(key) => match collection.drawings.iter().position(|d| d.key == key) {
                Some(at) => {
                    let drawing = collection.drawings.remove(at);
                    let words = format!("The drawing of a {} is deleted.", drawing.label);
                    collection.deleted = Some(drawing);
                    let store = (collection.state == StoreState::Here)
                        .then_some(DrawingsRequest::Forget(key));
                    (store, Some(words))
                }
                None => (None, None),
            },
            Event::Undelete => match collection.deleted.take() {
                Some(drawing) => {
                    let words = format!("The drawing of a {} is back.", drawing.label);
                    let store = collection.keep(&drawing);
                    let at = collection.drawings.partition_point(|other| other.key < drawing.key);
                    collection.drawings.insert(at, drawing);
                    (store, Some(words))
                }
                None => (None, None),
            },
        };
        effects.extend(store.map(|store| Effect::Drawings(of, store)));
        effects.extend(words.map(Effect::Announce));
        if let Some(notice) = notice {
            self.notify(notice);
        }
    }
}
