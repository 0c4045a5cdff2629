//! Digits as images: the two IDX files of MNIST, and PNG images in a folder for each digit.

use std::io::Cursor;

use crate::data::idx::{self, IdxError};
use crate::data::{CLASSES, PIXELS, SIDE};
use crate::formats::FileError;
use crate::formats::bundle::NamedFile;
use crate::ink::{Digit, DigitInk};

/// How IDX files of images and of labels begin.
const IMAGES: [u8; 4] = [0, 0, 8, 3];
const LABELS: [u8; 4] = [0, 0, 8, 1];

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The most pixels of a PNG image.
const MOST_PIXELS: usize = 4 << 20;

/// Side of the box that holds a digit's ink in MNIST's images.
const BOX: f32 = 20.0;

/// Ink fainter than this does not count as part of the digit.
const FAINTEST: f32 = 0.1;

/// Digits of the IDX files among these: those of images, each with those of labels, in the order of their names.
pub(super) fn from_idx(files: &[NamedFile]) -> Result<Vec<Digit>, FileError> {
    let of = |magic: [u8; 4]| {
        let mut found: Vec<_> =
            files.iter().filter(|file| file.bytes.starts_with(&magic)).collect();
        found.sort_by_key(|file| &file.name);
        found
    };
    let (images, labels) = (of(IMAGES), of(LABELS));
    if images.len() != labels.len() {
        let name = &images.first().or(labels.first()).map_or("", |file| &file.name);
        let wrong = format!(
            "is one of {} IDX files of images and {} of labels",
            images.len(),
            labels.len()
        );
        return Err(FileError::new(name, wrong, "choose both at once, or put them into one zip"));
    }
    let mut digits = Vec::new();
    for (image_file, label_file) in images.iter().zip(&labels) {
        let read = idx::digits(&image_file.bytes, &label_file.bytes).map_err(|error| {
            let of_labels = matches!(error, IdxError::Label(_));
            let name = if of_labels { &label_file.name } else { &image_file.name };
            FileError::new(name, format!("cannot be used: {error}"), "")
        })?;
        digits.extend(read.images.as_chunks::<PIXELS>().0.iter().zip(&read.labels).map(
            |(pixels, &label)| {
                let image = pixels.map(|ink| f32::from(ink) / 255.0);
                Digit { label, ink: DigitInk::Image(Box::new(image)) }
            },
        ));
    }
    digits.retain(|digit| digit.picture().is_some());
    Ok(digits)
}

