//! Several files in one: zip archives, and gzip around a single file. No length in them is trusted.

use std::io::{Cursor, Read, Write};

use flate2::read::MultiGzDecoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::FileError;

/// The most bytes that a file may have once it is unpacked.
const MOST_BYTES: u64 = 256 << 20;

/// The most files in an archive.
const MOST_FILES: usize = 20_000;

/// A file and its name, in an archive with the folders it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// For sentences about it, and to know a digit by its folder.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The files themselves, without the archives and the compression around them.
///
/// # Errors
/// If an archive is damaged or too large.
pub(super) fn unpack(files: Vec<NamedFile>) -> Result<Vec<NamedFile>, FileError> {
    let mut unpacked = Vec::new();
    for file in files {
        let file = without_gzip(file)?;
        if file.bytes.starts_with(b"PK\x03\x04") || file.bytes.starts_with(b"PK\x05\x06") {
            unpacked.extend(unzip(&file)?);
        } else {
            unpacked.push(file);
        }
    }
    Ok(unpacked)
}

fn without_gzip(file: NamedFile) -> Result<NamedFile, FileError> {
    if !file.bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(file);
    }
    let bytes = read_all(MultiGzDecoder::new(&file.bytes[..]), MOST_BYTES, &file.name)?;
    let name = file.name.strip_suffix(".gz").unwrap_or(&file.name).to_owned();
    Ok(NamedFile { name, bytes })
}

fn unzip(file: &NamedFile) -> Result<Vec<NamedFile>, FileError> {
    let damaged = |error: &dyn std::fmt::Display| {
        FileError::new(&file.name, format!("is a zip archive that cannot be read ({error})"), "")
    };
    let mut archive = ZipArchive::new(Cursor::new(&file.bytes)).map_err(|error| damaged(&error))?;
    if archive.len() > MOST_FILES {
        let wrong = format!("holds {} files", archive.len());
        return Err(FileError::new(&file.name, wrong, "20,000 are the most"));
    }
    let (mut files, mut room) = (Vec::new(), MOST_BYTES);
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|error| damaged(&error))?;
        let name = entry.name().map_err(|error| damaged(&error))?.into_owned();
        if entry.is_dir() || is_hidden(&name) {
            continue;
        }
        let bytes = read_all(entry, room, &name)?;
        room -= bytes.len() as u64;
        files.push(without_gzip(NamedFile { name, bytes })?);
    }
    Ok(files)
}

/// What systems add to archives unasked.
fn is_hidden(name: &str) -> bool {
    name.split(['/', '\\']).any(|part| part.starts_with('.') || part == "__MACOSX")
}

fn read_all(from: impl Read, most: u64, name: &str) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = from.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        FileError::new(name, format!("is damaged ({error})"), "it should be a whole file")
    })?;
    if bytes.len() as u64 > most {
        return Err(FileError::new(name, "is too large once unpacked", "256 MB are the most"));
    }
    Ok(bytes)
}

/// Packs files into a zip archive. Weights hardly become smaller, so those are only stored.
///
/// # Errors
/// If there are too many of them.
pub(super) fn zip(files: &[NamedFile]) -> Result<Vec<u8>, FileError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let written = (|| {
        for NamedFile { name, bytes } in files {
            let stored = [".safetensors", ".png"].iter().any(|end| name.ends_with(end));
            let method =
                if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
            archive.start_file(&**name, SimpleFileOptions::default().compression_method(method))?;
            archive.write_all(bytes)?;
        }
        archive.finish()
    })();
    let archive = written.map_err(|error| {
        FileError::new("The archive", format!("cannot be written ({error})"), "")
    })?;
    Ok(archive.into_inner())
}
