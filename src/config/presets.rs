//! Networks and settings to start from.

use super::architecture::Architecture;
use super::form::Form;
use super::train_config::{Augment, Optimizer, Schedule, TrainConfig};

/// A ready-made network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkPreset {
    /// Its name in the markup.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its layers, in their [notation](super::notation).
    pub layers: &'static str,
}

impl NetworkPreset {
    /// All of them, in the page's order.
    pub const ALL: [Self; 5] = [
        // The model of Keras' own MNIST examples.
        Self { key: "keras", name: "Keras reference", layers: "c32k3r,p2,c64k3r,p2,f,d10s" },
        // LeCun et al. 1998, with relu instead of tanh, as it is usually built today.
        Self { key: "lenet", name: "LeNet-5", layers: "c6k5rz,a2,c16k5r,a2,f,d120r,d84r,d10s" },
        Self { key: "tiny", name: "Tiny", layers: "c8k3r,p2,c12k3r,p2,c16k3r,f,d10s" },
        // TensorFlow's quickstart for beginners.
        Self { key: "dense", name: "Dense only", layers: "f,d128r,drop0.2,d10s" },
        // The shape of Keras' CIFAR-10 example.
        Self {
            key: "deep",
            name: "Deeper, with dropout",
            layers: "c32k3r,c32k3r,p2,drop0.25,c64k3r,c64k3r,p2,drop0.25,f,d128r,drop0.5,d10s",
        },
    ];

    /// Its architecture.
    pub fn architecture(&self) -> Architecture {
        // A test reads all of them.
        self.layers.parse().unwrap_or_default()
    }

    /// The preset that an architecture equals.
    pub fn of(architecture: &Architecture) -> Option<&'static Self> {
        Self::ALL.iter().find(|network| network.architecture() == *architecture)
    }
}

/// Settings for a purpose; network, seed and start stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// Keras' defaults.
    Keras,
    /// 99 % in the fewest epochs.
    Fast,
    /// The highest accuracy.
    Best,
}

impl Recipe {
    /// All of them, in the page's order.
    pub const ALL: [Self; 3] = [Self::Keras, Self::Fast, Self::Best];

    /// Its word on the command line; its button's id has `recipe-` before it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Keras => "keras",
            Self::Fast => "fast",
            Self::Best => "best",
        }
    }

    /// Its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Keras => "Keras default",
            Self::Fast => "Fast",
            Self::Best => "Best",
        }
    }

    /// What it is good for.
    pub fn title(self) -> &'static str {
        match self {
            Self::Keras => "10 epochs, batch size 32, constant learning rate 0.001",
            Self::Fast => {
                "99 % in one epoch: gentle augmentation, smoothed labels, averaged weights"
            }
            Self::Best => "The highest accuracy: as Fast, but 60 epochs of larger batches",
        }
    }

    /// The share of the test set that the reference network reads after it, 0 to 1: the means of several seeds in the
    /// tab that docs/BENCHMARKS.md lists.
    pub fn reaches(self) -> f32 {
        match self {
            Self::Keras => 0.9890,
            Self::Fast => 0.9923,
            Self::Best => 0.9954,
        }
    }

    /// Applies its settings.
    pub fn apply(self, s: &mut TrainConfig) {
        (s.epochs, s.batch_size, s.learning_rate) = match self {
            Self::Keras => (10, 32, 0.001),
            Self::Fast => (1, 16, 0.002),
            Self::Best => (60, 128, 0.002),
        };
        (s.augment, s.label_smoothing, s.ema_momentum) = match self {
            Self::Keras => (Augment::Off, 0.0, 0.0),
            Self::Fast | Self::Best => (Augment::Gentle, 0.1, 0.9997),
        };
        s.schedule = Schedule::Constant;
        s.optimizer = Optimizer::ADAM;
        (s.images, s.validation, s.stop_at) = (None, 0, None);
    }

    /// Whether the form has exactly its settings.
    pub fn is_set(self, form: &Form) -> bool {
        let mut set = form.clone();
        self.apply(&mut set.settings);
        set == *form
    }
}

impl Form {
    /// What the page opens with if its address says nothing else: the quick recipe.
    pub fn quick() -> Self {
        let mut form = Self::default();
        Recipe::Fast.apply(&mut form.settings);
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_can_be_built_and_is_what_its_name_says() {
        let sizes: Vec<usize> = NetworkPreset::ALL
            .iter()
            .map(|network| {
                assert_eq!(network.architecture().to_string(), network.layers);
                assert_eq!(NetworkPreset::of(&network.architecture()), Some(network));
                network.architecture().parameter_count().expect(network.name)
            })
            .collect();
        assert_eq!(NetworkPreset::ALL[0].architecture(), Architecture::default());
        assert_eq!(sizes[..2], [34_826, 61_706]);
        assert!(sizes[2] < 5000, "{sizes:?}");
    }

    #[test]
    fn a_recipe_sets_what_it_is_about() {
        let mut form = Form::default();
        assert!(Recipe::Keras.is_set(&form));
        for recipe in [Recipe::Fast, Recipe::Best, Recipe::Keras] {
            recipe.apply(&mut form.settings);
            let set: Vec<Recipe> =
                Recipe::ALL.into_iter().filter(|recipe| recipe.is_set(&form)).collect();
            assert_eq!(set, [recipe]);
        }
        assert_eq!(form, Form::default());
    }
}
