//! Browsers and their WebDriver servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::tools::Tool;
use crate::{command, project, step};

/// What `--browser` can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    Chromium,
    Firefox,
    Webkit,
    All,
}

impl Choice {
    /// The engines meant.
    pub(crate) fn engines(self) -> &'static [Engine] {
        match self {
            Self::Chromium => &[Engine::Chromium],
            Self::Firefox => &[Engine::Firefox],
            Self::Webkit => &[Engine::WebKit],
            Self::All => &[Engine::Chromium, Engine::Firefox, Engine::WebKit],
        }
    }
}

/// A browser engine that tests run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

impl Engine {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        }
    }

    /// For the end-to-end tests' `INKLING_BROWSER`.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }

    /// Any of these programs will do, in this order; none of them where the engine is found otherwise.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => {
                &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
            }
            Self::Firefox => &["firefox", "firefox-esr"],
            Self::WebKit => &["xvfb-run"],
        }
    }

    /// Debian's packages with the browser, what it needs to run unseen, and its driver.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-driver"],
            Self::Firefox => &["firefox-esr"],
            Self::WebKit => &["webkit2gtk-driver", "xvfb", "xauth"],
        }
    }

    /// Finds the browser and its driver, and installs them on a Debian-like system.
    pub(crate) fn ensure(self) -> Result<Browser> {
        if !self.is_installed() {
            self.install()?;
        }
        if !self.is_installed() {
            bail!(
                "{} or its WebDriver server is missing; put both on PATH (Debian: {})",
                self.name(),
                self.packages().join(" ")
            );
        }
        let driver = match self {
            Self::Chromium => which::which("chromedriver")?,
            Self::Firefox => Tool::geckodriver().directory()?.join("geckodriver"),
            Self::WebKit => which::which("WebKitWebDriver")?,
        };
        Ok(Browser { engine: self, program: self.program(), driver })
    }

    /// The browser's program. WebKit's is on no `PATH`, but its driver knows it.
    fn program(self) -> Option<PathBuf> {
        self.programs().iter().find_map(|name| which::which(name).ok())
    }

    fn is_installed(self) -> bool {
        let driver = match self {
            Self::Chromium => "chromedriver",
            // geckodriver is on crates.io, so it is not Debian that brings it.
            Self::Firefox => return self.program().is_some(),
            Self::WebKit => "WebKitWebDriver",
        };
        let has_driver = which::which(driver).is_ok();
        // On macOS the driver finds a Chrome that is on no PATH.
        has_driver && (self.program().is_some() || cfg!(target_os = "macos"))
    }

    fn install(self) -> Result<()> {
        if which::which("apt-get").is_err() {
            bail!(
                "{} or its WebDriver server is missing, and this is no Debian-like system: \
                 install them and put both on PATH",
                self.name()
            );
        }
        let packages = self.packages().join(" ");
        let Some(prefix) = as_root() else {
            bail!(
                "{name} or its WebDriver server is missing, and installing them needs root; run: \
                 sudo apt-get install --no-install-recommends {packages}",
                name = self.name()
            );
        };
        step::quiet(&format!("Installing {packages}"), || {
            // The lists of a fresh machine or container are old or not there.
            command::output(&mut apt_get(prefix, &["update"]))
                .and_then(|_| {
                    let mut install =
                        apt_get(prefix, &["install", "-y", "--no-install-recommends"]);
                    command::output(install.args(self.packages()))
                })
                .with_context(|| format!("apt-get could not install {packages}"))
        })?;
        Ok(())
    }
}

/// An engine that is there, with what drives it.
pub(crate) struct Browser {
    pub(crate) engine: Engine,
    program: Option<PathBuf>,
    driver: PathBuf,
}

impl Browser {
    /// Tells a child process which browser to use: by the variables that wasm-bindgen's runner and
    /// the end-to-end tests read.
    pub(crate) fn tell(&self, command: &mut Command) {
        let variables: &[&str] = match self.engine {
            Engine::Chromium => &["CHROMEDRIVER"],
            Engine::Firefox => &["GECKODRIVER"],
            // The runner takes Safari's driver, which speaks the same protocol.
            Engine::WebKit => &["WEBKIT_WEBDRIVER", "SAFARIDRIVER"],
        };
        for variable in variables {
            command.env(variable, &self.driver);
        }
        command.env("INKLING_BROWSER", self.engine.id());
        if self.engine == Engine::WebKit {
            // WebKit's sandbox does not start as root or in most containers; the pages are ours.
            command.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
        }
    }

    /// Writes what wasm-bindgen's runner asks the driver for, and returns the file.
    pub(crate) fn write_capabilities(&self) -> Result<PathBuf> {
        let path = project::target().join(format!("webdriver-{}.json", self.engine.id()));
        let text = serde_json::to_vec_pretty(&self.capabilities())?;
        fs::create_dir_all(project::target())
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// The runner adds the arguments for running unseen and without a sandbox.
    fn capabilities(&self) -> Value {
        let binary = |options: &mut Value| {
            if let Some(program) = &self.program {
                options["binary"] = json!(program);
            }
        };
        match self.engine {
            Engine::Chromium => {
                let mut options = json!({"args": [
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ]});
                binary(&mut options);
                json!({"goog:chromeOptions": options})
            }
            Engine::Firefox => {
                let mut options = json!({});
                binary(&mut options);
                json!({"moz:firefoxOptions": options})
            }
            Engine::WebKit => json!({}),
        }
    }
}

/// The words that make a command run as root, where that needs no question: none as root already.
fn as_root() -> Option<&'static [&'static str]> {
    let says = |program: &str, arguments: &[&str]| {
        command::output(Command::new(program).args(arguments)).ok()
    };
    if says("id", &["-u"])?.trim() == "0" {
        return Some(&[]);
    }
    says("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    let words: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"])
        .chain(arguments.iter().copied())
        .collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(Path::new("/"));
    command
}
