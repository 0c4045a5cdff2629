//! The only `postMessage`: sends one message and its bulk numbers from one side to the other.
//!
//! On the wire a message is `{ revision, message, arrays }`. [`REVISION`] gives away a side of another build.
//! `message` is written by serde-wasm-bindgen. `arrays` is a list of `Float32Array`s whose buffers are
//! transferred, not copied: the sender's arrays are empty afterwards.

use std::cell::Cell;
use std::rc::Rc;

use crate::protocol::REVISION;
use js_sys::{Array, ArrayBuffer, Float32Array, Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::{
    DedicatedWorkerGlobalScope, ErrorEvent, Event, MessageChannel, MessageEvent, MessagePort,
    Worker, WorkerOptions, WorkerType,
};

/// Why a message could not be sent or read.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The worker could not be started.
    #[error("the worker could not be started: {0}")]
    Spawn(String),
    /// The message could not be written or sent.
    #[error("a message could not be sent: {0}")]
    Send(String),
    /// What arrived is not a message of this protocol.
    #[error("a message could not be read: {0}")]
    Read(String),
    /// What arrived is from a build of other sources.
    #[error("a part of another build of Inkling answered")]
    OtherBuild,
}

/// Copies numbers into an array that can be sent.
pub fn array(numbers: &[f32]) -> Float32Array {
    Float32Array::from(numbers)
}

/// The error message in a JS value, or the value as text.
pub fn describe(value: &JsValue) -> String {
    value
        .dyn_ref::<js_sys::Error>()
        .map(|error| match String::from(error.message()) {
            // Some have a name only.
            message if message.is_empty() => String::from(error.name()),
            message => message,
        })
        .or_else(|| value.as_string())
        .unwrap_or_else(|| format!("{value:?}"))
}

/// Sends a value to nobody.
///
/// # Errors
/// The exception, if it cannot be sent.
pub fn try_sending(value: &JsValue) -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let sent = channel.port1().post_message(value);
    channel.port1().close();
    sent
}

/// The message and the list of buffers to transfer.
fn wrap(message: &impl Serialize, arrays: &[Float32Array]) -> Result<(Object, Array), PortError> {
    let message = serde_wasm_bindgen::to_value(message)
        .map_err(|error| PortError::Send(error.to_string()))?;
    // Shared memory is not transferred.
    let transfer: Array = arrays
        .iter()
        .map(|array| JsValue::from(array.buffer()))
        .filter(|buffer| buffer.is_instance_of::<ArrayBuffer>())
        .collect();
    let arrays: Array = arrays.iter().collect();
    let envelope = Object::new();
    let revision = JsValue::from_str(REVISION);
    for (key, value) in [("revision", &revision), ("message", &message), ("arrays", &arrays)] {
        Reflect::set(&envelope, &key.into(), value)
            .map_err(|error| PortError::Send(describe(&error)))?;
    }
    Ok((envelope, transfer))
}

fn unwrap<T: DeserializeOwned>(event: &MessageEvent) -> Result<(T, Vec<Float32Array>), PortError> {
    let envelope = event.data();
    let field = |key: &str| {
        Reflect::get(&envelope, &key.into()).map_err(|error| PortError::Read(describe(&error)))
    };
    if field("revision")?.as_string().as_deref() != Some(REVISION) {
        return Err(PortError::OtherBuild);
    }
    let message = serde_wasm_bindgen::from_value(field("message")?)
        .map_err(|error| PortError::Read(error.to_string()))?;
    let arrays = field("arrays")?
        .dyn_into::<Array>()
        .map_err(|_| PortError::Read(String::from("it has no list of arrays")))?
        .iter()
        .map(|array| {
            array
                .dyn_into::<Float32Array>()
                .map_err(|_| PortError::Read(String::from("an array is not of f32")))
        })
        .collect::<Result<_, _>>()?;
    Ok((message, arrays))
}

/// The end of a channel to a worker that this side started. Dropping it ends the worker.
#[derive(Debug)]
pub struct Port {
    worker: Worker,
    on_message: Option<Closure<dyn FnMut(MessageEvent)>>,
    on_error: Option<Closure<dyn FnMut(Event)>>,
}

