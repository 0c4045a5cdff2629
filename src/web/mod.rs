//! The only code that knows a browser: two programs, and the channel between them.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`page`] | the page's program, all that touches a document: listens, asks [`app`](crate::app) what an event changes, carries out the effects and shows the view; trains nothing |
//! | [`worker`] | the workers' program, without a document: the trainer, which owns the data set and the run, and its helpers |
//! | [`port`] | the only channel between the two: messages of [`protocol`](crate::protocol) and their arrays |
//! | `attempt` | catches exceptions, in both |
//! | `stored` | how runs are written in the browser's store, which both reach |
//!
//! [`page`] and [`worker`] never name each other, and `port`, `attempt` and `stored` name neither. In each of the two,
//! the `mod.rs` at the top owns the parts, and no part names it: what the parts need from each other is in
//! leaves, such as `page::dispatch`, the queue of events, or `worker::error`.

mod attempt;
pub mod page;
pub mod port;
mod stored;
pub mod worker;
