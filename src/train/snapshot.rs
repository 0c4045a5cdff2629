//! A run as bytes, at any minibatch, so that it goes on after its page is gone with the same bits as if nothing had
//! happened.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `FORMAT`, which names this form of the file |
//! | 8 | FNV-1a hash of the rest |
//! | rest | [`Writer`]'s lists and numbers, in the order of [`write()`] |
//!
//! No build's types are in it: the settings are a link, which every later build reads.

use super::bytes::{Reader, Writer};
use super::session::Session;
use crate::config::Form;
use crate::protocol::OF_EPOCH;

/// The first bytes: a name and a version.
const FORMAT: [u8; 8] = *b"inkling1";

/// Minibatches over which the training accuracy is averaged if there was no test yet.
const RECENT: usize = 50;

/// Why a snapshot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It has another form.
    #[error("it is from another version of Inkling")]
    Foreign,
    /// It was cut short or changed.
    #[error("it is damaged")]
    Damaged,
    /// Its numbers do not belong to its settings or to these training images.
    #[error("it belongs to other settings or other training images")]
    Unfit,
}

/// What a page shows of a run's past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    /// Each minibatch's mean cross-entropy.
    pub losses: Vec<f32>,
    /// Share of each minibatch that was right.
    pub accuracies: Vec<f32>,
    /// [`OF_EPOCH`] numbers for each epoch.
    pub tests: Vec<f32>,
}

impl RunHistory {
    /// The last test's accuracy, or before it that of the latest minibatches.
    pub fn accuracy(&self) -> Option<f32> {
        if let Some(&[_, _, _, accuracy, ..]) = self.tests.last_chunk::<OF_EPOCH>() {
            return Some(accuracy);
        }
        let recent = &self.accuracies[self.accuracies.len().saturating_sub(RECENT)..];
        (!recent.is_empty()).then(|| recent.iter().sum::<f32>() / recent.len() as f32)
    }
}

/// A run to go on with.
#[derive(Debug)]
pub struct Snapshot {
    /// The run.
    pub session: Session,
    /// Its settings and where it started, as a link.
    pub link: String,
    /// The parameters that it started from; empty if they were drawn from the seed.
    pub initial: Vec<f32>,
    /// Its past.
    pub history: RunHistory,
    /// Seconds that it has trained.
    pub seconds: f64,
}

fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Writes a run.
pub fn write(
    session: &Session,
    link: &str,
    initial: &[f32],
    history: &RunHistory,
    seconds: f64,
) -> Vec<u8> {
    let mut writer = Writer(vec![0; 2 * FORMAT.len()]);
    writer.text(link);
    session.write(&mut writer);
    for list in [initial, &history.losses, &history.accuracies, &history.tests] {
        writer.floats(list);
    }
    writer.0.extend_from_slice(&seconds.to_le_bytes());
    let mut bytes = writer.0;
    let hash = hash(&bytes[2 * FORMAT.len()..]);
    bytes[..FORMAT.len()].copy_from_slice(&FORMAT);
    bytes[FORMAT.len()..2 * FORMAT.len()].copy_from_slice(&hash.to_le_bytes());
    bytes
}

impl Snapshot {
    /// Reads a run. `images` is the size of the training set.
    ///
    /// # Errors
    /// If it is not whole or belongs to something else.
    pub fn read(bytes: &[u8], images: usize) -> Result<Self, SnapshotError> {
        let (format, rest) = bytes.split_first_chunk().ok_or(SnapshotError::Foreign)?;
        if *format != FORMAT {
            return Err(SnapshotError::Foreign);
        }
        let (&expected, rest) = rest.split_first_chunk().ok_or(SnapshotError::Damaged)?;
        if u64::from_le_bytes(expected) != hash(rest) {
            return Err(SnapshotError::Damaged);
        }
        let mut reader = Reader(rest);
        let link = reader.text().ok_or(SnapshotError::Damaged)?;
        let (form, notices) = Form::from_hash(&link);
        let parameters = form.settings.architecture.parameter_count().ok();
        let (true, Some(parameters)) = (notices.is_empty(), parameters) else {
            return Err(SnapshotError::Unfit);
        };
        let session = Session::read(form.settings, images, parameters, &mut reader)
            .ok_or(SnapshotError::Unfit)?;
        let mut floats = || reader.floats().ok_or(SnapshotError::Damaged);
        let [initial, losses, accuracies, tests] = [floats()?, floats()?, floats()?, floats()?];
        let &[a, b, c, d, e, f, g, h] = reader.0 else { return Err(SnapshotError::Damaged) };
        let seconds = f64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let fits = (initial.is_empty() || initial.len() == parameters)
            && losses.len() == session.step() as usize
            && losses.len() == accuracies.len()
            && tests.len() == OF_EPOCH * session.epoch() as usize;
        if !fits {
            return Err(SnapshotError::Unfit);
        }
        Ok(Self {
            session,
            link,
            initial,
            history: RunHistory { losses, accuracies, tests },
            seconds,
        })
    }
}
