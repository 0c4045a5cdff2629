//! The part of the data set that has arrived.

use crate::data::Digits;
use crate::data::manifest::Split;
use crate::protocol::DataProgress;
use crate::train::session::Available;

/// Parts that have been loaded and checked.
#[derive(Default)]
pub(super) struct Images {
    pub(super) train: Digits,
    /// Complete only when `progress` says so.
    pub(super) test: Digits,
    pub(super) progress: DataProgress,
}

impl Images {
    /// Adds a part, if one came, and notes the progress of the download.
    pub(super) fn take(&mut self, part: Option<(Split, Digits)>, progress: DataProgress) {
        match part {
            Some((Split::Train, digits)) => {
                self.train.reserve(progress.total_train_images as usize);
                self.train.append(digits);
            }
            Some((Split::Test, digits)) => self.test.append(digits),
            None => {}
        }
        self.progress = progress;
    }

    /// What a run can use now.
    pub(super) fn available(&self) -> Available {
        let test = self.progress.test_ready.then(|| self.test.len());
        Available { train: self.train.len(), test }
    }
}
