//! Detects changed files by their contents, because a clone or a checkout renews every time stamp.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// One SHA-256, in hex, over the names and contents of files and of all files in directories,
/// relative to `root`.
pub(crate) fn of(root: &Path, paths: &[&str]) -> io::Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(root.join(path), &mut files)?;
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        let bytes = fs::read(&file)?;
        // With the lengths, no two sets of files give the same stream.
        for part in [name.as_bytes(), &bytes] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    Ok(hex(digest.finalize()))
}

/// Lower-case hex, as checksums are usually written.
pub(crate) fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(entry?.path(), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_and_names_count_and_nothing_else() -> io::Result<()> {
        let directory = tempfile::tempdir()?;
        let root = directory.path();
        fs::create_dir_all(root.join("src/web"))?;
        let file = root.join("src/web/page.rs");
        fs::write(&file, "a")?;
        fs::write(root.join("other"), "x")?;
        let before = of(root, &["src"])?;

        fs::write(root.join("other"), "y")?;
        fs::write(&file, "a")?;
        assert_eq!(of(root, &["src"])?, before, "nothing of it changed");
        fs::write(&file, "b")?;
        assert_ne!(of(root, &["src"])?, before, "a content");
        fs::write(&file, "a")?;
        fs::rename(&file, root.join("src/page.rs"))?;
        assert_ne!(of(root, &["src"])?, before, "a name");
        assert!(of(root, &["src", "gone"]).is_err(), "a missing file");
        Ok(())
    }
}
