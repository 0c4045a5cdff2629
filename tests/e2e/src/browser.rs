//! A browser session: a window, its pointer, its keys and its console.

use std::future::Future;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::actions::{
    ActionSequence, InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions,
    PenActions, PointerAction, TouchActions,
};
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::driver::Driver;
use crate::engine::Engine;

/// A single command that takes longer means that the browser hangs.
const COMMAND_LIMIT: Duration = Duration::from_secs(90);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a thread and a timer are all it needs")
});

/// Runs the WebDriver client and the file server, so that tests need not be async.
pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// A warning or an error on the browser's console.
#[derive(Clone, Debug)]
pub struct ConsoleMessage {
    /// `warning` or `error`.
    pub level: &'static str,
    /// The message, with what the engine adds to it.
    pub text: String,
}

/// What draws a stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// A mouse with its left button.
    Mouse,
    /// A finger; WebKit's driver has none.
    Finger,
    /// A pen, as a tablet has; Chromium only.
    Pen,
}

/// A browser with one window. Dropping it closes it and removes its profile.
pub struct Browser {
    engine: Engine,
    client: Client,
    // Dropped after the client: first the driver's process, then the profile it wrote to.
    _driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts the engine's driver and opens a session.
    pub fn launch(engine: Engine) -> Result<Self> {
        Self::start(engine, None)
    }

    /// Starts Chromium and records trace events of these categories, separated by commas, for
    /// [`Browser::take_trace`].
    pub fn launch_traced(categories: &str) -> Result<Self> {
        Self::start(Engine::Chromium, Some(categories))
    }

