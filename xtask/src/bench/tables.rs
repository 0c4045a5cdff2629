//! The README's figures: what `cargo xtask bench` measured, between two marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project;

const BEGIN: &str = "<!-- written by cargo xtask bench --readme -->\n";
const END: &str = "<!-- end -->\n";

/// Puts the tables in that file in place of those in README.md.
pub(super) fn fill(tables: &Path) -> Result<()> {
    let readme = project::root().join("README.md");
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let filled =
        between(&read(&readme)?, &read(tables)?).context("README.md has not both marks")?;
    fs::write(&readme, filled).with_context(|| format!("cannot write {}", readme.display()))
}

/// The text with other lines between the marks; nothing if it has not both.
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
    fn the_readme_has_the_marks() -> Result<()> {
        let text = fs::read_to_string(project::root().join("README.md"))?;
        assert!(between(&text, "").is_some());
        Ok(())
    }
}
