//! What things are called: a type name stands for one thing, and things have their usual names.

use std::collections::BTreeMap;
use std::fs;

use super::source::Source;
use super::{files, house, root};

/// Type names that several modules define; every other name stands for one thing.
const BY_MODULE: &[&str] = &["Event", "Row", "View"];

/// Names that the source once had for things that have a usual one.
const FORMER: &[&str] = &[
    "crew",
    "desk",
    "gauge",
    "laboratory",
    "lesson",
    "loan",
    "noise",
    "patience",
    "propagates",
    "recruit",
    "relieve",
    "rooms",
    "shelf",
    "ticket",
    "unkept",
    "way back",
    "winners",
];

/// Phrases that nobody would say: a count is `n`, a gradient is with respect to something, memory stores.
const UNSAID: &[&str] = &[
    "answer stands here",
    "answering now",
    "by which each is divided",
    "came of it",
    "come of it",
    "derivative by",
    "gradient by",
    "hang here",
    "is told",
    "judged",
    "judgement",
    "lie in memory",
    "lies in memory",
    "more hands than",
    "no use any more",
    "one a core",
    "other ones",
    "read rightly",
    "so many",
    "start anew",
    "surest first",
    "waits until every layer",
    "way back",
    "weights from before",
    "work in hand",
];

/// Where [`UNSAID`] phrases may be: here they are listed.
const UNREAD: &[&str] = &["tests/invariants/"];

/// Type names that several files define without being allowed to, and allowances that are not needed.
fn ambiguous(allowed: &[&str], house: &[Source]) -> Vec<String> {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in house {
        for name in &source.types {
            files.entry(name).or_default().push(&source.file);
        }
    }
    let repeated = files.iter().filter(|(_, files)| files.len() > 1);
    let repeated: Vec<_> = repeated.map(|(name, files)| (*name, files.join(", "))).collect();
    let wrong = repeated.iter().filter(|(name, _)| !allowed.contains(name));
    let wrong = wrong.map(|(name, files)| format!("{name}: {files}"));
    let idle = allowed.iter().filter(|name| !repeated.iter().any(|(other, _)| other == *name));
    wrong.chain(idle.map(|name| format!("{name} stands for one thing"))).collect()
}

#[test]
fn a_type_name_stands_for_one_thing() {
    let ambiguous = ambiguous(BY_MODULE, &house());
    assert!(ambiguous.is_empty(), "{}", ambiguous.join("\n"));
}

#[test]
fn an_ambiguous_type_name_is_found() {
    let read = |file: &str, text: &str| Source::read(file, text).expect("it is Rust");
    let house = [
        read("net/plan.rs", "pub struct Plan; enum Event {} struct View;"),
        read(
            "app/plan.rs",
            "type Plan = u8; trait Event {} #[cfg(test)] mod tests { struct View; }",
        ),
    ];
    assert_eq!(
        ambiguous(&["Event", "View"], &house),
        ["Plan: net/plan.rs, app/plan.rs", "View stands for one thing"]
    );
}

/// The first of some phrases in a text, be it a word, a part of a name or several words.
fn find(phrases: &[&'static str], text: &str) -> Option<&'static str> {
    let mut words = String::from(" ");
    let mut before = ' ';
    for c in text.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(if c.is_alphanumeric() { c } else { ' ' }.to_lowercase());
        before = c;
    }
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = format!(" {words} ");
    phrases.iter().copied().find(|phrase| {
        let ends = ["", "s"].map(|end| format!(" {phrase}{end} "));
        ends.iter().any(|phrase| words.contains(phrase))
    })
}

/// A former name in a file of `src`, or an unsaid phrase in any file; paths are from the root.
fn unusual(file: &str, text: &str) -> Option<&'static str> {
    let former = || find(FORMER, text).or_else(|| find(FORMER, file));
    let unsaid = || find(UNSAID, text);
    (file.starts_with("src/").then(former).flatten())
        .or_else(|| UNREAD.iter().all(|unread| !file.starts_with(unread)).then(unsaid).flatten())
}

#[test]
fn things_have_their_usual_names() {
    let folders = ["src", "xtask", "tests", "www"].map(|folder| root().join(folder));
    let texts = folders.iter().flat_map(|folder| {
        ["rs", "js", "py", "html", "css"].into_iter().flat_map(|extension| files(folder, extension))
    });
    let found: Vec<String> = texts
        .filter(|path| !path.components().any(|part| part.as_os_str() == "node_modules"))
        .filter_map(|path| {
            let file = path.strip_prefix(root()).expect("below the root").display().to_string();
            let text = fs::read_to_string(&path).expect("a source file");
            unusual(&file, &text).map(|phrase| format!("{file}: {phrase}"))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_former_name_is_found() {
    assert_eq!(unusual("src/a.rs", "/// A crew."), Some("crew"));
    assert_eq!(unusual("src/a.rs", "struct HelperDesk;"), Some("desk"));
    assert_eq!(unusual("src/a.rs", "let job_tickets = 3;"), Some("ticket"));
    assert_eq!(unusual("src/a.rs", "/// On the way\n    /// back."), Some("way back"));
    assert_eq!(unusual("src/web/crew.rs", ""), Some("crew"));
    assert_eq!(unusual("src/a.rs", "screws on a desktop"), None);
}

#[test]
fn an_unsaid_phrase_is_found() {
    assert_eq!(unusual("www/a.js", "// The first so\n// many."), Some("so many"));
    assert_eq!(unusual("xtask/a.rs", "/// The gradient by the input."), Some("gradient by"));
    assert_eq!(unusual("tests/a.rs", "/// Faint noise."), None);
    assert_eq!(unusual("tests/invariants/names.rs", "so many"), None);
}
