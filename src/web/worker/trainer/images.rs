//! The data set, as far as it is here.

use crate::data::Digits;
use crate::protocol::DataProgress;
use crate::train::session::Available;
use crate::web::worker::dataset::Split;

/// What has been loaded and checked.
#[derive(Default)]
pub(super) struct Images {
    pub(super) train: Digits,
    /// Of use once all of it is here, which `progress` says.
    pub(super) test: Digits,
    pub(super) progress: DataProgress,
}

impl Images {
    /// Takes in a part, if one came, and how much there is now.
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

    /// What a run can use by now.
    pub(super) fn available(&self) -> Available {
        let test = self.progress.test_ready.then(|| self.test.len());
        Available { train: self.train.len(), test }
    }
}