impl Port {
    /// Starts a module worker from the script at `url`.
    ///
    /// # Errors
    /// If the browser refuses. [`Port::on_error`] reports a script that cannot be loaded.
    pub fn spawn(url: &str, name: &str) -> Result<Self, PortError> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = Worker::new_with_options(url, &options)
            .map_err(|error| PortError::Spawn(describe(&error)))?;
        Ok(Self { worker, on_message: None, on_error: None })
    }

    /// Sends a message and transfers the arrays' buffers.
    ///
    /// # Errors
    /// If the message cannot be written.
    pub fn send(&self, message: &impl Serialize, arrays: &[Float32Array]) -> Result<(), PortError> {
        let (envelope, transfer) = wrap(message, arrays)?;
        self.worker
            .post_message_with_transfer(&envelope, &transfer)
            .map_err(|error| PortError::Send(describe(&error)))
    }

    /// Calls `handler` with every message, or with why one could not be read.
    pub fn on_message<T: DeserializeOwned>(
        &mut self,
        mut handler: impl FnMut(Result<(T, Vec<Float32Array>), PortError>) + 'static,
    ) {
        let closure = Closure::new(move |event: MessageEvent| handler(unwrap(&event)));
        self.worker.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        self.on_message = Some(closure);
    }

    /// Calls `handler` when the worker cannot be loaded or throws.
    pub fn on_error(&mut self, mut handler: impl FnMut(String) + 'static) {
        let closure = Closure::new(move |event: Event| {
            // The page reports it in its own words, so the console need not.
            event.prevent_default();
            let message = match event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message) {
                Some(message) if !message.is_empty() => message,
                _ => String::from("its script could not be loaded"),
            };
            handler(message);
        });
        self.worker.set_onerror(Some(closure.as_ref().unchecked_ref()));
        self.on_error = Some(closure);
    }

    /// Ends the worker at once, whatever it is doing.
    pub fn terminate(&self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// Sends a message from inside a worker to the side that started it.
///
/// # Errors
/// If the message cannot be written.
pub fn reply(
    scope: &DedicatedWorkerGlobalScope,
    message: &impl Serialize,
    arrays: &[Float32Array],
) -> Result<(), PortError> {
    let (envelope, transfer) = wrap(message, arrays)?;
    scope
        .post_message_with_transfer(&envelope, &transfer)
        .map_err(|error| PortError::Send(describe(&error)))
}

/// Inside a worker, calls `handler` with every message from the side that started it.
pub fn listen<T: DeserializeOwned>(
    scope: &DedicatedWorkerGlobalScope,
    mut handler: impl FnMut(Result<(T, Vec<Float32Array>), PortError>) + 'static,
) {
    let closure = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        handler(unwrap(&event));
    });
    scope.set_onmessage(Some(closure.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    closure.forget();
}

/// A new turn of the event loop, after the messages that have arrived: at once, sooner than a timer, or
/// later.
#[derive(Debug)]
pub struct Turn {
    scope: DedicatedWorkerGlobalScope,
    ask: MessagePort,
    /// Whether a turn has been requested and not come yet.
    asked: Rc<Cell<bool>>,
    /// The timer's callback, which requests a turn.
    alarm: Closure<dyn FnMut()>,
    /// The timer that runs, and its milliseconds.
    set: Rc<Cell<Option<(i32, i32)>>>,
}

impl Turn {
    /// Calls `take` in each turn that is requested.
    ///
    /// # Errors
    /// If the browser has no message channels.
    pub fn new(
        scope: DedicatedWorkerGlobalScope,
        mut take: impl FnMut() + 'static,
    ) -> Result<Self, PortError> {
        let channel = MessageChannel::new().map_err(|error| PortError::Spawn(describe(&error)))?;
        let asked = Rc::new(Cell::new(false));
        let coming = Rc::clone(&asked);
        let closure = Closure::<dyn FnMut()>::new(move || {
            coming.set(false);
            take();
        });
        channel.port1().set_onmessage(Some(closure.as_ref().unchecked_ref()));
        // It is called as long as the worker lives.
        closure.forget();
        let set = Rc::new(Cell::new(None));
        let (ask, due, pending) = (channel.port2(), Rc::clone(&set), Rc::clone(&asked));
        let alarm = Closure::new(move || {
            due.set(None);
            request(&ask, &pending);
        });
        Ok(Self { scope, ask: channel.port2(), asked, alarm, set })
    }

    /// Requests a turn. Requesting another before it comes has no effect.
    pub fn request(&self) {
        request(&self.ask, &self.asked);
    }

    /// Requests a turn in `milliseconds`, in place of one for which a longer timer is running, and unless a shorter one
    /// is.
    pub fn request_later(&self, milliseconds: i32) {
        match self.set.get() {
            Some((_, others)) if others <= milliseconds => return,
            Some((timer, _)) => self.scope.clear_timeout_with_handle(timer),
            None => {}
        }
        let alarm = self.alarm.as_ref().unchecked_ref();
        let timer =
            self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(alarm, milliseconds);
        self.set.set(timer.ok().map(|timer| (timer, milliseconds)));
    }
}

fn request(ask: &MessagePort, asked: &Cell<bool>) {
    if !asked.replace(true) && ask.post_message(&JsValue::NULL).is_err() {
        asked.set(false);
    }
}
