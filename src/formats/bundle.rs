//! Several files in one: zip archives, and gzip around a single file. No length in them is trusted.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use flate2::write::DeflateEncoder;
use rawzip::{
    CompressionMethod, ZipArchive, ZipArchiveWriter, ZipFileHeaderRecord, ZipSliceArchive,
};

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
    let damaged = |error: rawzip::Error| {
        FileError::new(&file.name, format!("is a zip archive that cannot be read ({error})"), "")
    };
    let archive = ZipArchive::from_slice(&file.bytes[..]).map_err(damaged)?;
    let mut entries = archive.entries();
    let (mut files, mut room, mut count) = (Vec::new(), MOST_BYTES, 0);
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        count += 1;
        if count > MOST_FILES {
            return Err(FileError::new(&file.name, "holds too many files", "20,000 are the most"));
        }
        let name = entry.file_path().try_normalize().map_err(damaged)?.as_ref().to_owned();
        if entry.is_dir() || is_hidden(&name) {
            continue;
        }
        let bytes = content(&archive, &entry, room, &name)?;
        room -= bytes.len() as u64;
        files.push(without_gzip(NamedFile { name, bytes })?);
    }
    if count as u64 != archive.entries_hint() {
        let wrong = format!(
            "is a zip archive of {} files, of which {count} are there",
            archive.entries_hint()
        );
        return Err(FileError::new(&file.name, wrong, "it should be a whole file"));
    }
    Ok(files)
}

/// What is in an entry, whose length and checksum are compared.
fn content(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
    room: u64,
    name: &str,
) -> Result<Vec<u8>, FileError> {
    let method = entry.compression_method();
    let packed = archive.get_entry(entry.wayfinder()).map_err(|error| {
        FileError::new(name, format!("is damaged ({error})"), "it should be a whole file")
    })?;
    match method {
        CompressionMethod::STORE => read_all(packed.verifying_reader(packed.data()), room, name),
        CompressionMethod::DEFLATE => {
            let inflated = DeflateDecoder::new(packed.data());
            read_all(packed.verifying_reader(inflated), room, name)
        }
        _ => {
            let wanted = "an archive should be packed by deflate, as most programs do";
            Err(FileError::new(name, "is packed in another way", wanted))
        }
    }
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

/// Packs files into a zip archive.
///
/// # Errors
/// If there are too many of them.
pub(super) fn zip(files: &[NamedFile]) -> Result<Vec<u8>, FileError> {
    let write = || -> Result<Vec<u8>, rawzip::Error> {
        let mut bytes = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut bytes);
        for NamedFile { name, bytes } in files {
            let file = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
            let (mut entry, config) = file.start()?;
            // Most of it are weights, which hardly become smaller.
            let mut packed = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            packed.write_all(bytes)?;
            let (encoder, descriptor) = packed.finish()?;
            encoder.finish()?;
            entry.finish(descriptor)?;
        }
        archive.finish()?;
        Ok(bytes)
    };
    write()
        .map_err(|error| FileError::new("The archive", format!("cannot be written ({error})"), ""))
}
