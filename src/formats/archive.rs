//! Everything that a browser keeps, in one zip file of the other formats.
//!
//! | file in it | what |
//! | --- | --- |
//! | `inkling.json` | names this form of the file, and the settings as a link |
//! | `runs/001.json` | a run with its curves, as [`SavedRun`] |
//! | `runs/001.safetensors` | its weights, if they were kept |
//! | `digits.jsonl`, `pinned.jsonl` | the visitor's digits and pinned drawings, as [`super::digits`] |

use serde::{Deserialize, Serialize};

use super::bundle::{self, NamedFile};
use super::run::SavedRun;
use super::{FileError, digits, safetensors};
use crate::config::Form;
use crate::ink::Digit;
use crate::net::Plan;
use crate::protocol::NetworkInfo;

const HEAD: &str = "inkling.json";
const DIGITS: &str = "digits.jsonl";
const PINNED: &str = "pinned.jsonl";
const RUNS: &str = "runs/";

/// The version of the archive's form.
const VERSION: u32 = 1;

/// The most minibatches of a run.
const MOST_STEPS: usize = 10_000_000;

/// Everything that a browser keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archive {
    /// The settings, as a link.
    pub settings: String,
    /// The runs, oldest first, each with its weights; empty if there are none.
    pub runs: Vec<(SavedRun, Vec<f32>)>,
    /// The visitor's digits.
    pub digits: Vec<Digit>,
    /// Drawings that are pinned in Test.
    pub pinned: Vec<Digit>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    inkling_archive: u32,
    settings: String,
    origin: String,
}

/// The archive's file.
///
/// - `origin`: the address of the page.
///
/// # Errors
/// If there is too much for a zip file.
pub fn write(archive: &Archive, origin: &str) -> Result<NamedFile, FileError> {
    let head = Head {
        inkling_archive: VERSION,
        settings: archive.settings.clone(),
        origin: origin.to_owned(),
    };
    let json = |value: Result<Vec<u8>, serde_json::Error>| value.unwrap_or_default();
    let mut files = vec![(HEAD.to_owned(), json(serde_json::to_vec(&head)))];
    for (at, (run, weights)) in archive.runs.iter().enumerate() {
        let name = |end: &str| format!("{RUNS}{:03}.{end}", at + 1);
        files.push((name("json"), json(serde_json::to_vec(run))));
        let (form, _) = Form::from_hash(&run.link);
        let info = NetworkInfo {
            name: run.name.clone(),
            settings: run.link.clone(),
            origin: origin.to_owned(),
            test_accuracy: run.epochs.last().and_then(|epoch| epoch.test_accuracy),
        };
        let plan = Plan::new(&form.settings.architecture).ok();
        let file = plan.and_then(|plan| safetensors::write(&info, &plan, weights).ok());
        files.extend(file.map(|file| (name("safetensors"), file)));
    }
    for (name, digits) in [(DIGITS, &archive.digits), (PINNED, &archive.pinned)] {
        files.push((name.to_owned(), digits::write_lines(digits).into_bytes()));
    }
    let files: Vec<_> = files.into_iter().map(|(name, bytes)| NamedFile { name, bytes }).collect();
    Ok(NamedFile { name: String::from("inkling.zip"), bytes: bundle::zip(&files)? })
}

/// Reads the files of an archive; `None` if they are not of one.
///
/// # Errors
/// Says what is wrong with the first file that cannot be read.
pub(super) fn read(files: &[NamedFile]) -> Result<Option<Archive>, FileError> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    let Some(head_file) = find(HEAD) else { return Ok(None) };
    let head: Head = serde_json::from_slice(&head_file.bytes).map_err(|error| {
        FileError::new(HEAD, format!("cannot be read ({error})"), "Inkling writes it")
    })?;
    if head.inkling_archive != VERSION {
        let wrong = format!("is of version {}", head.inkling_archive);
        return Err(FileError::new(HEAD, wrong, "this page reads version 1"));
    }
    let digits = |name: &str| find(name).map_or(Ok(Vec::new()), digits::read_lines);
    let mut runs = Vec::new();
    for file in files.iter().filter(|file| file.name.starts_with(RUNS)) {
        if let Some(name) = file.name.strip_suffix(".json") {
            let weights = find(&[name, ".safetensors"].concat());
            runs.push(read_run(file, weights)?);
        }
    }
    let (digits, pinned) = (digits(DIGITS)?, digits(PINNED)?);
    Ok(Some(Archive { settings: head.settings, runs, digits, pinned }))
}

fn read_run(
    file: &NamedFile,
    weights: Option<&NamedFile>,
) -> Result<(SavedRun, Vec<f32>), FileError> {
    let run: SavedRun = serde_json::from_slice(&file.bytes).map_err(|error| {
        FileError::new(&file.name, format!("cannot be read ({error})"), "it should be a run")
    })?;
    let steps = run.losses.len();
    if run.epochs.is_empty() || steps != run.accuracies.len() || steps > MOST_STEPS {
        let wrong = format!(
            "has {} epochs, {steps} losses and {} accuracies",
            run.epochs.len(),
            run.accuracies.len()
        );
        let wanted = "a run has at least one epoch, and as many losses as accuracies";
        return Err(FileError::new(&file.name, wrong, wanted));
    }
    let (form, _) = Form::from_hash(&run.link);
    let Some(weights) = weights else { return Ok((run, Vec::new())) };
    let (info, parameters) = safetensors::read(&weights.bytes)
        .map_err(|error| FileError::new(&weights.name, format!("cannot be used: {error}"), ""))?;
    let (of_weights, _) = Form::from_hash(&info.settings);
    if of_weights.settings.architecture != form.settings.architecture {
        let wanted = "both should have the same layers";
        return Err(FileError::new(&weights.name, "is not the network of its run", wanted));
    }
    Ok((run, parameters))
}
