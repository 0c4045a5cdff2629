//! Everything that a visitor can set.

use super::train_config::TrainConfig;

/// Everything that a visitor can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// What a run computes.
    pub settings: TrainConfig,
    /// Where it starts.
    pub start: StartFrom,
    /// Workers that train; `None` is one for each core.
    pub workers: Option<u32>,
    /// The trainer's instruction set; `None` is the best that the browser has.
    pub backend: Option<Backend>,
    /// Minibatches a second at most, to watch them one by one; `None` is as many as this machine can.
    pub pace: Option<u32>,
}

/// The paces that can be chosen.
pub const PACES: [Option<u32>; 4] = [None, Some(100), Some(10), Some(1)];

impl Form {
    /// These settings, with defaults for all else.
    pub fn of(settings: &TrainConfig) -> Self {
        Self { settings: settings.clone(), ..Self::default() }
    }
}

/// Where a run's first weights come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartFrom {
    /// Random ones, drawn from the seed.
    #[default]
    Fresh,
    /// Those that came with the page.
    Shipped,
    /// Those of the last run.
    Current,
}

impl StartFrom {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Shipped, Self::Current];
}

/// An instruction set that the trainer is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// WebAssembly's 128-bit SIMD.
    Simd128,
    /// The same with fused multiply-add.
    RelaxedSimd,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Simd128, Self::RelaxedSimd];

    /// Its name in the hash and in `data-backend`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simd128 => "simd128",
            Self::RelaxedSimd => "relaxed-simd",
        }
    }
}
