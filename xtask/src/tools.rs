//! Programs of a fixed version: found on `PATH` or in this user's cache, otherwise downloaded ready-made,
//! otherwise compiled.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::{command, project, step};

/// A crate's programs in one version.
pub(crate) struct Tool {
    /// Name of the crate on crates.io.
    package: &'static str,
    version: String,
    /// The programs of the crate that are used here.
    programs: &'static [&'static str],
    /// Whether `cargo install` uses the lock file published with the crate.
    locked: bool,
    /// Address of the makers' .tar.gz for this machine.
    archive: Option<String>,
}

impl Tool {
    /// Drives Firefox.
    pub(crate) fn geckodriver() -> Self {
        let version = "0.37.0".to_owned();
        let system = match (env::consts::OS, env::consts::ARCH) {
            ("linux", "x86_64") => Some("linux64"),
            ("linux", "aarch64") => Some("linux-aarch64"),
            ("macos", "x86_64") => Some("macos"),
            ("macos", "aarch64") => Some("macos-aarch64"),
            _ => None,
        };
        let archive = system.map(|system| {
            format!(
                "https://github.com/mozilla/geckodriver/releases/download/v{version}/geckodriver-v{version}-{system}.tar.gz"
            )
        });
        Self { package: "geckodriver", version, programs: &["geckodriver"], locked: true, archive }
    }

    /// The directory with the programs, which are installed first if need be.
    pub(crate) fn directory(&self) -> Result<PathBuf> {
        if let Some(directory) = self.on_path() {
            return Ok(directory);
        }
        let name = self.programs[0];
        let root = project::cache()?.join("tools").join(format!("{name}-{}", self.version));
        let directory = root.join("bin");
        if self.is_in(&directory) {
            return Ok(directory);
        }
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;

        let fetched = step::quiet(&format!("Fetching {name} {}", self.version), || {
            Ok(self.binstall(&root) || self.download(&directory))
        })?;
        if !fetched {
            println!("There is no ready-made {name} to be had; compiling it, once, takes minutes.");
            step::loud(&format!("Compiling {name} {}", self.version), || self.compile(&root))?;
        }
        if !self.is_in(&directory) {
            bail!(
                "{name} {} was installed in {} but does not run there",
                self.version,
                directory.display()
            );
        }
        Ok(directory)
    }

    fn on_path(&self) -> Option<PathBuf> {
        let directory = which::which(self.programs[0]).ok()?.parent()?.to_owned();
        self.is_in(&directory).then_some(directory)
    }

    /// Whether all programs are there in the right version.
    fn is_in(&self, directory: &Path) -> bool {
        self.programs.iter().all(|program| {
            command::output(Command::new(directory.join(program)).arg("--version"))
                .is_ok_and(|output| says_version(&output, &self.version))
        })
    }

    /// Tries cargo-binstall, if it is installed.
    fn binstall(&self, root: &Path) -> bool {
        which::which("cargo-binstall").is_ok()
            && command::output(
                Command::new("cargo-binstall")
                    .args(["--no-confirm", "--disable-strategies", "compile"])
                    .args(["--version", &self.version, "--root"])
                    .arg(root)
                    .arg(self.package),
            )
            .is_ok()
            && self.is_in(&root.join("bin"))
    }

    /// Downloads the makers' archive, giving up early if their server cannot be reached.
    fn download(&self, directory: &Path) -> bool {
        let Some(url) = &self.archive else {
            return false;
        };
        let unpacked = directory.with_file_name("unpacked");
        let archive = directory.with_file_name("archive.tar.gz");
        let outcome = self.unpack(url, &archive, &unpacked, directory);
        // Leftovers do no harm: the next attempt overwrites them.
        let _ = fs::remove_file(&archive);
        let _ = fs::remove_dir_all(&unpacked);
        outcome.is_ok() && self.is_in(directory)
    }

    fn unpack(&self, url: &str, archive: &Path, unpacked: &Path, directory: &Path) -> Result<()> {
        command::output(
            Command::new("curl")
                .args(["--fail", "--location", "--silent", "--show-error"])
                .args(["--connect-timeout", "5", "--max-time", "120", "--output"])
                .arg(archive)
                .arg(url),
        )?;
        fs::create_dir_all(unpacked)?;
        command::output(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(unpacked))?;
        for program in self.programs {
            let from =
                find(unpacked, program)?.with_context(|| format!("{program} is not in {url}"))?;
            fs::rename(from, directory.join(program))?;
        }
        Ok(())
    }

    /// Compiles it with cargo, replacing a ready-made one that does not run here.
    fn compile(&self, root: &Path) -> Result<()> {
        let mut cargo = project::cargo(["install", "--force", self.package, "--version"]);
        cargo.arg(&self.version).arg("--root").arg(root);
        // Optimising it takes longer than it will ever run here.
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        // Otherwise cargo advises putting it on PATH, which is not necessary.
        cargo.env("PATH", project::path_with(&[root.join("bin")])?);
        if self.locked {
            cargo.arg("--locked");
        }
        command::run(&mut cargo).with_context(|| {
            format!("could not install {} {}; is there a network?", self.package, self.version)
        })
    }
}

/// The file with this name in a directory or its subdirectories.
fn find(directory: &Path, name: &str) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Whether a program's `--version` names exactly this version.
fn says_version(output: &str, version: &str) -> bool {
    output.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_only_as_a_whole_word() {
        assert!(says_version("geckodriver 0.37.0 (2024-01-01)", "0.37.0"));
        assert!(!says_version("geckodriver 0.37.10", "0.37.1"));
        assert!(!says_version("geckodriver 0.37.0", "0.37"));
    }

    #[test]
    fn a_program_is_found_wherever_the_archive_keeps_it() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let inner = directory.path().join("geckodriver-0.37.0-linux64");
        fs::create_dir(&inner)?;
        fs::write(inner.join("geckodriver"), "")?;
        assert_eq!(find(directory.path(), "geckodriver")?, Some(inner.join("geckodriver")));
        assert_eq!(find(directory.path(), "chromedriver")?, None);
        Ok(())
    }
}
