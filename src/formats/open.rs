//! Files that a visitor picks or drops, whatever they are.

use super::archive::{self, Archive};
use super::bundle::{self, NamedFile};
use super::safetensors::{self, OpenError};
use super::{FileError, digits};
use crate::ink::Digit;
use crate::protocol::NetworkInfo;

/// What was in some files.
#[derive(Debug)]
pub enum Opened {
    /// A network.
    Network(NetworkInfo, Vec<f32>),
    /// Labelled digits.
    Digits(Vec<Digit>),
    /// Everything that a browser kept.
    Archive(Archive),
}

/// Why files cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum UnopenedError {
    /// It should be a network.
    #[error(
        "The file cannot be opened: {0}. It should be a .safetensors file that Inkling has saved."
    )]
    Network(#[from] OpenError),
    /// It should be something else.
    #[error("{0}. Nothing was added.")]
    File(#[from] FileError),
}

/// Reads files that were picked together.
///
/// # Errors
/// Says what is wrong with the first that cannot be used.
pub fn open(files: Vec<NamedFile>) -> Result<Opened, UnopenedError> {
    if let [file] = &files[..]
        && !is_packed(file)
        && !is_of_digits(file)
    {
        let (info, parameters) = safetensors::read(&file.bytes)?;
        return Ok(Opened::Network(info, parameters));
    }
    let files = bundle::unpack(files)?;
    if let Some(archive) = archive::read(&files)? {
        return Ok(Opened::Archive(archive));
    }
    Ok(Opened::Digits(digits::read(&files)?))
}

fn is_packed(file: &NamedFile) -> bool {
    [&b"PK\x03\x04"[..], b"PK\x05\x06", &[0x1f, 0x8b]]
        .iter()
        .any(|start| file.bytes.starts_with(start))
}

/// Whether a file is one of digits, good or bad. The header of a safetensors file begins at its ninth byte.
fn is_of_digits(file: &NamedFile) -> bool {
    let starts = [&[0, 0, 8][..], b"\x89PNG"].iter().any(|start| file.bytes.starts_with(start));
    starts || (digits::are_lines(file) && file.bytes.get(8) != Some(&b'{'))
}