/// IDX files of digits, named as MNIST's.
pub(super) fn to_idx(digits: &[Digit]) -> [NamedFile; 2] {
    let pictures: Vec<_> =
        digits.iter().filter_map(|digit| Some((digit.label, digit.picture()?))).collect();
    let count = (pictures.len() as u32).to_be_bytes();
    let side = (SIDE as u32).to_be_bytes();
    let mut images = [IMAGES, count, side, side].concat();
    let mut labels = [LABELS, count].concat();
    for (label, picture) in &pictures {
        labels.push(*label);
        images.extend(picture.iter().map(|ink| (255.0 * ink).round() as u8));
    }
    [("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)]
        .map(|(name, bytes)| NamedFile { name: name.to_owned(), bytes })
}

/// Digits of the PNG images among these, by their folders.
pub(super) fn from_png(files: &[NamedFile]) -> Result<Vec<Digit>, FileError> {
    let mut digits = Vec::new();
    for file in files {
        let (is_png, folder) = (file.bytes.starts_with(PNG), folder(&file.name));
        let label = match (is_png, folder) {
            (true, Some(label)) => label,
            (true, None) => {
                let wanted = "it should be in a zip, in a folder named after its digit, as 5/a.png";
                return Err(FileError::new(&file.name, "does not say which digit it is", wanted));
            }
            (false, Some(_)) => {
                return Err(FileError::new(&file.name, "is no PNG image", "it should be one"));
            }
            (false, None) => continue,
        };
        let image = read_png(&file.bytes).map_err(|wrong| {
            FileError::new(&file.name, wrong, "it should be a PNG image of one digit")
        })?;
        digits.push(Digit { label, ink: DigitInk::Image(image) });
    }
    Ok(digits)
}

/// The digit after which a file's folder is named.
fn folder(name: &str) -> Option<u8> {
    let mut parts = name.rsplit(['/', '\\']).skip(1);
    let folder = parts.next()?;
    folder.parse().ok().filter(|&label| usize::from(label) < CLASSES && folder.len() == 1)
}

/// The digit in a PNG image, as MNIST would have it; the error says what is wrong with the image.
fn read_png(bytes: &[u8]) -> Result<Box<[f32; PIXELS]>, String> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let damaged = |error: png::DecodingError| format!("is damaged ({error})");
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(format!("has {width}x{height} pixels, which is too large"));
    }
    let size = reader.output_buffer_size().ok_or("is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    let samples = frame.color_type.samples();
    let light = |pixel: &[u8]| {
        let part = |at: usize| f32::from(pixel[at]) / 255.0;
        let alpha = if samples % 2 == 0 { part(samples - 1) } else { 1.0 };
        let grey = if samples < 3 { part(0) } else { (part(0) + part(1) + part(2)) / 3.0 };
        alpha * grey + (1.0 - alpha)
    };
    let light: Vec<f32> = pixels.chunks_exact(samples).take(width * height).map(light).collect();
    if light.len() < width * height || light.is_empty() {
        return Err(String::from("is cut short"));
    }
    normalise(&ink(&light, width), width).ok_or_else(|| String::from("shows nothing"))
}

/// Ink, 0 to 1, of an image whose paper is what its edge mostly is, black or white.
fn ink(light: &[f32], width: usize) -> Vec<f32> {
    let height = light.len() / width;
    let is_edge = |at: usize| {
        let (x, y) = (at % width, at / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let edge: Vec<f32> = (0..light.len()).filter(|&at| is_edge(at)).map(|at| light[at]).collect();
    let white = 2.0 * edge.iter().sum::<f32>() > edge.len() as f32;
    light.iter().map(|&light| if white { 1.0 - light } else { light }).collect()
}

/// An image as MNIST's are: one of 28x28 as it is, of any other the ink in a box of 20x20 with its centre of mass in
/// the middle. `None` without ink.
fn normalise(ink: &[f32], width: usize) -> Option<Box<[f32; PIXELS]>> {
    if let Ok(image) = <[f32; PIXELS]>::try_from(ink)
        && width == SIDE
    {
        return image.iter().any(|&ink| ink > FAINTEST).then(|| Box::new(image));
    }
    let inked = (0..ink.len()).filter(|&at| ink[at] > FAINTEST);
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for at in inked {
        for (axis, place) in [at % width, at / width].into_iter().enumerate() {
            low[axis] = low[axis].min(place);
            high[axis] = high[axis].max(place + 1);
        }
    }
    let longer = (0..2).map(|axis| high[axis].checked_sub(low[axis])).max()??;
    let scale = longer as f32 / BOX;
    let middle = |axis: usize| (low[axis] + high[axis]) as f32 / 2.0;
    let height = ink.len() / width;
    let sample = |from: [f32; 2]| {
        let mut image = Box::new([0.0; PIXELS]);
        for (at, pixel) in image.iter_mut().enumerate() {
            let place = [at % SIDE, at / SIDE];
            let [x, y] = [0, 1].map(|axis| {
                let start = from[axis] + (place[axis] as f32 - SIDE as f32 / 2.0) * scale;
                (start, start + scale)
            });
            *pixel = mean(ink, width, height, x, y);
        }
        image
    };
    let image = sample([middle(0), middle(1)]);
    let mass: f32 = image.iter().sum();
    let centre = |part: fn(usize) -> usize| {
        let moment: f32 = image.iter().enumerate().map(|(at, ink)| ink * part(at) as f32).sum();
        moment / mass - (SIDE as f32 - 1.0) / 2.0
    };
    (mass > 0.0).then(|| {
        let (x, y) = (centre(|at| at % SIDE), centre(|at| at / SIDE));
        sample([middle(0) + scale * x, middle(1) + scale * y])
    })
}

/// Mean ink of a part of an image, whose surroundings are paper.
fn mean(ink: &[f32], width: usize, height: usize, x: (f32, f32), y: (f32, f32)) -> f32 {
    let cover =
        |at: usize, (from, to): (f32, f32)| ((at + 1) as f32).min(to) - (at as f32).max(from);
    let range = |(from, to): (f32, f32), end: usize| {
        (from.max(0.0) as usize).min(end)..(to.ceil().max(0.0) as usize).min(end)
    };
    let mut sum = 0.0;
    for row in range(y, height) {
        for column in range(x, width) {
            sum += ink[row * width + column] * cover(row, y) * cover(column, x);
        }
    }
    (sum / ((x.1 - x.0) * (y.1 - y.0))).clamp(0.0, 1.0)
}

/// A PNG image of each digit, white on black as MNIST's, in a folder named after it.
pub(super) fn to_png(digits: &[Digit]) -> Result<Vec<NamedFile>, FileError> {
    let mut files = Vec::new();
    for (at, digit) in digits.iter().enumerate() {
        let Some(picture) = digit.picture() else { continue };
        let name = format!("{}/{:05}.png", digit.label, at + 1);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
        encoder.set_color(png::ColorType::Grayscale);
        let pixels = picture.map(|ink| (255.0 * ink).round() as u8);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&pixels)?;
            writer.finish()
        });
        written
            .map_err(|error| FileError::new(&name, format!("cannot be written: {error}"), ""))?;
        files.push(NamedFile { name, bytes });
    }
    Ok(files)
}
