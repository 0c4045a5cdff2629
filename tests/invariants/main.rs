//! Rules about the source: which module may name which, and what is written where.
//!
//! Tests inside `src` are left out; no rule holds for them.
#![cfg(not(target_arch = "wasm32"))]

mod graph;
mod names;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use inkling::config::Architecture;
use inkling::net::Plan;
use source::Source;

/// Which modules each module may name; `web` and the binaries may name all.
const BELOW: &[(&str, &[&str])] = &[
    ("kernels", &[]),
    ("config", &[]),
    ("data", &["config"]),
    ("ink", &["data"]),
    ("net", &["kernels", "config"]),
    ("checkpoint", &["net"]),
    ("protocol", &["config", "net"]),
    ("train", &["kernels", "config", "net", "data", "ink", "protocol"]),
    ("formats", &["config", "net", "data", "ink", "checkpoint", "protocol"]),
    ("app", &["config", "net", "data", "ink", "protocol", "formats"]),
    (
        "web",
        &[
            "kernels",
            "config",
            "net",
            "checkpoint",
            "train",
            "data",
            "ink",
            "protocol",
            "formats",
            "app",
        ],
    ),
];

/// Crates that exist in a browser only.
const BROWSER: &[&str] = &[
    "console_error_panic_hook",
    "js_sys",
    "serde_wasm_bindgen",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "web_sys",
];

/// Modules of the standard library that reach outside of the program.
const OUTSIDE: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread", "time"];

/// The files that the app's own methods are written in.
const OF_APP: &[&str] = &["app/mod.rs", "app/files.rs", "app/pad.rs", "app/training.rs"];

/// A rule: what in a file breaks it, if anything.
type Rule = fn(&Source) -> Option<String>;

fn instructions_are_named_by_lanes_only(source: &Source) -> Option<String> {
    let arch = source.names(|name| matches!(name, ["std" | "core", "arch", ..]));
    arch.filter(|_| source.file != "kernels/lanes.rs")
}

fn unsafe_code_states_what_it_promises(source: &Source) -> Option<String> {
    let promise = source.doc.lines().any(|line| line.trim_start().starts_with("`unsafe`: "));
    (source.is_unsafe && !promise).then(|| "`unsafe` without a promise at the top".to_owned())
}

fn modules_name_only_what_lies_below(source: &Source) -> Option<String> {
    let (_, below) = BELOW.iter().find(|(module, _)| *module == source.top())?;
    source.names(|name| match name {
        ["crate", module, ..] if *module != source.top() => !below.contains(module),
        ["inkling", ..] => true,
        _ => false,
    })
}

/// The page and its workers are two programs; what both need is beside them and names neither.
fn the_wings_know_only_what_lies_between(source: &Source) -> Option<String> {
    source.names(|name| match name {
        ["crate", "web", module @ ("page" | "worker"), ..] => {
            source.top() == "web" && !source.file.starts_with(&format!("web/{module}/"))
        }
        _ => false,
    })
}

fn lanes_know_no_kernel(source: &Source) -> Option<String> {
    let own = ["crate", "kernels", "lanes"];
    let others = source.names(|name| name[0] == "crate" && !name.starts_with(&own));
    others.filter(|_| source.file == "kernels/lanes.rs")
}

fn the_reference_calls_nothing_optimised(source: &Source) -> Option<String> {
    let own = ["crate", "kernels", "reference"];
    let others = source.names(|name| name[0] == "crate" && !name.starts_with(&own));
    others.filter(|_| source.file == "kernels/reference.rs")
}

fn the_app_never_calls_the_reference(source: &Source) -> Option<String> {
    let called = source.names(|name| name.starts_with(&["crate", "kernels", "reference"]));
    called.filter(|_| source.file != "kernels/reference.rs")
}

fn knows_a_browser(source: &Source) -> bool {
    let others = ["bin/page.rs", "bin/worker.rs", "config/number.rs"];
    source.top() == "web" || others.contains(&source.file.as_str())
}

fn browsers_are_known_to_web_only(source: &Source) -> Option<String> {
    let browser = source.names(|name| BROWSER.contains(&name[0]));
    browser.filter(|_| !knows_a_browser(source))
}

