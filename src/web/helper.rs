//! A helper: computes the shards that the trainer sends and keeps nothing of a run.

use std::cell::RefCell;

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

use super::port::{self, PortError};
use super::worker::WorkerError;
use crate::net::Architecture;
use crate::protocol::helper::{Job, Report, Work};
use crate::train::computer::Computer;
use crate::train::gradient::{images_of, subtrees};

/// Starts listening; from [`Report::Ready`] on, jobs are heard. What goes wrong with one is thrown, so that
/// the trainer hears of it as of any worker's end.
pub(super) fn start(scope: DedicatedWorkerGlobalScope) -> Result<(), WorkerError> {
    let computer = RefCell::new(Computer::new(&Architecture::default())?);
    let answering = scope.clone();
    port::listen(&scope, move |job: Result<(Job, Vec<Float32Array>), PortError>| {
        let done = job
            .map_err(WorkerError::from)
            .and_then(|(job, arrays)| answer(&answering, &mut computer.borrow_mut(), job, &arrays));
        if let Err(error) = done {
            wasm_bindgen::throw_val(JsError::from(error).into());
        }
    });
    Ok(port::reply(&scope, &Report::Ready, &[])?)
}

fn answer(
    scope: &DedicatedWorkerGlobalScope,
    computer: &mut Computer,
    job: Job,
    arrays: &[Float32Array],
) -> Result<(), WorkerError> {
    let (ticket, work, of, shards) = match job {
        Job::Build(architecture) => return Ok(computer.build(&architecture)?),
        Job::Compute { ticket, work, images, shards } => (ticket, work, images, shards),
    };
    let [parameters, images, labels] = arrays else { return Err(WorkerError::Job) };
    let all = images_of(of, &shards);
    let pixels = computer.network().plan().input().size();
    if parameters.length() as usize != computer.network().plan().parameter_count()
        || images.length() as usize != all.len() * pixels
        || labels.length() as usize != all.len()
    {
        return Err(WorkerError::Job);
    }
    computer.load(&parameters.to_vec());
    let mut images = images.to_vec();
    let labels: Vec<u8> = labels.to_vec().into_iter().map(|label| label as u8).collect();
    let scores = shards
        .clone()
        .map(|shard| {
            let part = images_of(of, &(shard..shard + 1));
            let part = part.start - all.start..part.end - all.start;
            let images = &mut images[part.start * pixels..part.end * pixels];
            computer.compute(work, shard, images, &labels[part], of)
        })
        .collect();
    let results: Vec<Float32Array> = match work {
        Work::Gradient { .. } => {
            subtrees(&shards).map(|subtree| port::array(computer.sum(&subtree))).collect()
        }
        Work::Evaluation => vec![port::array(computer.probabilities_mut(&shards, of))],
    };
    Ok(port::reply(scope, &Report::Done { ticket, scores }, &results)?)
}
