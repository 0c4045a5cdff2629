//! The IDX format of the original MNIST files: a big-endian header, then bytes.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File
//! formats for the MNIST database".

use super::{CLASSES, Digits, PIXELS, SIDE};

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;

/// Why a file is not a valid set of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdxError {
    /// The file ends before its header or before the data that its header promises.
    #[error("it ends after {got} bytes, {needed} are needed")]
    Truncated {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        got: usize,
    },
    /// Bytes after the end.
    #[error("{0} bytes follow its end")]
    TooLong(usize),
    /// Another kind of file.
    #[error("it starts with {got:#010x}, not with {expected:#010x}")]
    Magic {
        /// What the file should start with.
        expected: u32,
        /// What it starts with.
        got: u32,
    },
    /// Pictures of another size.
    #[error("its pictures are {height}x{width}, not {SIDE}x{SIDE}")]
    Size {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
    /// A class that does not exist.
    #[error("it has a label {0}, the largest is 9")]
    Label(u8),
    /// A set whose two files do not match.
    #[error("it has {images} pictures but {labels} labels")]
    Counts {
        /// In the image file.
        images: usize,
        /// In the label file.
        labels: usize,
    },
}

/// Splits `N` big-endian numbers off the front.
fn header<const N: usize>(bytes: &[u8]) -> Result<([u32; N], &[u8]), IdxError> {
    let (words, _) = bytes.as_chunks::<4>();
    let truncated = IdxError::Truncated { needed: 4 * N, got: bytes.len() };
    let words: [[u8; 4]; N] = words.get(..N).and_then(|w| w.try_into().ok()).ok_or(truncated)?;
    Ok((words.map(u32::from_be_bytes), &bytes[4 * N..]))
}

fn check_magic(got: u32, expected: u32) -> Result<(), IdxError> {
    if got == expected { Ok(()) } else { Err(IdxError::Magic { expected, got }) }
}

/// Splits off the images of an image file; returns what follows them, too.
///
/// # Errors
/// If it is not an image file, is cut short, or holds images of another size.
pub fn images(bytes: &[u8]) -> Result<(&[u8], &[u8]), IdxError> {
    let ([magic, count, height, width], data) = header(bytes)?;
    check_magic(magic, IMAGES_MAGIC)?;
    if (height as usize, width as usize) != (SIDE, SIDE) {
        return Err(IdxError::Size { height, width });
    }
    // A header can promise more than the address space holds.
    let needed = (count as usize).saturating_mul(PIXELS);
    data.split_at_checked(needed)
        .ok_or(IdxError::Truncated { needed: needed.saturating_add(16), got: bytes.len() })
}

/// Splits off the labels of a label file; returns what follows them, too.
///
/// # Errors
/// If it is not a label file, is cut short, or has a label over 9.
pub fn labels(bytes: &[u8]) -> Result<(&[u8], &[u8]), IdxError> {
    let ([magic, count], data) = header(bytes)?;
    check_magic(magic, LABELS_MAGIC)?;
    let needed = count as usize;
    let (labels, rest) = data
        .split_at_checked(needed)
        .ok_or(IdxError::Truncated { needed: needed.saturating_add(8), got: bytes.len() })?;
    match labels.iter().find(|&&label| usize::from(label) >= CLASSES) {
        Some(&label) => Err(IdxError::Label(label)),
        None => Ok((labels, rest)),
    }
}

/// A set from its image file and its label file.
///
/// # Errors
/// If either is damaged, or they do not match.
pub fn digits(image_file: &[u8], label_file: &[u8]) -> Result<Digits, IdxError> {
    let (pixels, behind_images) = images(image_file)?;
    let (classes, behind_labels) = labels(label_file)?;
    match behind_images.len() + behind_labels.len() {
        0 => together(pixels, classes),
        extra => Err(IdxError::TooLong(extra)),
    }
}

/// A part of the data set: an image file directly followed by the label file of the same digits.
///
/// # Errors
/// As [`digits`].
pub fn part(bytes: &[u8]) -> Result<Digits, IdxError> {
    let (pixels, label_file) = images(bytes)?;
    let (classes, rest) = labels(label_file)?;
    match rest.len() {
        0 => together(pixels, classes),
        extra => Err(IdxError::TooLong(extra)),
    }
}

fn together(pixels: &[u8], classes: &[u8]) -> Result<Digits, IdxError> {
    let count = pixels.len() / PIXELS;
    if count != classes.len() {
        return Err(IdxError::Counts { images: count, labels: classes.len() });
    }
    Ok(Digits { images: pixels.to_vec(), labels: classes.to_vec() })
}
