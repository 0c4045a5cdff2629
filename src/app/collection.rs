//! What the browser stores for a panel: kept runs, pinned drawings, labelled digits.
//!
//! A store that cannot be read takes nothing until it can be. A refused write affects only its own item, which counts
//! as not stored; later writes and deletions still reach the store.

use super::{format, sort};

/// An item's key in the browser's store: its number, counted from 1, above 16 random bits. Newer items have greater
/// keys.
pub type Key = u64;

/// The key of the item with this number.
pub fn key(number: u64, session_salt: u16) -> Key {
    number << 16 | u64::from(session_salt)
}

/// Something that can be stored.
pub trait Item {
    /// Its key.
    fn key(&self) -> Key;

    /// Takes another key; only before it is stored.
    fn set_key(&mut self, key: Key);
}

/// The browser's store, as far as the page knows.
#[derive(Clone, Debug, Default, PartialEq)]
enum Store {
    #[default]
    Unread,
    Here,
    /// It cannot be read, and why; it takes nothing until it can be.
    Unreadable(String),
}

/// Items, and which of them are in the browser's store.
#[derive(Debug)]
pub struct Collection<T> {
    store: Store,
    /// Whether it is being read.
    reading: bool,
    /// Oldest first.
    items: Vec<T>,
    deleted: Option<T>,
    session_salt: u16,
    /// Those whose last write was refused.
    unstored: Vec<Key>,
    /// Why the last of them was refused.
    refusal: String,
    revision: u32,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self {
            store: Store::default(),
            reading: false,
            items: Vec::new(),
            deleted: None,
            session_salt: 0,
            unstored: Vec::new(),
            refusal: String::new(),
            revision: 0,
        }
    }
}

impl<T: Item> Collection<T> {
    /// The items, oldest first.
    pub fn all(&self) -> &[T] {
        &self.items
    }

    /// The items, to change anything but their keys.
    pub(super) fn all_mut(&mut self) -> &mut [T] {
        self.change();
        &mut self.items
    }

    /// The item with this key.
    pub fn find(&self, key: Key) -> Option<&T> {
        self.items.iter().find(|item| item.key() == key)
    }

    /// The item deleted last, while that can be undone.
    pub fn deleted(&self) -> Option<&T> {
        self.deleted.as_ref()
    }

    /// A number that changes whenever the collection does.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    pub(super) fn change(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    /// Whether the store has answered.
    pub fn is_read(&self) -> bool {
        matches!(self.store, Store::Here | Store::Unreadable(_))
    }

    /// Whether the store takes new items.
    pub fn is_open(&self) -> bool {
        self.store == Store::Here
    }

    /// Whether the item is in the store, as far as the page knows.
    pub fn keeps(&self, item: &T) -> bool {
        self.is_open() && !self.unstored.contains(&item.key())
    }

    /// What is wrong with the store, as a sentence.
    ///
    /// - `what`: what the items are called.
    pub fn problem(&self, what: &str) -> Option<String> {
        let lost = self.items.iter().filter(|item| self.unstored.contains(&item.key())).count();
        let refusal = &self.refusal;
        match (&self.store, lost) {
            (Store::Unreadable(reason), _) => Some(format!(
                "This browser cannot save {what} for this page ({reason}), so these will be lost when you leave."
            )),
            (_, 0) => None,
            (_, 1) => Some(format!(
                "This browser could not save one of these {what} ({refusal}), so it will be lost when you leave."
            )),
            (_, lost) => Some(format!(
                "This browser could not save {} of these {what} ({refusal}), so they will be lost when you leave.",
                format::count(lost as u32)
            )),
        }
    }

    /// Whether the store has to be read: it has not been yet, or could not be.
    pub(super) fn begin_reading(&mut self) -> bool {
        self.store != Store::Here && !std::mem::replace(&mut self.reading, true)
    }

    pub(super) fn set_unreadable(&mut self, reason: String) {
        self.store = Store::Unreadable(reason);
        self.reading = false;
        self.change();
    }

    /// Takes in what the store has. Items of this visit get later keys and still have to be stored, from the returned
    /// index on. If that was done before, only what is new there is taken in.
    pub(super) fn take_stored(&mut self, mut stored: Vec<T>, session_salt: u16) -> usize {
        if self.store == Store::Here {
            let deleted = self.deleted.as_ref().map(Item::key);
            stored.retain(|item| self.find(item.key()).is_none() && Some(item.key()) != deleted);
            let items = std::mem::take(&mut self.items);
            self.items = sort::sorted(items.into_iter().chain(stored), Item::key);
            self.change();
            return self.items.len();
        }
        let stored = sort::sorted(stored, Item::key);
        let own = stored.len();
        let new = std::mem::replace(&mut self.items, stored);
        let deleted = self.deleted.take();
        self.session_salt = session_salt;
        self.store = Store::Here;
        self.reading = false;
        for mut item in new {
            item.set_key(self.next_key());
            self.items.push(item);
        }
        // One of this visit, too.
        let key = self.next_key();
        self.deleted = deleted.map(|mut item| {
            item.set_key(key);
            item
        });
        self.change();
        own
    }

    /// Takes the result of storing or deleting an item; returns what to say about it.
    pub(super) fn take_written(&mut self, key: Key, result: Result<(), String>) -> Option<String> {
        let before = self.unstored.len();
        self.unstored.retain(|&unstored| unstored != key);
        let there = self.find(key).is_some();
        let lost = match result {
            Err(reason) if there => {
                self.refusal = reason;
                self.unstored.push(key);
                None
            }
            Err(reason) => Some(format!("This browser could not delete it ({reason}).")),
            Ok(()) => None,
        };
        if before != self.unstored.len() || !self.unstored.is_empty() {
            self.change();
        }
        lost
    }

