//! The three wasm modules: cargo compiles, wasm-bindgen writes the JavaScript side, wasm-opt shrinks or speeds up.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{command, npm, project};

/// What a build is for, and so how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// What visitors get: linked as one unit and optimised for size or speed.
    Release,
    /// What `cargo xtask bench` measures: the same with the feature `bench`.
    Bench,
    /// For tests soon after a change: the same code, hardly optimised outside the kernels.
    Quick,
}

/// A program of `src/bin` for browsers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    /// Base name of its files: `page.js` and `page_bg.wasm`.
    pub(crate) name: &'static str,
    bin: &'static str,
    /// Cargo profile of an optimised build.
    profile: &'static str,
    /// wasm-opt's level.
    level: &'static str,
    /// Whether relaxed SIMD is used.
    relaxed: bool,
}

/// Page, trainer, and the trainer again with relaxed SIMD. The slowest to compile comes first.
pub(crate) const MODULES: [Module; 3] = [
    Module { name: "page", bin: "page", profile: "page", level: "-Oz", relaxed: false },
    Module { name: "worker", bin: "worker", profile: "release", level: "-O3", relaxed: false },
    Module {
        name: "worker-relaxed",
        bin: "worker",
        profile: "release",
        level: "-O3",
        relaxed: true,
    },
];

/// What wasm-opt may use. All features that it knows would be too many: some are in no browser yet.
const FEATURES: [&str; 8] = [
    "simd",
    "relaxed-simd",
    "bulk-memory",
    "nontrapping-float-to-int",
    "sign-ext",
    "mutable-globals",
    "multivalue",
    "reference-types",
];

impl Module {
    /// Writes the module's `.js` and `.wasm` into a folder.
    pub(crate) fn make(&self, effort: Effort, revision: &str, folder: &Path) -> Result<()> {
        let profile = match effort {
            Effort::Release | Effort::Bench => self.profile,
            Effort::Quick => "quick",
        };
        let arguments = ["build", "--locked", "--quiet", "--target", "wasm32-unknown-unknown"];
        let (mut cargo, target) = if self.relaxed {
            (project::cargo_relaxed(arguments), project::relaxed_target())
        } else {
            (project::cargo_wasm(arguments), project::target())
        };
        cargo.args(["--profile", profile, "--bin", self.bin]).env("INKLING_REVISION", revision);
        if effort == Effort::Bench {
            cargo.args(["--features", "bench"]);
        }
        command::output(&mut cargo)?;
        let built = target.join(format!("wasm32-unknown-unknown/{profile}/{}.wasm", self.bin));
        bind(&built, self.name, folder)?;
        if effort != Effort::Quick {
            self.optimise(&folder.join(format!("{}_bg.wasm", self.name)))?;
        }
        Ok(())
    }

    fn optimise(&self, module: &Path) -> Result<()> {
        let mut wasm_opt = Command::new(npm::bin().join("wasm-opt"));
        wasm_opt.arg(self.level).args(FEATURES.map(|feature| ["--enable-", feature].concat()));
        command::output(wasm_opt.arg("--output").args([module, module]))?;
        Ok(())
    }
}

/// Writes the `.js` and `.wasm` of a compiled module into a folder, for `import` in a browser.
pub(crate) fn bind(built: &Path, name: &str, folder: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(built).web(true)?.typescript(false).out_name(name);
    // Otherwise `init()` without an argument, as our scripts call it, has no module to load.
    bindgen.omit_default_module_path(false);
    bindgen.generate(folder).with_context(|| format!("wasm-bindgen cannot use {}", built.display()))
}
