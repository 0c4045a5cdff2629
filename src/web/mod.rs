//! The only place that knows a browser.

pub mod dataset;
pub mod port;
pub mod worker;
