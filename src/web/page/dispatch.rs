//! Where what happens waits for its turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::app::Event;

/// Something for the page to do.
#[derive(Debug)]
pub(super) enum Call {
    /// Have the app update, and show what that changes.
    Event(Event),
    /// Do what was left for this animation frame.
    Frame,
    /// Something else of the page can be seen: it was scrolled, or something on it unfolded.
    Sight,
    /// Something on the page may have another size.
    Size,
    /// Another theme is on.
    Theme,
    /// Draw the curves, if the last time is so many milliseconds ago.
    Curves(i32),
}

thread_local! {
    static WAITING: RefCell<VecDeque<Call>> = const { RefCell::new(VecDeque::new()) };
    static HANDLER: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Has this be called with each [`call`], for it to take what waits; without it nothing does.
pub(super) fn handle(handler: Option<fn()>) {
    HANDLER.set(handler);
}

/// Has the page do something before this returns; from within something that it does, after that.
pub(super) fn call(call: Call) {
    if let Some(handler) = HANDLER.get() {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(call));
        handler();
    }
}

/// Takes an event and shows what it changes; as with every [`call`], before this returns.
pub(super) fn dispatch(event: Event) {
    call(Call::Event(event));
}

/// What has waited longest, no more waiting.
pub(super) fn next() -> Option<Call> {
    WAITING.with_borrow_mut(VecDeque::pop_front)
}
