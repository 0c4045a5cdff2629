//! What a worker is: the trainer, one of its helpers or the benchmark's gauge, whichever its name says.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use super::crew::{Crew, HELPER};
use super::gauge::{self, GAUGE};
use super::helper;
use super::port::{self, PortError, Turn};
use super::trainer::Trainer;
use crate::kernels::lanes;
use crate::net::ArchitectureError;
use crate::protocol::{Reply, Request};

/// Why the trainer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// This is not a worker.
    #[error("the trainer must run in a dedicated worker")]
    Scope,
    /// Without a clock there is no throughput.
    #[error("this browser's workers have no performance.now")]
    Clock,
    /// The default model cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Messages cannot be sent.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A helper has been sent other images or parameters than it was told of.
    #[error("a helper's job does not fit together")]
    Job,
}

/// Starts listening, as the trainer, as one of its helpers or as the benchmark's gauge, whichever its
/// name says; from [`Reply::Ready`] on, requests are heard.
///
/// # Errors
/// If this is not a worker, or one without a clock.
pub fn start() -> Result<(), WorkerError> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope =
        js_sys::global().dyn_into().map_err(|_| WorkerError::Scope)?;
    if scope.name() == HELPER {
        return helper::start(scope);
    }
    if scope.name() == GAUGE {
        return gauge::start(scope);
    }
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    // What calls the trainer back is part of it, so it is there first.
    let slot: Rc<OnceCell<Rc<RefCell<Trainer>>>> = Rc::default();
    let called = Rc::clone(&slot);
    let turn = Turn::new(scope.clone(), move || {
        called.get().inspect(|trainer| trainer.borrow_mut().work());
    })?;
    let called = Rc::clone(&slot);
    let hear = move |id, heard| {
        called.get().inspect(|trainer| trainer.borrow_mut().hear_helper(id, heard));
    };
    let crew = Crew::new(scope.location().href(), Rc::new(hear));
    let trainer = Trainer::new(scope.clone(), clock, turn, crew)?;
    let trainer = Rc::clone(slot.get_or_init(|| Rc::new(RefCell::new(trainer))));
    let hearing = Rc::clone(&trainer);
    port::listen(&scope, move |request| match request {
        Ok((Request::LoadData, _)) => load_data(&hearing),
        Ok((request, arrays)) => {
            let arrays = arrays.iter().map(js_sys::Float32Array::to_vec).collect();
            hearing.borrow_mut().hear(request, arrays);
        }
        Err(error) => hearing.borrow().fail(0, error.to_string()),
    });
    port::reply(&scope, &Reply::Ready { backend: lanes::BACKEND.to_owned() }, &[])?;
    Ok(())
}

/// Loads what is missing of the data set, part by part, while the trainer goes on with its work.
fn load_data(trainer: &Rc<RefCell<Trainer>>) {
    let Some(mut loader) = trainer.borrow_mut().loader.take() else {
        // It is loading already.
        return;
    };
    let trainer = Rc::clone(trainer);
    spawn_local(async move {
        let hearing = Rc::clone(&trainer);
        let result =
            loader.load(move |part, progress| hearing.borrow_mut().take(part, progress)).await;
        let mut trainer = trainer.borrow_mut();
        trainer.loader = Some(loader);
        if let Err(error) = result {
            let part = error.part().to_owned();
            trainer.say(&Reply::DataFailed { part, reason: error.to_string() }, &[]);
        }
    });
}