/// Session and gradient above all, but nothing in the core needs a clock or a file. Bytes in memory are neither.
fn the_core_stays_inside(source: &Source) -> Option<String> {
    let outside = source.names(|name| match name {
        ["std", "io", "Cursor" | "Read" | "Write"] => false,
        ["std", module, ..] => OUTSIDE.contains(module),
        _ => false,
    });
    let printed =
        source.names(|name| matches!(name, ["println" | "print" | "eprintln" | "eprint" | "dbg"]));
    outside.or(printed).filter(|_| !["web", "bin"].contains(&source.top()))
}

fn messages_are_posted_by_port_only(source: &Source) -> Option<String> {
    let posted =
        source.words(|word| word.starts_with("post_message") || word.starts_with("postMessage"));
    posted.filter(|_| source.file != "web/port.rs")
}

fn bulk_numbers_are_no_part_of_a_message(source: &Source) -> Option<String> {
    let in_messages = ["protocol.rs", "config/train_config.rs"].contains(&source.file.as_str());
    in_messages.then(|| source.list_of_numbers.clone()).flatten()
}

/// What a panel wants of the app it asks for, and what it knows of it it is given.
fn the_app_is_its_own(source: &Source) -> Option<String> {
    let implemented = source.implemented.iter().any(|name| name == "App");
    let implemented = implemented.then(|| "impl App".to_owned());
    let named = source.names(|name| name.starts_with(&["crate", "app", "App"]));
    let named = named.filter(|_| source.top() == "app");
    implemented.or(named).filter(|_| !OF_APP.contains(&source.file.as_str()))
}

const RULES: &[Rule] = &[
    instructions_are_named_by_lanes_only,
    unsafe_code_states_what_it_promises,
    modules_name_only_what_lies_below,
    the_wings_know_only_what_lies_between,
    lanes_know_no_kernel,
    the_reference_calls_nothing_optimised,
    the_app_never_calls_the_reference,
    browsers_are_known_to_web_only,
    the_core_stays_inside,
    messages_are_posted_by_port_only,
    bulk_numbers_are_no_part_of_a_message,
    the_app_is_its_own,
];

