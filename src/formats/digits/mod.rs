//! Labelled digits as files that others read, and such files as digits.
//!
//! | module | what it reads and writes |
//! | --- | --- |
//! | `strokes` | JSON lines: a drawing a line |
//! | `images` | IDX, the format of MNIST, and PNG images in a folder for each digit |
//!
//! [`merge()`] chooses those that are not there yet.

mod images;
mod merge;
mod strokes;

use super::FileError;
use super::bundle::{self, NamedFile};
use crate::ink::Digit;
use crate::protocol::DigitFormat;

pub use merge::{Merged, merge};
pub(super) use strokes::{is as are_lines, read as read_lines, write as write_lines};

/// What a file of digits may be.
const WANTED: &str = "a file of digits holds a drawing a line (.jsonl), MNIST’s two IDX files, or PNG images in a zip \
                      with a folder for each digit";

/// Digits from files that are unpacked.
///
/// # Errors
/// Says what is wrong with the first that is no file of digits.
pub(super) fn read(files: &[NamedFile]) -> Result<Vec<Digit>, FileError> {
    let mut digits = Vec::new();
    for file in files.iter().filter(|file| strokes::is(file)) {
        digits.extend(strokes::read(file)?);
    }
    digits.extend(images::from_idx(files)?);
    digits.extend(images::from_png(files)?);
    if digits.is_empty() {
        let name = files.first().map_or("The archive", |file| &file.name);
        return Err(FileError::new(name, "holds no digits", WANTED));
    }
    Ok(digits)
}

/// The name and the bytes of a file that holds digits.
///
/// # Errors
/// If there are too many for an archive.
pub fn write(format: DigitFormat, digits: &[Digit]) -> Result<NamedFile, FileError> {
    let (name, bytes) = match format {
        DigitFormat::Strokes => ("inkling-digits.jsonl", strokes::write(digits).into_bytes()),
        DigitFormat::Idx => ("inkling-digits-idx.zip", bundle::zip(&images::to_idx(digits))?),
        DigitFormat::Png => ("inkling-digits-png.zip", bundle::zip(&images::to_png(digits)?)?),
    };
    Ok(NamedFile { name: name.to_owned(), bytes })
}
