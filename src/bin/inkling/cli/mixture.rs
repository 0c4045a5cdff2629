//! Minibatches of which a part is made-up handwriting.

use std::ops::Range;

use inkling::config::{Architecture, TrainConfig};
use inkling::data::PIXELS;
use inkling::ink;
use inkling::net::doubt;
use inkling::train::augment::{self, Augmentation};
use inkling::train::gradient::{SHARDS, images_of};
use inkling::train::handwriting;

/// How much of each minibatch takes the place of MNIST's images, in sixteenths.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub(crate) struct Mixture {
    /// Sixteenths of each minibatch that are digits in other styles of writing than MNIST's
    #[arg(long, value_name = "0-16", default_value_t = 0)]
    written: usize,
    /// Sixteenths of each minibatch that are letters, pictures and scribbles
    #[arg(long, value_name = "0-16", default_value_t = 0, requires = "doubt")]
    no_digits: usize,
    /// Train the network that doubts, which only tells digits from what is none
    #[arg(long)]
    doubt: bool,
}

/// How handwriting is varied: shifted and warped, as it has a slant and a size of its own.
const HANDWRITING: Augmentation =
    Augmentation { translation: 1.0, warp: 1.0, ..Augmentation::NONE };

/// What makes a drawing's seed another one than its variation's.
const DRAWING: u64 = 0x5bd1_e995_9d1b_54a3;

impl Mixture {
    /// The layers of the network that doubts, if that is to be trained.
    pub(crate) fn architecture(self) -> Option<Architecture> {
        self.doubt.then(|| doubt::ARCHITECTURE.parse().ok()).flatten()
    }

    /// The classes of MNIST's images: for the network that doubts they are all the same.
    pub(crate) fn classify(self, labels: &mut [u8]) {
        if self.doubt {
            labels.fill(doubt::DIGIT);
        }
    }

    /// The shards whose images are no digits.
    fn no_digit_shards(self) -> Range<usize> {
        0..self.no_digits.min(SHARDS)
    }

    /// The shards whose images are written digits.
    fn written_shards(self) -> Range<usize> {
        let first = self.no_digit_shards().end;
        first..SHARDS.min(first + self.written)
    }

    /// Makes a minibatch of MNIST's images and handwriting, all of it varied. The result follows from the seed.
    pub(crate) fn prepare(
        self,
        settings: &TrainConfig,
        rng_seed: u64,
        threads: usize,
        images: &mut [f32],
        labels: &mut [u8],
    ) {
        let part = labels.len().div_ceil(threads.max(1)).max(1);
        let no_digits = images_of(labels.len(), &self.no_digit_shards());
        let written = images_of(labels.len(), &self.written_shards());
        let augmentation = augment::amounts(settings.augment);
        // What it takes for a digit should be more than what is easily read.
        let unsteadiness = if self.doubt { 1.25 } else { 1.0 };
        std::thread::scope(|scope| {
            let parts = images.chunks_mut(part * PIXELS).zip(labels.chunks_mut(part));
            for (first, (images, labels)) in (0..).step_by(part).zip(parts) {
                let (no_digits, written) = (no_digits.clone(), written.clone());
                scope.spawn(move || {
                    let images = images.as_chunks_mut::<PIXELS>().0.iter_mut();
                    for (place, (image, label)) in (first..).zip(images.zip(labels)) {
                        let seed = rng_seed.wrapping_add(place as u64) ^ DRAWING;
                        let drawing = if no_digits.contains(&place) {
                            Some(handwriting::no_digit(unsteadiness, seed))
                        } else if written.contains(&place) {
                            *label = fastrand::Rng::with_seed(!seed).u8(..10);
                            Some(handwriting::digit(*label, unsteadiness, seed))
                        } else {
                            None
                        };
                        let amounts =
                            if drawing.is_some() { Some(HANDWRITING) } else { augmentation };
                        if let Some(picture) = drawing.as_ref().and_then(ink::picture) {
                            *image = picture;
                        }
                        if let Some(amounts) = amounts {
                            augment::vary(&amounts, image, &[*label], place, rng_seed);
                        }
                        if self.doubt {
                            let is_none = no_digits.contains(&place);
                            *label = if is_none { doubt::NO_DIGIT } else { doubt::DIGIT };
                        }
                    }
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minibatch_is_the_same_for_any_number_of_threads() {
        let mixture = Mixture { written: 4, no_digits: 2, doubt: false };
        let settings =
            TrainConfig { augment: inkling::config::Augment::On, ..TrainConfig::default() };
        let minibatch = |threads| {
            let (mut images, mut labels) = (vec![0.5; 96 * PIXELS], vec![7; 96]);
            mixture.prepare(&settings, 3, threads, &mut images, &mut labels);
            (images, labels)
        };
        let (images, labels) = minibatch(1);
        assert_eq!((images.clone(), labels.clone()), minibatch(3));
        assert_eq!(labels[36..], [7; 60]);
        assert!((12..36).any(|place| labels[place] != 7));
        assert!(images.chunks(PIXELS).all(|image| image.iter().any(|&ink| ink > 0.4)));
    }
}
