//! What the browser keeps, as files, and such files as what the browser keeps.

use js_sys::{Array, Float32Array};
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use super::reply::send;
use super::run_store;
use crate::app::collection::{self, Key};
use crate::app::drawings::DrawingSet;
use crate::app::format::{count, of};
use crate::app::panels::evaluate::MOST_PINNED;
use crate::app::panels::fine_tune::MOST_OF_A_CLASS;
use crate::app::panels::runs::export;
use crate::app::panels::runs::record::{Record, StoredRun};
use crate::formats::archive::{self, Archive};
use crate::formats::bundle::NamedFile;
use crate::formats::digits::{self, Merged};
use crate::formats::{self, run};
use crate::ink::Digit;
use crate::protocol::{Reply, SavedFile, StoredHead};
use crate::web::port;
use crate::web::stored::{RUN, WEIGHTS, run_of, value_of};

/// What is to be saved.
pub(super) struct Saving {
    pub(super) what: SavedFile,
    pub(super) origin: String,
    pub(super) settings: String,
    /// Newest first.
    pub(super) runs: Vec<StoredRun>,
}

/// What is added to the browser's store.
pub(super) enum Added {
    Digits(Vec<Digit>),
    Archive(Box<Archive>),
}

/// The runs of a message.
pub(super) fn runs_of(heads: Vec<StoredHead>, arrays: Vec<Vec<f32>>) -> Vec<StoredRun> {
    let mut arrays = arrays.into_iter();
    let mut next = || arrays.next().unwrap_or_default();
    heads.into_iter().map(|head| StoredRun::of_message(head, [next(), next(), next()])).collect()
}

/// A run's weights, if the store has them.
pub(super) async fn weights(key: Key) -> Option<Vec<f32>> {
    let weights = run_store::value([WEIGHTS, &key.to_string()].concat()).await.ok()?;
    Some(weights.dyn_into::<Float32Array>().ok()?.to_vec())
}

/// Writes a file and sends it.
pub(super) async fn save(scope: DedicatedWorkerGlobalScope, saving: Saving) {
    match file(saving).await {
        Ok(NamedFile { name, bytes }) => {
            let reply = Reply::File { name, length: bytes.len() as u32 };
            send(&scope, &reply, &[&formats::pack(&bytes)]);
        }
        Err(why) => {
            let reason = format!("Nothing could be saved: {why}.");
            send(&scope, &Reply::Refused { reason }, &[]);
        }
    }
}

async fn file(saving: Saving) -> Result<NamedFile, String> {
    let Saving { what, origin, settings, runs } = saving;
    let mut records: Vec<Record> = runs.iter().filter_map(Record::read).collect();
    records.reverse();
    let named = |name: &str, text: String| {
        Ok(NamedFile { name: name.to_owned(), bytes: text.into_bytes() })
    };
    match what {
        SavedFile::RunsCsv => named("inkling-runs.csv", export::to_csv(&records, &origin)),
        SavedFile::RunsJson => {
            let saved: Vec<_> = records.iter().rev().map(Record::saved).collect();
            named("inkling-runs.json", run::to_json(&saved))
        }
        SavedFile::Digits(format) => {
            let digits = stored_digits(DrawingSet::UserDigits).await?;
            if digits.is_empty() {
                return Err(String::from("you have no digits yet"));
            }
            let digits: Vec<_> = digits.into_iter().map(|(_, digit)| digit).collect();
            digits::write(format, &digits).map_err(|error| error.to_string())
        }
        SavedFile::Archive => {
            let mut archive = Archive { settings, ..Archive::default() };
            for record in &records {
                let weights = weights(record.key).await.unwrap_or_default();
                archive.runs.push((record.saved(), weights));
            }
            for (set, digits) in [
                (DrawingSet::UserDigits, &mut archive.digits),
                (DrawingSet::Pinned, &mut archive.pinned),
            ] {
                digits.extend(stored_digits(set).await?.into_iter().map(|(_, digit)| digit));
            }
            archive::write(&archive, &origin).map_err(|error| error.to_string())
        }
    }
}

/// Adds to the store what is not there yet, all of it or nothing, and says so.
pub(super) async fn add(scope: DedicatedWorkerGlobalScope, added: Added) {
    let mut settings = None;
    let merged = match added {
        Added::Digits(digits) => add_all(digits, Vec::new(), Vec::new()).await,
        Added::Archive(archive) => {
            let Archive { digits, pinned, runs, settings: saved } = *archive;
            settings = Some(saved).filter(|settings| !settings.is_empty());
            let runs =
                runs.into_iter().map(|(run, weights)| (StoredRun::of_saved(0, run), weights));
            add_all(digits, pinned, runs.collect()).await
        }
    };
    let reply = match merged {
        Ok(words) => Reply::Merged { words, settings },
        Err(why) => Reply::Refused { reason: format!("Nothing was added: {why}.") },
    };
    send(&scope, &reply, &[]);
}

