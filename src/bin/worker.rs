//! Starts the workers' program.

#[cfg(target_arch = "wasm32")]
fn main() -> Result<(), wasm_bindgen::JsError> {
    Ok(inkling::web::worker::start()?)
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The trainer runs in a browser: `cargo xtask serve` builds and serves the page.");
}
