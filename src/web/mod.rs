//! The only place that knows a browser.

mod announce;
mod assets;
mod attempt;
mod charts;
mod controls;
mod crew;
pub mod dataset;
mod desk;
mod dom;
mod drawings;
mod gathered;
#[cfg(feature = "bench")]
mod gauge;
mod helper;
mod judging;
mod library;
#[cfg(feature = "bench")]
mod measure;
mod pad;
pub mod page;
pub mod port;
mod render;
mod rooms;
mod store;
mod trainer;
mod tuning;
mod update;
mod weights;
pub mod worker;
