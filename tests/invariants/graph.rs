//! Which file names which, and whether one names itself by way of others.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, module_of};

/// The tops of the two programs, which use their parts; no part may name them.
const TOPS: [&str; 2] = ["web/page/mod.rs", "web/worker/mod.rs"];

/// Each file with the files that it names.
pub(crate) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The graph, without files that name the `mod.rs` of a folder they are in: what it defines is shared by the
/// folder's files, except in a program's top.
pub(crate) fn of(house: &[Source]) -> Graph<'_> {
    let files = house.iter().map(|source| (module_of(&source.file), source)).collect();
    let named = |source: &Source| {
        let paths = source.paths.iter().filter_map(|path| file(&files, source, path));
        paths.filter(|other| TOPS.contains(other) || !is_above(other, &source.file)).collect()
    };
    house.iter().map(|source| (source.file.as_str(), named(source))).collect()
}

/// Files by module.
type Files<'a> = BTreeMap<Vec<String>, &'a Source>;

/// The most re-exports to follow.
const MOST_NAMES: usize = 8;

/// The file that defines what a path in `source` leads to, through any number of re-exports; `None` for
/// another crate.
fn file<'a>(files: &Files<'a>, source: &Source, path: &[String]) -> Option<&'a str> {
    let mut path = from_root(source, path)?;
    for _ in 0..MOST_NAMES {
        let (holder, rest) = (1..=path.len()).rev().find_map(|length| {
            let (module, rest) = path.split_at(length);
            Some((*files.get(module)?, rest))
        })?;
        let used = rest.split_first().and_then(|(name, rest)| {
            let (_, from) = holder.uses.iter().find(|(used, _)| used == name)?;
            Some([&from_module(holder, from)?, rest].concat())
        });
        match used {
            Some(longer) => path = longer,
            None => {
                return Some(&holder.file).filter(|file| **file != source.file).map(|file| &**file);
            }
        }
    }
    None
}

/// A path from the crate's root, resolved with the file's `use`s; `None` if it leads elsewhere.
fn from_root(source: &Source, path: &[String]) -> Option<Vec<String>> {
    from_module(source, path).or_else(|| {
        let (name, rest) = path.split_first()?;
        let (_, from) = source.uses.iter().find(|(used, _)| used == name)?;
        Some([&from_module(source, from)?, rest].concat())
    })
}

/// A path from the crate's root, if it begins there or with a child module of the file.
fn from_module(source: &Source, path: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(path.to_vec()),
        "inkling" => Some([&["crate".to_owned()], rest].concat()),
        _ if source.children.contains(first) => Some([&module_of(&source.file), path].concat()),
        _ => None,
    }
}

/// Whether a file contains the module of another one, as a `mod.rs` does.
fn is_above(file: &str, other: &str) -> bool {
    module_of(other).starts_with(&module_of(file))
}

/// A circle, if there is one: each file in it is named by the one before.
pub(crate) fn circle<'a>(graph: &Graph<'a>) -> Option<Vec<&'a str>> {
    // A file that no remaining one names, or that names no remaining one, is in no circle.
    let mut left: BTreeSet<&str> = graph.keys().copied().collect();
    loop {
        let before = left.len();
        let names = |file: &str| graph[file].iter().filter(|&other| left.contains(other));
        let named: BTreeSet<&str> = left.iter().flat_map(|file| names(file)).copied().collect();
        let inner = left.iter().filter(|&&file| names(file).next().is_some());
        left = inner.filter(|&file| named.contains(file)).copied().collect();
        if left.len() == before {
            break;
        }
    }
    let mut way = vec![*left.first()?];
    loop {
        let next = graph[way[way.len() - 1]].iter().find(|&other| left.contains(other))?;
        if let Some(start) = way.iter().position(|file| file == next) {
            return Some(way.split_off(start));
        }
        way.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, of};

    #[test]
    fn a_circle_is_found() {
        let circle = |files: &[(&str, &str)]| {
            let sources: Vec<Source> = files
                .iter()
                .map(|(file, text)| Source::read(file, text).expect("it is Rust"))
                .collect();
            super::circle(&of(&sources)).map(|circle| circle.join(" "))
        };
        let found = circle(&[
            ("net/a.rs", "use super::b::B;"),
            ("net/b.rs", "fn f() { crate::net::c::g() }"),
            ("net/c.rs", "use crate::data; fn f() { format!(\"{}\", super::b::N); }"),
            ("data.rs", ""),
        ]);
        assert_eq!(found.as_deref(), Some("net/b.rs net/c.rs"));
        let by_another_name = circle(&[
            ("net/mod.rs", "pub mod a; pub mod b; pub use b::B;"),
            ("net/a.rs", "use super::B;"),
            ("net/b.rs", "use super::a::A;"),
        ]);
        assert_eq!(by_another_name.as_deref(), Some("net/a.rs net/b.rs"));
        let by_a_short_name = circle(&[
            ("net/a.rs", "use crate::net; fn f() { net::b::g() }"),
            ("net/mod.rs", "mod a; mod b;"),
            ("net/b.rs", "use super::a::{self}; fn g() { a::f() }"),
        ]);
        assert_eq!(by_a_short_name.as_deref(), Some("net/a.rs net/b.rs"));
        let by_way_of_a_folder = circle(&[
            ("app/run.rs", "use super::panels::evaluate::Judge;"),
            ("app/panels/mod.rs", "mod evaluate; pub struct Panels(evaluate::EvaluateState);"),
            ("app/panels/evaluate.rs", "use super::Panels; use crate::app::run::Run;"),
        ]);
        assert_eq!(by_way_of_a_folder.as_deref(), Some("app/panels/evaluate.rs app/run.rs"));
        let parent_and_child = circle(&[
            ("app/mod.rs", "mod run; use run::Run; pub struct App;"),
            ("app/run.rs", "use super::App;"),
            ("app/panels/evaluate.rs", "use crate::app::{App, run::Run};"),
        ]);
        assert_eq!(parent_and_child, None);
        let through_the_top = circle(&[
            ("web/page/mod.rs", "mod pad; use pad::Pad; pub fn dispatch() {}"),
            ("web/page/pad.rs", "use super::dispatch;"),
        ]);
        assert_eq!(through_the_top.as_deref(), Some("web/page/mod.rs web/page/pad.rs"));
    }
}
