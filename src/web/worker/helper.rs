//! A helper: computes the shards that the trainer sends and keeps nothing of a run.

use std::cell::RefCell;
use std::ops::Range;

use js_sys::{Float32Array, Uint8Array};
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
                let [parameters, packed] = arrays else { return Err(WorkerError::Job) };
                let size = self.executor.network().plan().input().size() + 1;
                let length = images_of(total_images, &shards).len() * size;
                let bytes = Uint8Array::new(&packed.buffer()).subarray(0, length as u32);
                let batch = self.read(total_images, &shards, (parameters, &bytes))?;
                let scores =
                    shards.clone().map(|shard| self.compute(work, shard, &batch)).collect();
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
            let (parameters, bytes) = mailbox.parts(end - start);
            let batch = self.read(total_images, &shards, (&parameters, &bytes))?;
            let (mut first, mut scores) = (shards.end, Vec::new());
            while let Some(shard) = mailbox.claim_last() {
                scores.push(self.compute(work, shard, &batch));
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

    /// Copies a job's parameters, and the bytes of its images and labels.
    fn read(
        &mut self,
        total_images: usize,
        shards: &Range<usize>,
        (parameters, bytes): (&Float32Array, &Uint8Array),
    ) -> Result<JobImages, WorkerError> {
        let all = images_of(total_images, shards);
        let plan = self.executor.network().plan();
        let size = plan.input().size() + 1;
        if parameters.length() as usize != plan.parameter_count()
            || bytes.length() as usize != all.len() * size
        {
            return Err(WorkerError::Job);
        }
        self.executor.load(&parameters.to_vec());
        self.executor.begin(total_images);
        let mut pixels = bytes.to_vec();
        let labels = pixels.split_off(pixels.len() - all.len());
        Ok(JobImages { total_images, first: all.start, pixels, labels })
    }

    fn compute(&mut self, work: Work, shard: usize, batch: &JobImages) -> Score {
        let Range { start, end } = images_of(batch.total_images, &(shard..shard + 1));
        let part = start - batch.first..end - batch.first;
        let each = self.executor.network().plan().input().size();
        let pixels = &batch.pixels[part.start * each..part.end * each];
        self.executor.compute(work, shard, pixels, &batch.labels[part], batch.total_images)
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
    /// `[images][pixels]`, 0 to 255.
    pixels: Vec<u8>,
    labels: Vec<u8>,
}