async fn add_all(
    digits: Vec<Digit>,
    pinned: Vec<Digit>,
    runs: Vec<(StoredRun, Vec<f32>)>,
) -> Result<String, String> {
    let salt = (js_sys::Math::random() * f64::from(u16::MAX)) as u16;
    let entries = Array::new();
    let mut said = Vec::new();
    let sets = [(DrawingSet::UserDigits, digits), (DrawingSet::Pinned, pinned)];
    for (set, digits) in sets {
        let there = stored_digits(set).await?;
        let mut number = newest(there.iter().map(|(key, _)| *key));
        let known: Vec<_> = there.into_iter().map(|(_, digit)| digit).collect();
        let mut merged = digits::merge(&known, digits, MOST_OF_A_CLASS);
        if set == DrawingSet::Pinned {
            let room = MOST_PINNED.saturating_sub(known.len());
            merged.left_out += merged.new.len().saturating_sub(room) as u32;
            merged.new.truncate(room);
        }
        for digit in &merged.new {
            number += 1;
            let key = [set.prefix(), &collection::key(number, salt).to_string()].concat();
            entries.push(&Array::of2(&key.into(), &Float32Array::from(&digit.numbers()[..])));
        }
        said.extend(words(set, &merged));
    }
    said.extend(add_runs(runs, salt, &entries).await?);
    run_store::add(&entries).await?;
    let nothing = || String::from("There was nothing in it.");
    Ok(if said.is_empty() { nothing() } else { said.join(" ") })
}

/// Adds entries for the runs that are not there yet; returns what to say about them.
async fn add_runs(
    runs: Vec<(StoredRun, Vec<f32>)>,
    salt: u16,
    entries: &Array,
) -> Result<Option<String>, String> {
    if runs.is_empty() {
        return Ok(None);
    }
    let there: Vec<_> = run_store::entries(RUN).await?;
    let mut there: Vec<_> =
        there.iter().map(|(name, value)| run_of(key_in(RUN, name), value)).collect();
    let mut number = newest(there.iter().map(|run| run.key));
    let (all, mut new) = (runs.len() as u32, 0);
    for (mut run, weights) in runs {
        if there.iter().any(|known| known.is_same_run(&run)) {
            continue;
        }
        number += 1;
        new += 1;
        run.key = collection::key(number, salt);
        let key = |prefix: &str| JsValue::from([prefix, &run.key.to_string()].concat());
        let value = value_of(&run).map_err(|error| port::describe(&error))?;
        entries.push(&Array::of2(&key(RUN), &value));
        if !weights.is_empty() {
            entries.push(&Array::of2(&key(WEIGHTS), &Float32Array::from(&weights[..])));
        }
        there.push(run);
    }
    let known = match all - new {
        0 => String::new(),
        known => format!(" {} there already.", are(known)),
    };
    Ok(Some(format!("Added {} to Runs.{known}", of(new, "run", "runs"))))
}

/// What to say about digits that were added.
fn words(set: DrawingSet, merged: &Merged) -> Option<String> {
    let Merged { new, known, left_out } = merged;
    if new.is_empty() && *known == 0 && *left_out == 0 {
        return None;
    }
    let new = new.len() as u32;
    let mut words = match set {
        DrawingSet::UserDigits => format!("Added {} to My digits.", of(new, "digit", "digits")),
        DrawingSet::Pinned => format!("Added {}.", of(new, "pinned drawing", "pinned drawings")),
    };
    if *known > 0 {
        words.push_str(&format!(" {} there already.", are(*known)));
    }
    if *left_out > 0 {
        let room = match set {
            DrawingSet::UserDigits => format!("{MOST_OF_A_CLASS} of each digit"),
            DrawingSet::Pinned => MOST_PINNED.to_string(),
        };
        words.push_str(&format!(" {} left out: there is room for {room}.", are(*left_out)));
    }
    Some(words)
}

fn are(number: u32) -> String {
    format!("{} {}", count(number), if number == 1 { "was" } else { "were" })
}

/// The greatest number of some keys.
fn newest(keys: impl Iterator<Item = Key>) -> u64 {
    keys.map(|key| key >> 16).max().unwrap_or(0)
}

fn key_in(prefix: &str, name: &str) -> Key {
    name[prefix.len()..].parse().unwrap_or(0)
}

/// The digits of a set that the store has, oldest first.
async fn stored_digits(set: DrawingSet) -> Result<Vec<(Key, Digit)>, String> {
    let entries = run_store::entries(set.prefix()).await?;
    let digits = entries.into_iter().filter_map(|(name, value)| {
        let numbers = value.dyn_into::<Float32Array>().ok()?.to_vec();
        Some((key_in(set.prefix(), &name), Digit::read(&numbers)?))
    });
    let mut digits: Vec<_> = digits.collect();
    digits.sort_by_key(|(key, _)| *key);
    Ok(digits)
}
