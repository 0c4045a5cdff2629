//! Browsers and their WebDriver servers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::apt;
use crate::tools::Tool;

/// Values of `--browser`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    Chromium,
    Firefox,
    Webkit,
    All,
}

impl Choice {
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
    /// Name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        }
    }

    /// Value of the end-to-end tests' `INKLING_BROWSER`.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }

    /// The engine is installed if one of these programs is, and its driver will find it.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => {
                &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
            }
            Self::Firefox => &["firefox"],
            // WebKit itself is not on `PATH` and comes with the driver, but the display does not.
            Self::WebKit => &["xvfb-run"],
        }
    }

    /// The browser itself, if it is on `PATH`.
    pub(crate) fn program(self) -> Option<PathBuf> {
        self.programs().iter().find_map(|name| which::which(name).ok())
    }

    /// Debian's packages with the browser, its driver, and what it needs to run without a display.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-driver"],
            Self::Firefox => &["firefox-esr"],
            Self::WebKit => &["webkit2gtk-driver", "xvfb", "xauth"],
        }
    }

    /// Finds the browser and its driver; on Debian-like systems, installs them if they are missing.
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
        Ok(Browser { engine: self, driver })
    }

    fn is_installed(self) -> bool {
        let is_there = |program: &str| which::which(program).is_ok();
        // On macOS the driver finds a browser that is not on `PATH`.
        let has_browser =
            cfg!(target_os = "macos") || self.programs().iter().any(|name| is_there(name));
        has_browser
            && match self {
                Self::Chromium => is_there("chromedriver"),
                // geckodriver comes from crates.io, not from Debian.
                Self::Firefox => true,
                Self::WebKit => is_there("WebKitWebDriver"),
            }
    }

    fn install(self) -> Result<()> {
        apt::install(&format!("{} or its WebDriver server", self.name()), self.packages())
    }
}

/// An installed engine and its driver.
pub(crate) struct Browser {
    pub(crate) engine: Engine,
    driver: PathBuf,
}

impl Browser {
    /// Sets the variables from which wasm-bindgen's runner and the end-to-end tests learn which
    /// browser to use.
    pub(crate) fn set_variables(&self, command: &mut Command) {
        let variables: &[&str] = match self.engine {
            Engine::Chromium => &["CHROMEDRIVER"],
            Engine::Firefox => &["GECKODRIVER"],
            // The runner uses Safari's driver, which speaks the same protocol.
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
}
