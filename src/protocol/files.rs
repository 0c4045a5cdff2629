//! What page and trainer say of files.

use serde::{Deserialize, Serialize};

/// A format of a file that holds a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFormat {
    /// Weights with names, and in its metadata the rest of [`NetworkInfo`].
    Safetensors,
    /// A model that many runtimes compute.
    Onnx,
    /// A Python script for Keras 3, which reads the safetensors file.
    Keras,
    /// The same for PyTorch.
    PyTorch,
}

impl FileFormat {
    /// All of them, in the page's order, with their words in the markup and on the command line.
    pub const ALL: [(&'static str, Self); 4] = [
        ("safetensors", Self::Safetensors),
        ("onnx", Self::Onnx),
        ("keras", Self::Keras),
        ("pytorch", Self::PyTorch),
    ];

    /// The name of such a file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Safetensors => "inkling-network.safetensors",
            Self::Onnx => "inkling-network.onnx",
            Self::Keras => "inkling_keras.py",
            Self::PyTorch => "inkling_pytorch.py",
        }
    }
}

/// What the browser keeps, as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SavedFile {
    /// A table of runs with a line for each epoch.
    RunsCsv,
    /// Runs with all that is known of them but their weights.
    RunsJson,
    /// The visitor's digits.
    Digits(DigitFormat),
    /// Everything, to be opened again.
    Archive,
}

/// A format of a file that holds labelled digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DigitFormat {
    /// A drawing a line, as JSON.
    Strokes,
    /// The two files of MNIST's format, in a zip file.
    Idx,
    /// A PNG image of each digit, in a zip file.
    Png,
}

impl DigitFormat {
    /// All of them, in the page's order, with their words in the markup.
    pub const ALL: [(&'static str, Self); 3] =
        [("strokes", Self::Strokes), ("idx", Self::Idx), ("png", Self::Png)];
}

/// A kept run. Three arrays beside it are its numbers, each a double in two; the losses; the accuracies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredHead {
    /// Its key in the browser's store.
    pub key: u64,
    /// Its name.
    pub name: String,
    /// The link that repeats it.
    pub link: String,
}

/// A file that the visitor picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub length: u32,
}

/// What a file says of a network beside its weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkInfo {
    /// Whose weights they are, in words.
    pub name: String,
    /// The settings of its training as a link's hash, with its layers.
    pub settings: String,
    /// The address of the page that it comes from.
    pub origin: String,
    /// Share of the test images that it reads right, 0 to 1, if that is known.
    pub test_accuracy: Option<f32>,
}
