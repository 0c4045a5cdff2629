//! The list of the data set's parts, as it is read from `manifest.json`.

use serde::Deserialize;

/// Which set a part belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The training set.
    Train,
    /// The test set.
    Test,
}

/// All parts, in the order in which they are loaded.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// The parts.
    pub parts: Vec<DataPart>,
}

/// A file of digits, gzip around an image file that is directly followed by its label file.
#[derive(Clone, Debug, Deserialize)]
pub struct DataPart {
    /// Address relative to the manifest.
    pub file: String,
    /// Its set.
    pub split: Split,
    /// How many digits it has.
    pub images: u32,
    /// Compressed size.
    pub bytes: u32,
    /// Of the compressed file, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The parts' compressed size; `None` if it is too large.
    pub fn bytes(&self) -> Option<u32> {
        total(self.parts.iter().map(|part| part.bytes))
    }

    /// How many training images there are; `None` if there are too many.
    pub fn train_images(&self) -> Option<u32> {
        let train = self.parts.iter().filter(|part| part.split == Split::Train);
        total(train.map(|part| part.images))
    }
}

fn total(mut numbers: impl Iterator<Item = u32>) -> Option<u32> {
    numbers.try_fold(0u32, u32::checked_add)
}
