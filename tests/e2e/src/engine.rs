//! The three browser engines: where their programs are and how to start them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A browser engine that WebDriver can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium or Chrome, with chromedriver.
    Chromium,
    /// Firefox, with geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser, with WebKitWebDriver: the engine of Safari.
    WebKit,
}

impl Engine {
    /// The engine in `INKLING_BROWSER`; Chromium if it is not set.
    pub fn from_environment() -> Result<Self> {
        match std::env::var("INKLING_BROWSER") {
            Ok(name) => name.parse(),
            Err(_) => Ok(Self::Chromium),
        }
    }

    /// The WebDriver server's program: from the variable that other tools use for it too, on PATH, or where
    /// `cargo xtask` installs it.
    pub fn driver(self) -> Result<PathBuf> {
        let (variable, name, package) = match self {
            Self::Chromium => ("CHROMEDRIVER", "chromedriver", "chromium-driver"),
            Self::Firefox => ("GECKODRIVER", "geckodriver", "geckodriver"),
            Self::WebKit => ("WEBKIT_WEBDRIVER", "WebKitWebDriver", "webkit2gtk-driver"),
        };
        if let Some(path) = std::env::var_os(variable) {
            return Ok(path.into());
        }
        which::which(name)
            .ok()
            .or_else(|| installed_by_xtask(name))
            .with_context(|| format!("{name} is not installed (Debian: {package}); put it on PATH or name it in {variable}"))
    }

    /// What to do if the browser or the driver does not start.
    pub(crate) fn advice(self) -> String {
        let packages = match self {
            Self::Chromium => "chromium and chromium-driver",
            Self::Firefox => "firefox-esr",
            Self::WebKit => "webkit2gtk-driver",
        };
        format!(
            "start it by hand to see why, or reinstall browser and driver, both of the same version (Debian: {packages})"
        )
    }

    /// The browser's program, if the driver does not find it by itself.
    fn browser(self) -> Option<PathBuf> {
        let on_path = |names: &[&str]| names.iter().find_map(|name| which::which(name).ok());
        match self {
            Self::Chromium => on_path(&["chromium", "chromium-browser", "google-chrome"]),
            Self::Firefox => on_path(&["firefox", "firefox-esr"]),
            Self::WebKit => mini_browser(),
        }
    }

    /// The driver's arguments for listening on `port` of the loopback interface.
    pub(crate) fn driver_arguments(self, port: u16) -> Vec<String> {
        let mut arguments = vec![format!("--port={port}")];
        if self == Self::Firefox {
            // Reading the console needs the browser's own context, which Firefox protects by default; and no
            // fixed second port, so that suites can run at the same time.
            arguments.extend(["--allow-system-access".into(), "--websocket-port=0".into()]);
        }
        arguments
    }

    /// The session's capabilities: an invisible window, its own profile, a console that can be read, and no
    /// background traffic.
    ///
    /// - `traced`: Chromium's categories of trace events to record.
    pub(crate) fn capabilities(self, profile: &Path, traced: Option<&str>) -> Result<Value> {
        let browser = self.browser();
        let mut capabilities = match self {
            Self::Chromium => json!({
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"args": [
                    "--headless",
                    "--no-sandbox",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--window-size=1440,900",
                    format!("--user-data-dir={}", profile.display()),
                ]},
            }),
            Self::Firefox => json!({
                "browserName": "firefox",
                "moz:firefoxOptions": {"args": ["-headless"]},
            }),
            Self::WebKit => json!({"webkitgtk:browserOptions": {"args": ["--automation"]}}),
        };
        if let Some(categories) = traced {
            capabilities["goog:loggingPrefs"]["performance"] = json!("ALL");
            capabilities["goog:chromeOptions"]["perfLoggingPrefs"] = json!({
                "enableNetwork": false, "enablePage": false, "traceCategories": categories,
            });
        }
        let options = match self {
            Self::Chromium => "goog:chromeOptions",
            Self::Firefox => "moz:firefoxOptions",
            Self::WebKit => "webkitgtk:browserOptions",
        };
        match browser {
            Some(path) => capabilities[options]["binary"] = json!(path),
            None if self == Self::WebKit => {
                bail!(
                    "WebKitGTK's MiniBrowser is not installed (Debian: webkit2gtk-driver); put it on PATH"
                )
            }
            None => {}
        }
        Ok(capabilities)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        })
    }
}

impl FromStr for Engine {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "chromium" => Self::Chromium,
            "firefox" => Self::Firefox,
            "webkit" => Self::WebKit,
            _ => bail!("no browser is called {name:?}: chromium, firefox or webkit"),
        })
    }
}

/// `~/.cache/inkling/tools/<name>-<version>/bin/<name>`, the newest by name.
fn installed_by_xtask(name: &str) -> Option<PathBuf> {
    let tools = PathBuf::from(std::env::var_os("HOME")?).join(".cache/inkling/tools");
    folders(&tools)
        .into_iter()
        .filter(|folder| file_name(folder).starts_with(&format!("{name}-")))
        .map(|folder| folder.join("bin").join(name))
        .rfind(|program| program.is_file())
}

/// `/usr/lib/<triple>/webkit2gtk-<version>/MiniBrowser`, the newest by name; it is not on PATH.
fn mini_browser() -> Option<PathBuf> {
    let beside_libraries = folders(Path::new("/usr/lib"))
        .iter()
        .flat_map(|triple| folders(triple))
        .filter(|folder| file_name(folder).starts_with("webkit2gtk-4"))
        .map(|folder| folder.join("MiniBrowser"))
        .rfind(|program| program.is_file());
    which::which("MiniBrowser").ok().or(beside_libraries)
}

/// The entries of a folder, sorted; empty if it cannot be read.
fn folders(path: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
