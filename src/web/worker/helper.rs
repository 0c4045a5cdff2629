//! A helper: computes the shards that the trainer sends and keeps nothing of a run.

use std::cell::RefCell;
use std::ops::Range;

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use super::desk::{Desk, Sheet};
use super::error::WorkerError;
use crate::net::Architecture;
use crate::net::loss::Score;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::computer::Computer;
use crate::train::gradient::images_of;
use crate::web::port::{self, PortError};

/// Starts listening; from [`Report::Ready`] on, jobs are heard. What goes wrong with one is thrown, so that
/// the trainer hears of it as of any worker's end.
pub(super) fn start(scope: DedicatedWorkerGlobalScope) -> Result<(), WorkerError> {
    let helper = RefCell::new(Helper {
        scope: scope.clone(),
        computer: Computer::new(&Architecture::default())?,
        desk: None,
        seen: 0,
    });
    port::listen(&scope, move |job: Result<(Job, Vec<Float32Array>), PortError>| {
        // An exception has gone through it, which the trainer has heard of: it is of no use any more.
        let Ok(mut helper) = helper.try_borrow_mut() else { return };
        let done =
            job.map_err(WorkerError::from).and_then(|(job, arrays)| helper.answer(job, &arrays));
        if let Err(error) = done {
            wasm_bindgen::throw_val(JsError::from(error).into());
        }
    });
    Ok(port::reply(&scope, &Report::Ready, &[])?)
}

struct Helper {
    scope: DedicatedWorkerGlobalScope,
    computer: Computer,
    desk: Option<Desk>,
    /// Ticket of the last job on the desk.
    seen: u32,
}

impl Helper {
    fn answer(&mut self, job: Job, arrays: &[Float32Array]) -> Result<(), WorkerError> {
        match job {
            Job::Build(architecture) => Ok(self.computer.build(&architecture)?),
            Job::Sit { images } => {
                let plan = self.computer.network().plan();
                self.desk = arrays.first().and_then(|memory| Desk::of(memory, plan, images));
                self.seen = 0;
                self.sit()
            }
            Job::Look => self.sit(),
            Job::Compute { ticket, work, images: of, shards } => {
                let [parameters, images, labels] = arrays else { return Err(WorkerError::Job) };
                let mut batch = self.read(of, &shards, [parameters, images, labels])?;
                let scores =
                    shards.clone().map(|shard| self.compute(work, shard, &mut batch)).collect();
                let mut results = Vec::new();
                self.results(work, &shards, of, |result| results.push(port::array(result)));
                Ok(port::reply(&self.scope, &Report::Done { ticket, scores }, &results)?)
            }
        }
    }

    /// Does what is laid on the desk until nothing has been for a while. From the last shard backwards, as
    /// the trainer takes the first ones back if it has time.
    fn sit(&mut self) -> Result<(), WorkerError> {
        let Some(desk) = self.desk.take() else { return Err(WorkerError::Job) };
        while let Some(Sheet { work, ticket, of, shards }) = desk.next(self.seen) {
            self.seen = ticket;
            let Range { start, end } = images_of(of, &shards);
            let mut batch = self.read(of, &shards, desk.parts(end - start).each_ref())?;
            let (mut first, mut scores) = (shards.end, Vec::new());
            while let Some(shard) = desk.take_last() {
                scores.push(self.compute(work, shard, &mut batch));
                first = shard;
            }
            scores.reverse();
            let mut results = 0..;
            self.results(work, &(first..shards.end), of, |result| {
                results.next().inspect(|&index| desk.put_result(index, result));
            });
            desk.answer(ticket, &scores);
        }
        self.desk = Some(desk);
        Ok(())
    }

    /// Takes in a job's parameters, images and classes.
    fn read(
        &mut self,
        of: usize,
        shards: &Range<usize>,
        [parameters, images, labels]: [&Float32Array; 3],
    ) -> Result<Batch, WorkerError> {
        let all = images_of(of, shards);
        let plan = self.computer.network().plan();
        let pixels = plan.input().size();
        if parameters.length() as usize != plan.parameter_count()
            || images.length() as usize != all.len() * pixels
            || labels.length() as usize != all.len()
        {
            return Err(WorkerError::Job);
        }
        self.computer.load(&parameters.to_vec());
        self.computer.begin(of);
        let labels = labels.to_vec().into_iter().map(|label| label as u8).collect();
        Ok(Batch { of, first: all.start, images: images.to_vec(), labels })
    }

    fn compute(&mut self, work: Work, shard: usize, batch: &mut Batch) -> Score {
        let Range { start, end } = images_of(batch.of, &(shard..shard + 1));
        let part = start - batch.first..end - batch.first;
        let pixels = self.computer.network().plan().input().size();
        let images = &mut batch.images[part.start * pixels..part.end * pixels];
        self.computer.compute(work, shard, images, &batch.labels[part], batch.of)
    }

    /// Hands over what has come of some shards, as [`Report::Done`] has it.
    fn results(
        &mut self,
        work: Work,
        shards: &Range<usize>,
        of: usize,
        mut hand_over: impl FnMut(&[f32]),
    ) {
        match work {
            Work::Gradient { .. } => self.computer.sums().for_each(hand_over),
            Work::Evaluation => hand_over(self.computer.probabilities_mut(shards, of)),
        }
    }
}

/// The images of a job.
struct Batch {
    /// How many the whole work has.
    of: usize,
    /// Which of them is the first here.
    first: usize,
    /// `[images][pixels]`
    images: Vec<f32>,
    /// Their classes.
    labels: Vec<u8>,
}
