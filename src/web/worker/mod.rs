//! The workers' program. A worker's name makes it the trainer, a helper, or with the feature `bench` a bench
//! worker.
//!
//! | module | what it does |
//! | --- | --- |
//! | `trainer` | does what the page asks, in slices: a run, an evaluation (`test_evaluation`), fine-tuning (`fine_tune`) |
//! | `helper_pool` | the trainer's side of its helpers |
//! | `helper` | a helper's own side |
//! | `mailbox` | the memory that these two share |
//! | `run_store` | keeps the run, so that a later visit can go on with it, and reaches what else is kept |
//! | `keeper` | saves what is kept as files, and adds files to it |
//! | `comparison` | evaluates two kept runs |
//! | `dataset`, `batch_buffer` | loads the images; holds those of the current job |
//! | `bench_worker` | measures, with the feature `bench` |
//! | `error` | the errors of them all |

mod batch_buffer;
#[cfg(feature = "bench")]
mod bench_worker;
mod comparison;
pub mod dataset;
mod error;
mod fine_tune;
mod helper;
mod helper_pool;
mod keeper;
mod mailbox;
mod reply;
mod run_store;
mod test_evaluation;
mod trainer;

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use crate::app::panels::runs::record::StoredRun;
use crate::kernels::lanes;
use crate::protocol::Reply;
use crate::web::attempt::attempt;
use crate::web::port::{self, Turn};
use dataset::Loader;
pub use error::WorkerError;
use helper_pool::{HELPER, HelperPool};
use trainer::{GoingOn, Later, Trainer};

/// Starts listening as what the worker's name says. Requests are received from [`Reply::Ready`] on.
///
/// # Errors
/// If this is not a worker, or has no clock.
pub fn start() -> Result<(), WorkerError> {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope =
        js_sys::global().dyn_into().map_err(|_| WorkerError::Scope)?;
    if scope.name() == HELPER {
        return helper::start(scope);
    }
    #[cfg(feature = "bench")]
    if scope.name() == bench_worker::BENCH_WORKER {
        return bench_worker::start(scope);
    }
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    // The cell comes first, because the trainer's callbacks refer to it.
    let cell = Rc::new(TrainerCell { scope: scope.clone(), trainer: RefCell::default() });
    let called = Rc::clone(&cell);
    let turn = Turn::new(scope.clone(), move || {
        called.with(Trainer::work);
    })?;
    let called = Rc::clone(&cell);
    let on_event = move |id, event| {
        called.with(|trainer| trainer.on_helper_event(id, event));
    };
    let helper_pool = HelperPool::new(scope.location().href(), Rc::new(on_event));
    cell.trainer.replace(Some(Trainer::new(scope.clone(), clock, turn, helper_pool)));
    port::listen(&scope, move |request| match request {
        Ok((request, arrays)) => {
            let arrays = arrays.iter().map(js_sys::Float32Array::to_vec).collect();
            match cell.with(|trainer| trainer.on_request(request, arrays)).flatten() {
                Some(Later::Load(loader)) => load_data(&cell, *loader),
                Some(Later::Continue(key, going_on)) => go_on(&cell, key, going_on),
                Some(Later::Save(saving)) => spawn_local(keeper::save(cell.scope.clone(), saving)),
                Some(Later::Add(added)) => spawn_local(keeper::add(cell.scope.clone(), added)),
                Some(Later::Compare(runs)) => compare(&cell, runs),
                None => {}
            }
        }
        Err(error) => cell.end(&error.to_string().into()),
    });
    port::reply(&scope, &Reply::Ready { backend: lanes::BACKEND.to_owned() }, &[])?;
    Ok(())
}

/// Where callbacks find the trainer.
struct TrainerCell {
    scope: DedicatedWorkerGlobalScope,
    /// `None` before it is made and after it has ended.
    trainer: RefCell<Option<Trainer>>,
}

impl TrainerCell {
    /// Calls `action` with the trainer, unless it has ended. An exception ends it, as it may leave the
    /// trainer half changed.
    fn with<T>(&self, action: impl FnOnce(&mut Trainer) -> T) -> Option<T> {
        let outcome = {
            let mut place = self.trainer.try_borrow_mut().ok()?;
            let trainer = place.as_mut()?;
            attempt(|| action(trainer))
        };
        outcome.inspect_err(|thrown| self.end(thrown)).ok()
    }

    /// Ends the trainer, this worker and with it the helpers. Tells the page so, and the console why.
    fn end(&self, why: &JsValue) {
        web_sys::console::error_2(&"the trainer has ended:".into(), why);
        // Not dropped, as a half-changed trainer may not survive that; its memory goes with the worker.
        std::mem::forget(self.trainer.take());
        if let Err(error) = port::reply(&self.scope, &Reply::Broken, &[]) {
            // The page will notice the silence.
            web_sys::console::error_1(&error.to_string().into());
        }
        self.scope.close();
    }
}

/// Loads the rest of the data set, part by part, while the trainer goes on.
fn load_data(cell: &Rc<TrainerCell>, mut loader: Loader) {
    let cell = Rc::clone(cell);
    spawn_local(async move {
        let report = |loaded, progress| {
            if cell.with(|trainer| trainer.on_loaded(loaded, progress)) == Some(true) {
                offer_interrupted(&cell);
            }
        };
        loader.load(report).await;
        cell.with(|trainer| trainer.loader = Some(loader));
    });
}

/// Tells the page of a run that was interrupted, if there is one.
fn offer_interrupted(cell: &Rc<TrainerCell>) {
    let cell = Rc::clone(cell);
    spawn_local(async move {
        if let Some(interrupted) = run_store::find().await {
            cell.with(|trainer| trainer.offer(interrupted));
        }
    });
}

/// Goes on with the interrupted run with this key.
fn go_on(cell: &Rc<TrainerCell>, key: String, going_on: GoingOn) {
    let cell = Rc::clone(cell);
    spawn_local(async move {
        let taken = run_store::take(&key).await;
        cell.with(|trainer| trainer.go_on(going_on, taken));
    });
}

/// Reads the weights of two kept runs and compares these.
fn compare(cell: &Rc<TrainerCell>, runs: Vec<StoredRun>) {
    let cell = Rc::clone(cell);
    spawn_local(async move {
        let mut weights = Vec::new();
        for run in &runs {
            weights.push(keeper::weights(run.key).await.unwrap_or_default());
        }
        cell.with(|trainer| trainer.begin_comparison(&runs, &weights));
    });
}
