//! The queue of what the page has to do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::app::Event;

/// Something for the page to do.
#[derive(Debug)]
pub(super) enum Call {
    /// Update the app, and show what that changes.
    Event(Event),
    /// Do what was left for this animation frame.
    Frame,
    /// Another part of the page came into view: it was scrolled, or something unfolded.
    Sight,
    /// Something on the page may have been resized.
    Size,
    /// The theme has changed.
    Theme,
    /// Draw the curves, unless they were drawn less than this many milliseconds ago.
    Curves(i32),
}

thread_local! {
    static WAITING: RefCell<VecDeque<Call>> = const { RefCell::new(VecDeque::new()) };
    static HANDLER: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Sets the function that every [`call`] calls to work off the queue; without one, nothing does.
pub(super) fn handle(handler: Option<fn()>) {
    HANDLER.set(handler);
}

/// Queues a call and works off the queue before this returns. From within another call, only
/// queues it.
pub(super) fn call(call: Call) {
    if let Some(handler) = HANDLER.get() {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(call));
        handler();
    }
}

/// Queues an event, as [`call`] does.
pub(super) fn dispatch(event: Event) {
    call(Call::Event(event));
}

/// Takes the oldest call off the queue.
pub(super) fn next() -> Option<Call> {
    WAITING.with_borrow_mut(VecDeque::pop_front)
}
