//! Starts the page's program.

#[cfg(target_arch = "wasm32")]
fn main() {
    // start.js shows this exception.
    if let Err(error) = inkling::web::page::start() {
        wasm_bindgen::throw_str(&error.to_string());
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
