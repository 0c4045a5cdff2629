//! Files that the trainer writes and reads, and runs that it compares, whatever else it does.

use super::{Later, SLICE, Trainer, slice};
use crate::app::panels::runs::record::StoredRun;
use crate::checkpoint::TrainingState;
use crate::formats::bundle::NamedFile;
use crate::formats::open::{self, Opened};
use crate::formats::{self, Prediction, safetensors};
use crate::protocol::{FileFormat, NetworkInfo, OpenedFile, Reply};
use crate::web::worker::comparison::RunComparison;
use crate::web::worker::keeper::Added;

impl Trainer {
    /// Writes a network as a file.
    pub(super) fn export(&self, format: FileFormat, info: &NetworkInfo, arrays: Vec<Vec<f32>>) {
        let mut arrays = arrays.into_iter();
        let mut next = || arrays.next().unwrap_or_default();
        let (parameters, image, probabilities) = (next(), next(), next());
        let prediction = (!image.is_empty()).then_some(Prediction { image, probabilities });
        let run = self.run.as_ref().filter(|run| run.session.averaged() == parameters);
        let file = match (format, run) {
            (FileFormat::Safetensors, Some(run)) => {
                let lists = run.session.training_state();
                let state = TrainingState { steps: run.session.step(), lists: &lists };
                let plan = run.executor.network().plan();
                safetensors::write_run(info, plan, &parameters, Some(state)).map_err(Into::into)
            }
            _ => formats::export(format, info, &parameters, prediction),
        };
        match file {
            Ok(file) => {
                let name = format.file_name().to_owned();
                let reply = Reply::File { name, length: file.len() as u32 };
                self.send(&reply, &[&formats::pack(&file)]);
            }
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn refuse(&self, reason: String) {
        self.send(&Reply::Refused { reason }, &[]);
    }

    /// Reads files; what they hold beside a network is returned, to be added to what the browser keeps.
    pub(super) fn open(&self, files: Vec<OpenedFile>, arrays: Vec<Vec<f32>>) -> Option<Later> {
        let files = files.into_iter().zip(arrays).map(|(OpenedFile { name, length }, numbers)| {
            NamedFile { name, bytes: formats::unpack(&numbers, length) }
        });
        match open::open(files.collect()) {
            Ok(Opened::Network(info, parameters)) => {
                self.send(&Reply::Opened { info }, &[&parameters]);
                None
            }
            Ok(Opened::Digits(digits)) => Some(Later::Add(Added::Digits(digits))),
            Ok(Opened::Archive(archive)) => Some(Later::Add(Added::Archive(Box::new(archive)))),
            Err(error) => {
                self.refuse(error.to_string());
                None
            }
        }
    }

    pub(in crate::web::worker) fn begin_comparison(
        &mut self,
        runs: &[StoredRun],
        weights: &[Vec<f32>],
    ) {
        let comparing = if self.images.progress.test_ready {
            RunComparison::new(runs, weights)
        } else {
            Err("The test images have not loaded yet.".to_owned())
        };
        match comparing {
            Ok(comparing) => self.comparing = Some(comparing),
            Err(reason) => self.refuse(reason),
        }
        self.wake();
    }

    /// A slice of a comparison.
    pub(super) fn compare(&mut self) {
        let Some(comparing) = &mut self.comparing else { return };
        let done = slice(&self.clock, SLICE, || comparing.advance(&self.images.test));
        if let Some(comparing) = self.comparing.take_if(|_| done) {
            let (document, images) = comparing.result(&self.images.test);
            self.send(&Reply::Compared { document }, &[&images]);
        }
    }
}
