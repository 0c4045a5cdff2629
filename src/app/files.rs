//! Files that leave the page and come back, as the trainer writes and reads them.

use super::answer::Source;
use super::curves::Curves;
use super::drawings::{DrawingSet, DrawingsRequest};
use super::panels::runs::RunsRequest;
use super::run::{Run, RunPhase};
use super::{App, Effect};
use crate::config::{Form, StartFrom};
use crate::protocol::{FileFormat, NetworkInfo, OpenedFile, Request};

/// Why no file can be opened during a run.
const IN_A_RUN: &str =
    "A run is in progress. Wait until it ends, or press Reset, then open the file.";

impl App {
    /// Has the trainer write the network that answers as a file.
    pub(super) fn save_network(
        &mut self,
        format: FileFormat,
        origin: String,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(why) = self.cx.trainer.cannot_ask() {
            self.notice = Some(String::from(why));
            return;
        }
        let Some(model) = self.cx.answer.model() else {
            self.notice = Some(String::from("The network has not loaded yet."));
            return;
        };
        let run = self.cx.run.as_ref().filter(|_| self.cx.answer.source() == Source::Run);
        let mut form = Form::of(run.map_or(&self.cx.form.settings, |run| &run.settings));
        form.settings.architecture = model.architecture.clone();
        form.start = run.map_or(StartFrom::Fresh, |run| run.start);
        // The last test may be of other weights.
        let tested = self.cx.curves.tests.last().map(|test| test.step);
        let now = self.cx.answer.moment().is_none();
        let run = run.filter(|run| now && tested.is_none_or(|step| step == run.progress.step));
        let info = NetworkInfo {
            name: self.cx.answering(),
            settings: form.to_hash(),
            origin,
            test_accuracy: run.and_then(|run| run.test_accuracy),
        };
        let prediction = self.cx.answer.picture().zip(self.cx.answer.probabilities());
        let (image, probabilities) = prediction
            .map_or_else(Default::default, |(image, shares)| (image.to_vec(), shares.to_vec()));
        let arrays = vec![model.weights.to_vec(), image, probabilities];
        self.send(Request::Export { format, info }, arrays, effects);
    }

    /// Has the trainer read files. Nothing changes until it has.
    pub(super) fn open_files(
        &mut self,
        files: Vec<OpenedFile>,
        bytes: Vec<Vec<f32>>,
        effects: &mut Vec<Effect>,
    ) {
        match self.cx.trainer.cannot_ask() {
            Some(why) => self.notice = Some(String::from(why)),
            None => self.send(Request::Open { files }, bytes, effects),
        }
    }

    /// Reads again what the browser stores, which now has what was in a file. Settings from it are taken if the page has
    /// those that it opens with.
    pub(super) fn take_merged(&mut self, settings: Option<String>, effects: &mut Vec<Effect>) {
        let (untouched, _) = Form::of_address("");
        if let Some(settings) = settings.filter(|_| self.cx.form == untouched) {
            self.take_settings(Form::from_hash(&settings).0.settings);
            self.show_form(effects);
        }
        effects.push(Effect::Runs(RunsRequest::Read));
        for set in [DrawingSet::UserDigits, DrawingSet::Pinned] {
            effects.push(Effect::Drawings(set, DrawingsRequest::Read));
        }
    }

    /// Lets a network from a file answer, and sets its settings.
    pub(super) fn take_opened(
        &mut self,
        info: &NetworkInfo,
        weights: Vec<f32>,
        effects: &mut Vec<Effect>,
    ) {
        let (form, _) = Form::from_hash(&info.settings);
        if self.cx.run_is_on() {
            self.notice = Some(String::from(IN_A_RUN));
            return;
        }
        if form.settings.architecture.parameter_count() != Ok(weights.len()) {
            return;
        }
        let mut run = Run::new(0, form.settings, form.start, RunPhase::Done);
        (run.opened, run.test_accuracy) = (true, info.test_accuracy);
        if self.take_former(run, Curves::default(), weights, effects).is_some() {
            let words = if info.name.is_empty() { "The network" } else { &info.name };
            self.notify(&[words, " is opened and answers from now on."].concat());
        }
    }
}
