//! The only place that knows a browser.

mod attempt;
pub mod page;
pub mod port;
pub mod worker;
