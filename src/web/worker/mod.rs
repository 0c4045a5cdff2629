//! What a worker is, by its name: the trainer or one of its helpers; in the benchmark's build also a bench worker.
//!
//! | module | what it is |
//! | --- | --- |
//! | `trainer` | does what the page asks, in slices: a run, an evaluation (`test_evaluation`), fine-tuning (`fine_tune`) |
//! | `helper_pool` | the trainer's end of its helpers |
//! | `helper` | a helper's own end |
//! | `mailbox` | memory that these two share |
//! | `dataset`, `batch_buffer` | loads the images; those that the work in hand is about |
//! | `bench_worker` | measures, in the benchmark's build |
//! | `error` | what can be wrong with any of them |

mod batch_buffer;
#[cfg(feature = "bench")]
mod bench_worker;
pub mod dataset;
mod error;
mod fine_tune;
mod helper;
mod helper_pool;
mod mailbox;
mod test_evaluation;
mod trainer;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::DedicatedWorkerGlobalScope;

use crate::kernels::lanes;
use crate::protocol::{Reply, Request};
use crate::web::attempt::attempt;
use crate::web::port::{self, Turn};
pub use error::WorkerError;
use helper_pool::{HELPER, HelperPool};
use trainer::Trainer;

/// Starts listening as what the worker's name says; from [`Reply::Ready`] on, requests are heard.
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
    #[cfg(feature = "bench")]
    if scope.name() == bench_worker::BENCH_WORKER {
        return bench_worker::start(scope);
    }
    let clock = scope.performance().ok_or(WorkerError::Clock)?;
    // What calls the trainer back is part of it, so its place is there first.
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
    let retry = Rc::default();
    port::listen(&scope, move |request| match request {
        Ok((Request::LoadData, _)) => load_data(&cell, &retry),
        Ok((request, arrays)) => {
            let arrays = arrays.iter().map(js_sys::Float32Array::to_vec).collect();
            cell.with(|trainer| trainer.on_request(request, arrays));
        }
        Err(error) => cell.end(&error.to_string().into()),
    });
    port::reply(&scope, &Reply::Ready { backend: lanes::BACKEND.to_owned() }, &[])?;
    Ok(())
}

/// Where the trainer is found by what calls it.
struct TrainerCell {
    scope: DedicatedWorkerGlobalScope,
    /// None before it is made and after its end.
    trainer: RefCell<Option<Trainer>>,
}

impl TrainerCell {
    /// Has the trainer do something, unless it has ended. An exception on the way ends it, as what it was
    /// about is half done then.
    fn with<T>(&self, action: impl FnOnce(&mut Trainer) -> T) -> Option<T> {
        let outcome = {
            let mut place = self.trainer.try_borrow_mut().ok()?;
            let trainer = place.as_mut()?;
            attempt(|| action(trainer))
        };
        outcome.inspect_err(|thrown| self.end(thrown)).ok()
    }

    /// Ends the trainer and this worker, and with it the helpers; the page is told that, developers why.
    fn end(&self, why: &JsValue) {
        web_sys::console::error_2(&"the trainer has ended:".into(), why);
        // Not dropped, as what is half changed may not even be fit for that; all of it goes with the worker.
        std::mem::forget(self.trainer.take());
        if let Err(error) = port::reply(&self.scope, &Reply::Broken, &[]) {
            // The page will notice the silence.
            web_sys::console::error_1(&error.to_string().into());
        }
        self.scope.close();
    }
}

/// Loads what is missing of the data set, part by part, while the trainer goes on with its work.
fn load_data(cell: &Rc<TrainerCell>, retry: &Rc<Cell<bool>>) {
    let Some(mut loader) = cell.with(|trainer| trainer.loader.take()).flatten() else {
        // It is loading already, though maybe what comes after a part that failed.
        retry.set(true);
        return;
    };
    let (cell, retry) = (Rc::clone(cell), Rc::clone(retry));
    spawn_local(async move {
        let report = |loaded, progress| {
            cell.with(|trainer| trainer.on_loaded(loaded, progress));
        };
        loader.load(&retry, report).await;
        cell.with(|trainer| trainer.loader = Some(loader));
    });
}
