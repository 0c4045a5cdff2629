//! Inputs that `cargo fuzz` has kept, each read as it would be there.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../fuzz/targets.rs"]
#[expect(unreachable_pub, reason = "they are public for cargo fuzz")]
mod targets;

use std::fs;
use std::path::Path;

/// Reads all that is kept for a target.
fn read(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).expect("each target has a corpus");
    let paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    for path in paths {
        // Printed only if a test fails: the last one is to blame.
        println!("{}", path.display());
        body(&fs::read(&path).expect("a file"));
    }
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                read(stringify!($name), targets::$name);
            }
        )*
    };
}

targets!(
    archive,
    idx,
    link,
    manifest,
    png,
    replies,
    reports,
    safetensors,
    snapshot,
    store,
    strokes
);
