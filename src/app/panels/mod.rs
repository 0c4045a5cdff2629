//! The panels below the first screen, one open at a time.
//!
//! A panel is a module with its state, its events and its update here, and a module of the same name
//! in `web::page::panels` that listens and renders. What a panel computes, it computes while it is open.

pub mod evaluate;
pub mod experiment;
pub mod fine_tune;
pub mod inside;
pub mod runs;

/// A panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelId {
    /// What each layer makes of the drawing.
    Inside,
    /// What weights come to on the test images, and on pinned drawings.
    Evaluate,
    /// Training on the visitor's own digits.
    FineTune,
    /// Other networks and settings.
    Experiment,
    /// Runs kept and compared.
    Runs,
}

impl PanelId {
    /// All panels, in the page's order.
    pub const ALL: [Self; 5] =
        [Self::Inside, Self::Evaluate, Self::FineTune, Self::Experiment, Self::Runs];

    /// Its name in the markup: the id of its section; its button's is `open-` and this.
    pub fn dom_id(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Evaluate => "judge",
            Self::FineTune => "yours",
            Self::Experiment => "experiment",
            Self::Runs => "runs",
        }
    }
}
