//! What the app asks of the browser, and what a panel asks of the app.

use super::answer::Source;
use super::drawings;
use super::panels::{inside, runs};
use super::speed::Speed;
use crate::config::Architecture;
use crate::protocol::{NetworkInfo, Request};

/// Something that the page asks the browser for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send this to the trainer, with arrays beside it.
    Send(Request, Vec<Vec<f32>>),
    /// Start a trainer and end the one before.
    SpawnTrainer,
    /// Fetch the shipped weights.
    FetchShipped,
    /// Fetch the weights of the network that doubts, answered by [`Event::Doubt`] if it can.
    FetchDoubt,
    /// Check whether the site now holds another build; if so, [`Event::Updated`] follows.
    CheckForUpdate,
    /// Reload the page.
    Reload,
    /// Put the settings into the URL.
    WriteHash(String),
    /// Put a link with this hash into the clipboard.
    CopyLink(String),
    /// A request to the browser's store of runs.
    Runs(runs::RunsRequest),
    /// A request to the browser's store of labelled drawings.
    Drawings(drawings::DrawingSet, drawings::DrawingsRequest),
    /// Ask before something is lost.
    Ask(Question),
    /// Let the visitor save a file.
    SaveFile {
        /// Its name.
        name: String,
        /// Its length in bytes.
        length: u32,
        /// Its bytes, four to a number.
        bytes: Vec<f32>,
    },
    /// Show two runs, compared: [`Reply::Compared`](crate::protocol::Reply::Compared)'s document and images.
    ShowComparison(String, Vec<f32>),
    /// Let a screen reader say this.
    Announce(String),
}

/// Something to ask before a trained network is thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// The label of the button that says yes.
    pub yes: &'static str,
}

/// Something that a panel asks of the app because it is not the panel's own.
#[derive(Debug)]
pub enum Outcome {
    /// Let the browser do this.
    Effect(Effect),
    /// Send this to the trainer if it takes requests, with arrays beside it.
    Send(Request, Vec<Vec<f32>>),
    /// Replace the notice with this, or close it.
    Notice(Option<String>),
    /// Add this to the notice.
    Notify(String),
    /// Use this network in the next run.
    Network(Architecture),
    /// Show the settings again in the controls.
    ShowForm,
    /// Empty the pad.
    Clear,
    /// Open Look inside and look at this.
    LookInside(inside::Subject),
    /// Let these weights answer, and say so.
    AnswerFrom(Source),
    /// Let fine-tuned weights answer.
    Tuned {
        /// Their network.
        architecture: Architecture,
        /// The weights that they came from.
        before: Vec<f32>,
        /// The fine-tuned ones.
        weights: Vec<f32>,
    },
    /// Go back to the end of a kept run.
    Restore(Box<runs::Restored>),
    /// Let a network from a file answer.
    Opened(NetworkInfo, Vec<f32>),
    /// Read again what the browser stores, and take these settings if none were chosen here.
    Merged(Option<String>),
    /// Training was this fast here, unless something newer is known.
    Speed(Speed),
}

impl Outcome {
    /// Let a screen reader say this.
    pub fn announce(words: impl Into<String>) -> Self {
        Self::Effect(Effect::Announce(words.into()))
    }
}