    /// What the store refused and may take now that it has deleted the item with this key.
    pub(super) fn to_try_again(&self, deleted: Key) -> impl Iterator<Item = &T> {
        let is_gone = self.is_open() && self.find(deleted).is_none();
        self.items.iter().filter(move |item| is_gone && self.unstored.contains(&item.key()))
    }

    pub(super) fn next_key(&self) -> Key {
        let all = self.items.iter().chain(&self.deleted);
        let newest = all.map(|item| item.key() >> 16).max().unwrap_or(0);
        key(newest + 1, self.session_salt)
    }

    /// Adds an item with the next key.
    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
        self.change();
    }

    /// Takes an item out; it can be brought back until another one is deleted.
    pub(super) fn delete(&mut self, key: Key) -> Option<&T> {
        let at = self.items.iter().position(|item| item.key() == key)?;
        self.deleted = Some(self.items.remove(at));
        self.change();
        self.deleted.as_ref()
    }

    /// Puts the item deleted last back in its place.
    pub(super) fn undelete(&mut self) -> Option<&T> {
        let item = self.deleted.take()?;
        let at = self.items.partition_point(|other| other.key() < item.key());
        self.items.insert(at, item);
        self.change();
        self.items.get(at)
    }
}

/// What to say about items that could not be read.
pub(super) fn left_out(lost: usize, what: &str) -> Option<String> {
    (lost > 0)
        .then(|| format!("{lost} of the saved {what} could not be read and will not be shown."))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Item for Key {
        fn key(&self) -> Key {
            *self
        }

        fn set_key(&mut self, key: Key) {
            *self = key;
        }
    }

    const SALT: u16 = 7;

    fn read(numbers: &[u64]) -> Collection<Key> {
        let mut collection = Collection::default();
        assert!(collection.begin_reading());
        let stored = numbers.iter().map(|&number| key(number, 3)).collect();
        collection.take_stored(stored, SALT);
        collection
    }

    #[test]
    fn one_refused_write_costs_one_item() {
        let mut collection = read(&[2, 1]);
        let (first, new) = (key(1, 3), collection.next_key());
        assert_eq!(new, key(3, SALT));
        collection.push(new);
        assert!(collection.take_written(new, Err("no room".into())).is_none());
        assert!(collection.is_open(), "what comes next is stored and deleted all the same");
        assert!(!collection.keeps(&new) && collection.keeps(&first));
        let problem = collection.problem("runs").expect("it is said");
        assert!(problem.contains("one of these runs (no room), so it will be lost"), "{problem}");
        assert!(collection.take_written(first, Err("no room".into())).is_none());
        assert!(collection.problem("runs").is_some_and(|words| words.contains(" 2 of these runs")));

        collection.delete(first);
        assert_eq!(collection.take_written(first, Ok(())), None);
        assert_eq!(collection.take_written(new, Ok(())), None, "there is room again");
        assert!(collection.keeps(&new) && collection.problem("runs").is_none());
        let words = collection.take_written(first, Err("no".into()));
        assert_eq!(words.as_deref(), Some("This browser could not delete it (no)."));
        assert_eq!(collection.problem("runs"), None);
    }

    #[test]
    fn a_store_that_could_not_be_read_is_read_again() {
        let mut collection = Collection::default();
        assert!(collection.begin_reading() && !collection.begin_reading(), "once at a time");
        collection.set_unreadable("no network".into());
        assert!(collection.is_read() && !collection.is_open());
        assert!(collection.problem("digits").is_some_and(|words| words.contains("(no network)")));
        collection.push(collection.next_key());
        assert!(collection.begin_reading());
        assert!(collection.problem("digits").is_some(), "nothing is better yet");
        collection.push(collection.next_key());
        assert!(collection.delete(key(2, 0)).is_some());
        let own = collection.take_stored(vec![key(5, 3), key(2, 0)], SALT);
        assert_eq!(collection.all(), [key(2, 0), key(5, 3), key(6, SALT)], "no key is given twice");
        assert_eq!(collection.deleted(), Some(&key(7, SALT)), "nor to what may come back");
        assert_eq!((own, collection.problem("digits")), (2, None));
        assert!(!collection.begin_reading());
    }

    #[test]
    fn what_a_file_added_to_the_store_is_taken_in() {
        let mut collection = read(&[1, 2, 4]);
        let own = collection.next_key();
        collection.push(own);
        collection.delete(key(2, 3));
        let stored = vec![key(3, 3), key(1, 3), key(2, 3), key(4, 3)];
        assert_eq!(collection.take_stored(stored, 8), 4, "nothing is left to store");
        assert_eq!(collection.all(), [key(1, 3), key(3, 3), key(4, 3), own]);
        assert_eq!(collection.undelete(), Some(&key(2, 3)));
    }

    #[test]
    fn what_comes_back_takes_its_place() {
        let mut collection = read(&[1, 2, 3]);
        let revision = collection.revision();
        assert_eq!(collection.delete(key(9, 3)), None);
        assert_eq!(collection.revision(), revision);
        assert_eq!(collection.delete(key(2, 3)), Some(&key(2, 3)));
        assert_eq!(collection.deleted(), Some(&key(2, 3)));
        assert_eq!(collection.undelete(), Some(&key(2, 3)));
        assert_eq!(collection.all(), [1, 2, 3].map(|number| key(number, 3)));
        assert_eq!(collection.undelete(), None);
    }
}