/// Every size that follows from the default model; small ones mean other things elsewhere.
fn sizes_of_the_default_model() -> BTreeSet<u128> {
    let default = Architecture::default();
    let plan = Plan::new(&default).expect("the default can be built");
    let shapes = default.shapes().expect("the default can be built");
    let lengths = plan.parameters().iter().map(|view| view.range.len());
    let layers = plan.parameters().chunks(2).map(|pair| pair[0].range.len() + pair[1].range.len());
    shapes
        .iter()
        .flat_map(|shape| [shape.size(), shape.channels])
        .chain(lengths)
        .chain(layers)
        .chain([plan.parameter_count()])
        .filter(|&size| size > 100)
        .map(|size| size as u128)
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every file below a folder with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All of `src` but files that hold only tests.
fn house() -> Vec<Source> {
    let folder = root().join("src");
    let sources: Vec<Source> = files(&folder, "rs")
        .iter()
        .map(|path| {
            let file = path.strip_prefix(&folder).expect("found below it");
            let file = file.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(path).expect("a source file");
            Source::read(&file, &text).unwrap_or_else(|error| panic!("{file}: {error}"))
        })
        .collect();
    let tests: BTreeSet<String> = sources.iter().flat_map(|s| s.test_files.clone()).collect();
    sources.into_iter().filter(|source| !tests.contains(&source.file)).collect()
}

#[test]
fn the_house_keeps_its_rules() {
    let house = house();
    assert!(house.iter().any(|source| source.file == "train/session.rs"), "it was read");
    let broken: Vec<String> = house
        .iter()
        .flat_map(|source| {
            RULES.iter().filter_map(move |rule| Some(format!("{}: {}", source.file, rule(source)?)))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_has_its_place_in_the_order() {
    for source in house().iter().filter(|source| !["lib", "bin"].contains(&source.top())) {
        assert!(BELOW.iter().any(|(module, _)| *module == source.top()), "{}", source.file);
    }
}

/// Allowances of an order that no file needs.
fn unused(order: &[(&str, &[&str])], house: &[Source]) -> Vec<String> {
    let uses = |module: &str, other: &str| {
        let files = house.iter().filter(|source| source.top() == module);
        let mut names =
            files.map(|source| source.names(|name| name.starts_with(&["crate", other])));
        names.any(|name| name.is_some())
    };
    let allowed = order.iter().flat_map(|(module, below)| below.iter().map(move |b| (*module, *b)));
    let unused = allowed.filter(|&(module, other)| !uses(module, other));
    unused.map(|(module, other)| format!("{module} has no use for {other}")).collect()
}

#[test]
fn every_allowance_is_used() {
    let unused = unused(BELOW, &house());
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

#[test]
fn an_allowance_without_use_is_found() {
    let source = Source::read("net/plan.rs", "use crate::kernels::gemm;").expect("it is Rust");
    assert_eq!(
        unused(&[("net", &["kernels", "data"]), ("data", &[])], &[source]),
        ["net has no use for data"]
    );
}

#[test]
fn no_file_names_itself_by_way_of_others() {
    let house = house();
    let graph = graph::of(&house);
    assert!(graph["train/session.rs"].contains("train/optimizer.rs"), "it was read");
    let circle = graph::circle(&graph);
    assert!(circle.is_none(), "{}", circle.unwrap_or_default().join(" -> "));
}

#[test]
fn sizes_of_the_default_model_are_written_once() {
    let sizes = sizes_of_the_default_model();
    assert!(sizes.contains(&34_826) && sizes.contains(&1600), "{sizes:?}");
    for source in house() {
        let written: Vec<_> = source.numbers.iter().filter(|n| sizes.contains(n)).collect();
        assert!(written.is_empty(), "{}: {written:?} belong to the default model", source.file);
    }
}

#[test]
fn scripts_post_no_message() {
    for path in files(&root().join("www"), "js") {
        let script = fs::read_to_string(&path).expect("a script");
        assert!(!script.contains("postMessage"), "{}", path.display());
    }
}

/// Each rule finds what it is for, so its silence about the source means something.
#[test]
fn every_rule_can_be_broken() {
    let cases: &[(Rule, &str, &str)] = &[
        (instructions_are_named_by_lanes_only, "kernels/gemm.rs", "use std::arch::wasm32;"),
        (
            instructions_are_named_by_lanes_only,
            "train/adam.rs",
            "fn f() { core::arch::wasm32::f32x4_splat(0.0); }",
        ),
        (
            unsafe_code_states_what_it_promises,
            "kernels/gemm.rs",
            "//! Fast.\n#![allow(unsafe_code)]",
        ),
        (unsafe_code_states_what_it_promises, "web/page/mod.rs", "fn f() { unsafe { g() } }"),
        (unsafe_code_states_what_it_promises, "web/page/mod.rs", "unsafe impl Send for T {}"),
        (modules_name_only_what_lies_below, "kernels/gemm.rs", "use crate::net::Layer;"),
        (modules_name_only_what_lies_below, "kernels/gemm.rs", "use super::super::net::Plan;"),
        (modules_name_only_what_lies_below, "net/mod.rs", "mod a { use super::super::train; }"),
        (modules_name_only_what_lies_below, "net/plan.rs", "use crate::{kernels, train::adam};"),
        (modules_name_only_what_lies_below, "ink/mod.rs", "fn f(x: &crate::web::pad::Pad) {}"),
        (modules_name_only_what_lies_below, "data/idx.rs", "fn f() { crate::app::g() }"),
        (
            modules_name_only_what_lies_below,
            "protocol.rs",
            "fn f() { format!(\"{}\", crate::train::session::N); }",
        ),
        (modules_name_only_what_lies_below, "app/mod.rs", "use crate::train::session::Session;"),
        (
            the_wings_know_only_what_lies_between,
            "web/page/pad.rs",
            "use crate::web::worker::mailbox;",
        ),
        (
            the_wings_know_only_what_lies_between,
            "web/worker/mod.rs",
            "fn f() -> super::page::DomError { g() }",
        ),
        (the_wings_know_only_what_lies_between, "web/port.rs", "use super::page::dom;"),
        (lanes_know_no_kernel, "kernels/lanes.rs", "use super::gemm::Panel;"),
        (the_reference_calls_nothing_optimised, "kernels/reference.rs", "use super::lanes::F32x4;"),
        (the_reference_calls_nothing_optimised, "kernels/reference.rs", "use crate::kernels::*;"),
        (the_app_never_calls_the_reference, "net/network.rs", "use crate::kernels::reference;"),
        (browsers_are_known_to_web_only, "app/mod.rs", "use web_sys::Element;"),
        (browsers_are_known_to_web_only, "net/plan.rs", "fn f() -> js_sys::Array { g() }"),
        (
            browsers_are_known_to_web_only,
            "bin/inkling/main.rs",
            "#[wasm_bindgen::prelude] fn f() {}",
        ),
        (the_core_stays_inside, "train/session.rs", "use std::time::Instant;"),
        (the_core_stays_inside, "train/gradient.rs", "use std::{fmt, thread};"),
        (the_core_stays_inside, "train/gradient.rs", "fn f() { let _ = std::fs::read(\"x\"); }"),
        (the_core_stays_inside, "train/session.rs", "fn f() { println!(\"{}\", 1); }"),
        (
            messages_are_posted_by_port_only,
            "web/worker/mod.rs",
            "fn f(s: S) { s.post_message(&x); }",
        ),
        (
            messages_are_posted_by_port_only,
            "web/page/mod.rs",
            "fn f(s: S) { s.post_message_with_transfer(&x, &y); }",
        ),
        (messages_are_posted_by_port_only, "web/page/mod.rs", "const F: &str = \"postMessage\";"),
        (
            bulk_numbers_are_no_part_of_a_message,
            "protocol.rs",
            "enum Reply { Progress { losses: Vec<f32> } }",
        ),
        (bulk_numbers_are_no_part_of_a_message, "protocol.rs", "struct S(Option<Box<[u8]>>);"),
        (bulk_numbers_are_no_part_of_a_message, "protocol.rs", "struct S { image: [f32; 784] }"),
        (the_app_is_its_own, "app/panels/runs/mod.rs", "impl App { fn f(&self) {} }"),
        (the_app_is_its_own, "web/page/mod.rs", "impl crate::app::App {}"),
        (the_app_is_its_own, "app/run.rs", "fn f(app: &mut super::App) {}"),
        (the_app_is_its_own, "app/panels/mod.rs", "use crate::app::{App, Context};"),
    ];
    for &(rule, file, text) in cases {
        let source = Source::read(file, text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(rule(&source).is_some(), "{file} may not hold: {text}");
    }
    for rule in RULES {
        let tried = cases.iter().any(|(other, _, _)| std::ptr::fn_addr_eq(*other, *rule));
        assert!(tried, "every rule is tried");
    }
}

#[test]
fn what_only_tests_hold_breaks_no_rule() {
    let text = "
        //! `unsafe`: two types of the same size.
        #![allow(unsafe_code)]
        /// Not [`web_sys::Element`], and no 34826.
        fn f() -> &'static str { \"std::time\" }
        #[cfg(test)] mod tests { use std::time::Instant; use crate::web; const N: usize = 1600; }
        #[cfg(test)] mod more;";
    let source = Source::read("train/session.rs", text).expect("it is Rust");
    assert!(RULES.iter().all(|rule| rule(&source).is_none()));
    assert!(source.numbers.is_empty());
    assert_eq!(source.test_files, ["train/session/more.rs", "train/session/more/mod.rs"]);

    let default = "impl Default for Architecture { fn default() -> Self { f(1600) } }";
    let source = Source::read("net/architecture.rs", default).expect("it is Rust");
    assert!(source.numbers.is_empty());
    let source = Source::read("net/plan.rs", "fn f() { g!(34_826, 1600usize) }").expect("Rust");
    assert_eq!(source.numbers, [34_826, 1600]);
}
