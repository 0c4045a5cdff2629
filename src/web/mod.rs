//! The only place that knows a browser: two programs, and what lies between them.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`page`] | the program of the page, all that touches a document. It listens, asks [`app`](crate::app) what that changes, carries out the effects and shows the view; it trains nothing |
//! | [`worker`] | the program of the workers: the trainer, which owns the data set and the run, and its helpers. It knows no document |
//! | [`port`] | the only way from one to the other: messages of [`protocol`](crate::protocol) and their arrays |
//! | `attempt` | where exceptions stop, in both |
//!
//! [`page`] and [`worker`] never name each other, and what lies between them names neither. Inside each, the `mod.rs`
//! at the top owns the parts and is named by none of them: what they need of each other lies in leaves, such as
//! `page::dispatch`, the queue of what happens, or `worker::error`.

mod attempt;
pub mod page;
pub mod port;
pub mod worker;