    fn start(engine: Engine, traced: Option<&str>) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("inkling-e2e-").tempdir()?;
        let Value::Object(capabilities) = engine.capabilities(profile.path(), traced)? else {
            bail!("capabilities are an object");
        };
        let driver = Driver::start(engine)?;
        let client = run(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(builder.capabilities(capabilities).connect(&driver.url()).await?)
        })
        .map_err(|error| {
            // The driver adds many lines about its internals.
            let said = format!("{error:#}");
            let said = said.lines().next().unwrap_or_default().trim_end_matches('.');
            anyhow!("{engine} does not start ({said}): {}", engine.advice())
        })?;
        let browser = Self { engine, client, _driver: driver, _profile: profile };
        browser.resize(1440, 900)?;
        Ok(browser)
    }

    /// The engine that was launched.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Sets the viewport's size in CSS pixels. Engines have a smallest window, which is wider than a phone.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        const FRAME: &str = "return [outerWidth - innerWidth, outerHeight - innerHeight]";
        let frame: (u32, u32) = serde_json::from_value(self.script(FRAME, vec![])?)?;
        let resize = self.client.set_window_size(width + frame.0, height + frame.1);
        run(async { Ok(resize.await?) })
    }

    /// Opens an address and waits for the document's load event.
    pub fn open(&self, url: &str) -> Result<()> {
        run(async { Ok(self.client.goto(url).await?) }).with_context(|| format!("opening {url}"))
    }

    /// Goes to an empty document. A new hash alone would not load the page again, and Firefox takes a new
    /// port for a new hash and does not wait.
    pub fn leave(&self) -> Result<()> {
        self.let_it_store();
        match self.engine {
            Engine::Firefox => {
                self.go_by_script("location.replace('about:blank')", "location.href", "about:blank")
            }
            _ => self.open("about:blank"),
        }
    }

    /// Lets the page finish storing: Firefox reports storing that is interrupted by leaving, possibly on the
    /// next test's console. A read waits for the writes before it; several reads, because the page writes one
    /// thing after another.
    fn let_it_store(&self) {
        const READ: &str = "
            return (async () => {
                const store = window.idbKeyval?.createStore('inkling', 'kept');
                for (let round = 0; round < 4 && store; round++) {
                    await window.idbKeyval.keys(store);
                    await new Promise(resolve => setTimeout(resolve, 5));
                }
            })();";
        // A document without an answer stores nothing.
        let _ = self.script(READ, vec![]);
    }

    /// Reloads the document.
    pub fn reload(&self) -> Result<()> {
        self.let_it_store();
        match self.engine {
            Engine::Firefox => {
                self.script("document.documentElement.dataset.old = 'true'", vec![])?;
                let old = "document.documentElement.dataset.old ?? document.readyState";
                self.go_by_script("location.reload()", old, "complete")
            }
            _ => run(async { Ok(self.client.refresh().await?) }),
        }
    }

    /// Navigates by script. On navigation by WebDriver, Firefox aborts the script that is running and reports
    /// that on the console; a page that navigates by itself has none running.
    fn go_by_script(&self, go: &str, ask: &str, arrived: &str) -> Result<()> {
        self.script(go, vec![])?;
        for _ in 0..1000 {
            // There may be no document to ask in between.
            if self.script(&format!("return {ask}"), vec![]).is_ok_and(|answer| answer == arrived) {
                return Ok(());
            }
            // Between two questions, so that the browser can go on.
            thread::sleep(Duration::from_millis(10));
        }
        bail!("{go} leads nowhere")
    }

    /// Runs the body of a function in the page and returns its result; arguments are `arguments[0]` and so
    /// on. What the next script needs must be stored in `window`: in Firefox each script has its own
    /// `globalThis`.
    pub fn script(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        run(async { Ok(self.client.execute(body, arguments).await?) })
            .with_context(|| format!("running {body:?}"))
    }

    /// Clicks the middle of the element, after scrolling it into view.
    pub fn click(&self, selector: &str) -> Result<()> {
        // WebKit's driver at times does not find the way to what is below the viewport.
        const INTO_VIEW: &str = "document.querySelector(arguments[0])
            ?.scrollIntoView({block: 'nearest', behavior: 'instant'})";
        self.script(INTO_VIEW, vec![json!(selector)])?;
        run(async { Ok(self.client.find(Locator::Css(selector)).await?.click().await?) })
            .with_context(|| format!("clicking {selector}"))
    }

    /// Replaces a field's value and leaves the field.
    pub fn fill(&self, selector: &str, value: &str) -> Result<()> {
        run(async {
            let field = self.client.find(Locator::Css(selector)).await?;
            field.click().await?;
            self.client.execute("document.activeElement.select()", vec![]).await?;
            Ok(field.send_keys(&format!("{value}{}", Key::Tab)).await?)
        })
        .with_context(|| format!("filling {selector}"))
    }

    /// Enters the document of an `iframe`, until the next [`Browser::open`].
    pub fn enter_frame(&self, selector: &str) -> Result<()> {
        run(async { Ok(self.client.find(Locator::Css(selector)).await?.enter_frame().await?) })
            .with_context(|| format!("entering {selector}"))
    }

    /// Draws one stroke through these points of the viewport, in CSS pixels.
    pub fn stroke(&self, pointer: Pointer, points: &[(f64, f64)]) -> Result<()> {
        let mut actions = vec![];
        for (index, &(x, y)) in points.iter().enumerate() {
            let duration = Some(Duration::from_millis(if index == 0 { 0 } else { 8 }));
            actions.push(PointerAction::MoveTo { duration, x, y });
            if index == 0 {
                actions.push(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
            }
        }
        actions.push(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        let sequence: ActionSequence = match pointer {
            Pointer::Mouse => actions
                .into_iter()
                .fold(MouseActions::new("mouse".into()), MouseActions::then)
                .into(),
            Pointer::Finger => actions
                .into_iter()
                .fold(TouchActions::new("finger".into()), TouchActions::then)
                .into(),
            Pointer::Pen => {
                actions.into_iter().fold(PenActions::new("pen".into()), PenActions::then).into()
            }
        };
        run(async { Ok(self.client.perform_actions(sequence).await?) }).context("drawing a stroke")
    }

    /// Puts a hand down at a place of the viewport and leaves it there until [`Self::lift_hand`].
    pub fn rest_hand(&self, x: f64, y: f64) -> Result<()> {
        let hand = TouchActions::new("hand".into())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        run(async { Ok(self.client.perform_actions(hand).await?) }).context("resting a hand")
    }

    /// Lifts the hand again.
    pub fn lift_hand(&self) -> Result<()> {
        let hand =
            TouchActions::new("hand".into()).then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        run(async { Ok(self.client.perform_actions(hand).await?) }).context("lifting a hand")
    }

    /// Presses and releases one key where the focus is, with others held down.
    pub fn press(&self, held: &[char], key: char) -> Result<()> {
        let mut keyboard = KeyActions::new("keys".into());
        for &value in held {
            keyboard = keyboard.then(KeyAction::Down { value });
        }
        keyboard = keyboard.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        for &value in held.iter().rev() {
            keyboard = keyboard.then(KeyAction::Up { value });
        }
        run(async { Ok(self.client.perform_actions(keyboard).await?) }).context("pressing a key")
    }

    /// A screenshot of the viewport as PNG.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        run(async { Ok(self.client.screenshot().await?) })
    }

    /// A screenshot of a whole element as PNG, as wide as the page, including what is out of view; Chromium
    /// only.
    pub fn picture(&self, selector: &str) -> Result<Vec<u8>> {
        const PLACE: &str = "
            const {top, height} = document.querySelector(arguments[0]).getBoundingClientRect();
            return {x: 0, y: top + scrollY, width: innerWidth, height, scale: 1};";
        let clip = self.script(PLACE, vec![json!(selector)])?;
        let parameters = json!({"clip": clip, "captureBeyondViewport": true});
        let answer = self.devtools("Page.captureScreenshot", parameters)?;
        let data = answer["data"].as_str().context("a screenshot has data")?;
        Ok(BASE64_STANDARD.decode(data)?)
    }

    /// Sends a command of the Chrome DevTools Protocol; Chromium only.
    pub fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let body = json!({"cmd": command, "params": parameters});
        self.extension("goog/cdp/execute", body).with_context(|| format!("sending {command}"))
    }

    /// Emulates a screen of this size in CSS pixels (a phone's, if it is narrow), or none, and a system that
    /// prefers `light` or `dark`; Chromium only.
    pub fn emulate(&self, size: Option<(u32, u32)>, scheme: &str) -> Result<()> {
        match size {
            Some((width, height)) => self.devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600,
                }),
            )?,
            None => self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))?,
        };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))?;
        Ok(())
    }

    /// The warnings and errors of the page and its workers since the last call, as far as the engine's driver
    /// gives them. Chromium gives all, Firefox all except calls of `console.*`, WebKit none.
    /// [`Site::take_console`](crate::Site::take_console) has the rest.
    pub fn take_console(&self) -> Result<Vec<ConsoleMessage>> {
        match self.engine {
            Engine::Chromium => self.chromium_console(),
            Engine::Firefox => self.firefox_console(),
            Engine::WebKit => Ok(vec![]),
        }
    }

    fn chromium_console(&self) -> Result<Vec<ConsoleMessage>> {
        Ok(self
            .chromium_log("browser")?
            .iter()
            .filter_map(|entry| {
                let level = match entry["level"].as_str()? {
                    "SEVERE" => "error",
                    "WARNING" => "warning",
                    _ => return None,
                };
                Some(ConsoleMessage { level, text: entry["message"].as_str()?.to_owned() })
            })
            .collect())
    }

    /// The events recorded since the start of a traced browser, in the [trace event format]. Ends the
    /// recording.
    ///
    /// [trace event format]: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
    pub fn take_trace(&self) -> Result<Vec<Value>> {
        let mut events = vec![];
        for entry in self.chromium_log("performance")? {
            let message = entry["message"].as_str().context("an entry has a message")?;
            let mut told: Value = serde_json::from_str(message)?;
            if told["message"]["method"] == "Tracing.dataCollected" {
                events.push(told["message"]["params"].take());
            }
        }
        Ok(events)
    }

    /// The entries of one of chromedriver's logs since the last call.
    fn chromium_log(&self, kind: &str) -> Result<Vec<Value>> {
        Ok(serde_json::from_value(self.extension("se/log", json!({"type": kind}))?)?)
    }

    /// What Firefox itself reports: uncaught errors, violations of the content security policy.
    fn firefox_console(&self) -> Result<Vec<ConsoleMessage>> {
        const REPORTED: &str = "
            const reported = Services.console.getMessageArray()
                .filter(message => message instanceof Ci.nsIScriptError)
                .filter(message => message.sourceName.startsWith('http://127.0.0.1'))
                .filter(message => !(message.flags & Ci.nsIScriptError.infoFlag))
                .map(message => [
                    Boolean(message.flags & Ci.nsIScriptError.warningFlag),
                    message.toString(),
                ]);
            Services.console.reset();
            return reported;";
        self.extension("moz/context", json!({"context": "chrome"}))?;
        let reported = self.script(REPORTED, vec![]);
        self.extension("moz/context", json!({"context": "content"}))?;
        let reported: Vec<(bool, String)> = serde_json::from_value(reported?)?;
        Ok(reported
            .into_iter()
            .map(|(warning, text)| ConsoleMessage {
                level: if warning { "warning" } else { "error" },
                text,
            })
            .collect())
    }

    fn extension(&self, path: &'static str, body: Value) -> Result<Value> {
        run(async { Ok(self.client.issue_cmd(Extension { path, body }).await?) })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closing the session ends the browser; if that hangs, the driver is killed next.
        let client = self.client.clone();
        let close = async { tokio::time::timeout(Duration::from_secs(10), client.close()).await };
        let _ = runtime().block_on(close);
    }
}

/// A driver's non-standard command.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Waits for a command's answer, but not forever.
fn run<T>(command: impl Future<Output = Result<T>>) -> Result<T> {
    runtime().block_on(async {
        tokio::time::timeout(COMMAND_LIMIT, command).await.context("the browser does not answer")?
    })
}
