//! The only `postMessage`: one message and its bulk numbers, from one side to the other.
//!
//! On the wire a message is `{ revision, message, arrays }`: [`REVISION`], by which a side that belongs to another build is
//! told; `message` as serde-wasm-bindgen writes it; `arrays` a list of `Float32Array`s whose buffers are transferred, not
//! copied; the sender's are empty after.

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

/// Why a message could not cross.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The worker could not be made.
    #[error("the worker could not be started: {0}")]
    Spawn(String),
    /// The message could not be written or sent.
    #[error("a message could not be sent: {0}")]
    Send(String),
    /// What came is no message of this protocol.
    #[error("a message could not be read: {0}")]
    Read(String),
    /// What came is of a program of other sources.
    #[error("a part of another build of Inkling answered")]
    OtherBuild,
}

/// Makes parameters into something that a port can send.
pub fn array(numbers: &[f32]) -> Float32Array {
    Float32Array::from(numbers)
}

/// What a JS value has to say about itself.
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

/// Sends something to nobody.
///
/// # Errors
/// What is thrown, if it cannot be sent.
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
    // Shared memory stays where it is.
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

/// The end of whoever started a worker: owns it, and ends it when dropped.
#[derive(Debug)]
pub struct Port {
    worker: Worker,
    on_message: Option<Closure<dyn FnMut(MessageEvent)>>,
    on_error: Option<Closure<dyn FnMut(Event)>>,
}

impl Port {
    /// Starts a module worker of a name from a script's address.
    ///
    /// # Errors
    /// If the browser refuses; a script that cannot be loaded is told to [`Port::on_error`].
    pub fn spawn(url: &str, name: &str) -> Result<Self, PortError> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = Worker::new_with_options(url, &options)
            .map_err(|error| PortError::Spawn(describe(&error)))?;
        Ok(Self { worker, on_message: None, on_error: None })
    }

    /// Sends a message; the arrays' buffers go with it.
    ///
    /// # Errors
    /// If the message cannot be written.
    pub fn send(&self, message: &impl Serialize, arrays: &[Float32Array]) -> Result<(), PortError> {
        let (envelope, transfer) = wrap(message, arrays)?;
        self.worker
            .post_message_with_transfer(&envelope, &transfer)
            .map_err(|error| PortError::Send(describe(&error)))
    }

    /// Calls back with every message, or with why one could not be read.
    pub fn on_message<T: DeserializeOwned>(
        &mut self,
        mut handler: impl FnMut(Result<(T, Vec<Float32Array>), PortError>) + 'static,
    ) {
        let closure = Closure::new(move |event: MessageEvent| handler(unwrap(&event)));
        self.worker.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        self.on_message = Some(closure);
    }

    /// Calls back when the worker cannot be loaded or throws.
    pub fn on_error(&mut self, mut handler: impl FnMut(String) + 'static) {
        let closure = Closure::new(move |event: Event| {
            // The page tells it in its own words, so the console need not.
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

/// Sends a message from inside a worker to whoever started it.
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

/// Calls back, inside a worker, with every message of whoever started it.
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

/// A further turn of the event loop: at once, sooner than a timer's, after the messages that have
/// come; or later.
#[derive(Debug)]
pub struct Turn {
    scope: DedicatedWorkerGlobalScope,
    ask: MessagePort,
    /// Whether one has been asked for and not come yet.
    asked: Rc<Cell<bool>>,
    /// Asks for one, called by a timer.
    alarm: Closure<dyn FnMut()>,
    /// Whether the timer runs.
    set: Rc<Cell<bool>>,
}

impl Turn {
    /// Calls back in each turn that is asked for.
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
        let set = Rc::new(Cell::new(false));
        let (ask, due, pending) = (channel.port2(), Rc::clone(&set), Rc::clone(&asked));
        let alarm = Closure::new(move || {
            due.set(false);
            request(&ask, &pending);
        });
        Ok(Self { scope, ask: channel.port2(), asked, alarm, set })
    }

    /// Asks for a turn; asking twice before it comes is asking once.
    pub fn request(&self) {
        request(&self.ask, &self.asked);
    }

    /// Asks for a turn in so many milliseconds, unless one has been asked for so already.
    pub fn request_later(&self, milliseconds: i32) {
        if !self.set.replace(true) {
            let alarm = self.alarm.as_ref().unchecked_ref();
            let timer = self
                .scope
                .set_timeout_with_callback_and_timeout_and_arguments_0(alarm, milliseconds);
            self.set.set(timer.is_ok());
        }
    }
}

fn request(ask: &MessagePort, asked: &Cell<bool>) {
    if !asked.replace(true) && ask.post_message(&JsValue::NULL).is_err() {
        asked.set(false);
    }
}
