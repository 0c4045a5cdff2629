//! Where what happens waits for its turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::app::Event;

thread_local! {
    static WAITING: RefCell<VecDeque<Event>> = const { RefCell::new(VecDeque::new()) };
    static HANDLER: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Has this be called whenever something waits that has just come; nothing, and all of it is lost.
pub(super) fn handle(handler: Option<fn()>) {
    HANDLER.set(handler);
}

/// Takes an event and shows what it changes before this returns; an event from within another waits
/// for that one's end.
pub(super) fn dispatch(event: Event) {
    if let Some(handler) = HANDLER.get() {
        WAITING.with_borrow_mut(|waiting| waiting.push_back(event));
        handler();
    }
}

/// What has waited longest.
pub(super) fn next() -> Option<Event> {
    WAITING.with_borrow_mut(VecDeque::pop_front)
}
