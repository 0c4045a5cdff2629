//! Starts `inkling::web`'s page.

#[cfg(target_arch = "wasm32")]
fn main() {
    // start.js shows what is thrown here.
    if let Err(error) = inkling::web::page::start() {
        wasm_bindgen::throw_str(&error.to_string());
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
