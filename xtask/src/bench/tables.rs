//! The tables of docs/BENCHMARKS.md, between two marks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project;

const BEGIN: &str = "<!-- written by cargo xtask bench --write -->\n";
const END: &str = "<!-- end -->\n";

/// The document with the tables.
pub(super) fn document() -> PathBuf {
    project::root().join("docs/BENCHMARKS.md")
}

/// Replaces the tables in a document by those that the benchmark wrote.
pub(super) fn write(document: &Path, tables: &Path) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let written = between(&read(document)?, &read(tables)?)
        .with_context(|| format!("{} has not both marks", document.display()))?;
    fs::write(document, written).with_context(|| format!("cannot write {}", document.display()))
}

/// Replaces the lines between the marks; `None` if a mark is missing.
fn between(text: &str, lines: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some([before, BEGIN, "\n", lines.trim(), "\n\n", END, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}old\n{END}b\n");
        let filled = between(&text, "new\n\n").expect("both marks are there");
        assert_eq!(filled, format!("a\n{BEGIN}\nnew\n\n{END}b\n"));
        assert_eq!(between(&filled, "new").expect("both marks are there"), filled);
        assert_eq!(between(&text.replace(END, ""), "new"), None);
    }

    #[test]
    fn the_document_takes_new_tables() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (copy, tables) = (folder.path().join("copy.md"), folder.path().join("bench.md"));
        fs::copy(document(), &copy)?;
        fs::write(&tables, "| new |\n")?;
        write(&copy, &tables)?;
        let before = fs::read_to_string(document())?;
        let after = fs::read_to_string(&copy)?;
        assert!(after.contains("\n\n| new |\n\n"), "{after}");
        assert_eq!(
            before.split_once(BEGIN).map(|parts| parts.0),
            after.split_once(BEGIN).map(|parts| parts.0)
        );
        assert_eq!(
            before.split_once(END).map(|parts| parts.1),
            after.split_once(END).map(|parts| parts.1)
        );
        Ok(())
    }
}
