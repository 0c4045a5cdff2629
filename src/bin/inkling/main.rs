//! The page's core without a page: train and evaluate.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    cli::run()
}

// A browser has no command line.
#[cfg(target_arch = "wasm32")]
fn main() {}
