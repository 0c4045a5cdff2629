//! A helper: computes the shards that the trainer sends and keeps nothing of a run.

use std::cell::RefCell;
use std::ops::Range;

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use super::error::WorkerError;
use super::mailbox::{JobSlot, Mailbox};
use crate::config::Architecture;
use crate::net::loss::Score;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::gradient::images_of;
use crate::train::shard_executor::ShardExecutor;
use crate::web::port::{self, PortError};

/// Starts listening; jobs are received from [`Report::Ready`] on. Errors are thrown, so that the trainer sees
/// them as it sees the end of any worker.
pub(super) fn start(scope: DedicatedWorkerGlobalScope) -> Result<(), WorkerError> {
    let helper = RefCell::new(Helper {
        scope: scope.clone(),
        executor: ShardExecutor::new(&Architecture::default())?,
        mailbox: None,
        seen: 0,
    });
    port::listen(&scope, move |job: Result<(Job, Vec<Float32Array>), PortError>| {
        // An exception interrupted it, which has been reported to the trainer: it cannot be used any more.
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
    executor: ShardExecutor,
    mailbox: Option<Mailbox>,
    /// Id of the last job in the mailbox.
    seen: u32,
}

impl Helper {
    fn answer(&mut self, job: Job, arrays: &[Float32Array]) -> Result<(), WorkerError> {
        match job {
            Job::Build(architecture) => Ok(self.executor.build(&architecture)?),
            Job::UseMailbox { images } => {
                let plan = self.executor.network().plan();
                self.mailbox =
                    arrays.first().and_then(|memory| Mailbox::attach(memory, plan, images));
                self.seen = 0;
                self.poll()
            }
            Job::Poll => self.poll(),
            Job::Compute { job_id, work, images: total_images, shards } => {
                let [parameters, images, labels] = arrays else { return Err(WorkerError::Job) };
                let mut batch = self.read(total_images, &shards, [parameters, images, labels])?;
                let scores =
                    shards.clone().map(|shard| self.compute(work, shard, &mut batch)).collect();
                let mut results = Vec::new();
                self.results(work, &shards, total_images, |result| {
                    results.push(port::array(result))
                });
                Ok(port::reply(&self.scope, &Report::Done { job_id, scores }, &results)?)
            }
        }
    }

    /// Does the jobs in the mailbox until there has been none for a while. Starts with the last shard, as the
    /// trainer steals from the front.
    fn poll(&mut self) -> Result<(), WorkerError> {
        let Some(mailbox) = self.mailbox.take() else { return Err(WorkerError::Job) };
        while let Some(JobSlot { work, job_id, total_images, shards }) =
            mailbox.wait_for_job(self.seen)
        {
            self.seen = job_id;
            let Range { start, end } = images_of(total_images, &shards);
            let mut batch =
                self.read(total_images, &shards, mailbox.parts(end - start).each_ref())?;
            let (mut first, mut scores) = (shards.end, Vec::new());
            while let Some(shard) = mailbox.claim_last() {
                scores.push(self.compute(work, shard, &mut batch));
                first = shard;
            }
            scores.reverse();
            let mut results = 0..;
            self.results(work, &(first..shards.end), total_images, |result| {
                results.next().inspect(|&index| mailbox.put_result(index, result));
            });
            mailbox.answer(job_id, &scores);
        }
        self.mailbox = Some(mailbox);
        Ok(())
    }

    /// Copies a job's parameters, images and labels.
    fn read(
        &mut self,
        total_images: usize,
        shards: &Range<usize>,
        [parameters, images, labels]: [&Float32Array; 3],
    ) -> Result<JobImages, WorkerError> {
        let all = images_of(total_images, shards);
        let plan = self.executor.network().plan();
        let pixels = plan.input().size();
        if parameters.length() as usize != plan.parameter_count()
            || images.length() as usize != all.len() * pixels
            || labels.length() as usize != all.len()
        {
            return Err(WorkerError::Job);
        }
        self.executor.load(&parameters.to_vec());
        self.executor.begin(total_images);
        let labels = labels.to_vec().into_iter().map(|label| label as u8).collect();
        Ok(JobImages { total_images, first: all.start, images: images.to_vec(), labels })
    }

    fn compute(&mut self, work: Work, shard: usize, batch: &mut JobImages) -> Score {
        let Range { start, end } = images_of(batch.total_images, &(shard..shard + 1));
        let part = start - batch.first..end - batch.first;
        let pixels = self.executor.network().plan().input().size();
        let images = &mut batch.images[part.start * pixels..part.end * pixels];
        self.executor.compute(work, shard, images, &batch.labels[part], batch.total_images)
    }

    /// Passes on the results of some shards, in the form of [`Report::Done`].
    fn results(
        &mut self,
        work: Work,
        shards: &Range<usize>,
        total_images: usize,
        mut emit: impl FnMut(&[f32]),
    ) {
        match work {
            Work::Gradient { .. } => self.executor.sums().for_each(emit),
            Work::Evaluation => emit(self.executor.probabilities_mut(shards, total_images)),
        }
    }
}

/// The images of a job.
struct JobImages {
    /// Images in the whole job.
    total_images: usize,
    /// Index in the whole job of the first one here.
    first: usize,
    /// `[images][pixels]`
    images: Vec<f32>,
    labels: Vec<u8>,
}
