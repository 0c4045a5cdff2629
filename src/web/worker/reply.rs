//! How the trainer replies to the page.

use crate::protocol::Reply;
use crate::web::port;
use web_sys::DedicatedWorkerGlobalScope;

/// Sends a reply, with arrays beside it.
pub(super) fn send(scope: &DedicatedWorkerGlobalScope, reply: &Reply, arrays: &[&[f32]]) {
    let arrays: Vec<_> = arrays.iter().map(|numbers| port::array(numbers)).collect();
    if let Err(error) = port::reply(scope, reply, &arrays) {
        // Nothing can be sent through a broken port; the page will notice the silence.
        web_sys::console::error_1(&error.to_string().into());
    }
}
