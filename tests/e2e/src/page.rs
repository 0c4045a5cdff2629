//! The page's contract, as a visitor's hands and eyes: the attributes of `<body>`, the ids of the
//! controls and the settings in the URL's hash.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;

use crate::browser::{Browser, ConsoleMessage};
use crate::digits;
use crate::engine::Engine;
use crate::site::Site;

/// What `<body>` says, at one moment. Numbers that the page has not got yet are absent.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// `loading`, `ready`, `training`, `paused`, `done` or `error`.
    pub state: String,
    /// Epochs finished in this run.
    pub epoch: Option<u32>,
    /// Minibatches finished in this run.
    pub step: Option<u32>,
    /// The digit seen, where there is a drawing.
    pub prediction: Option<u8>,
    /// The last full test-set figure, 0 to 1.
    pub test_accuracy: Option<f64>,
    /// Training throughput.
    pub images_per_second: Option<f64>,
    /// How many train.
    pub workers: Option<u32>,
    /// `simd128` or `relaxed-simd`.
    pub backend: String,
    /// Empty when there is none.
    pub error: String,
    /// Milliseconds since the document's time origin, for rates.
    pub now: f64,
}

/// A visit to the page: a browser, the site it looks at, and what it may complain about.
pub struct Page<'b> {
    /// The browser.
    pub browser: &'b Browser,
    /// The site.
    pub site: Site,
    expected: Vec<String>,
}

impl<'b> Page<'b> {
    /// Serves the folder to this browser alone, at `/`; nothing is open yet.
    pub fn of(browser: &'b Browser, folder: &Path) -> Result<Self> {
        let listens = browser.engine() != Engine::Chromium;
        let site = Site::start(folder, "/", listens)?;
        Ok(Self { browser, site, expected: vec![] })
    }

    /// Opens the page with these settings, written as in its hash, and waits until it can draw.
    pub fn open(&self, hash: &str) -> Result<Status> {
        self.load(hash)?;
        self.wait_for_state("ready", 30)
    }

    /// Opens the page and waits for the load event only.
    ///
    /// An empty document comes in between: without it a new hash alone would not load the page
    /// again, and Firefox takes a new port for a new hash and does not wait.
    pub fn load(&self, hash: &str) -> Result<()> {
        self.browser.open("about:blank")?;
        self.browser.open(&format!("{}#{hash}", self.site.url()))
    }

    /// Reads `<body>`.
    pub fn status(&self) -> Result<Status> {
        const READ: &str = "
            const data = document.body.dataset;
            const number = text => text ? Number(text) : null;
            return {
                state: data.state, epoch: number(data.epoch), step: number(data.step),
                prediction: number(data.prediction), test_accuracy: number(data.testAccuracy),
                images_per_second: number(data.imagesPerSecond), workers: number(data.workers),
                backend: data.backend ?? '', error: data.error ?? '', now: performance.now(),
            };";
        let status = self.browser.script(READ, vec![])?;
        serde_json::from_value(status.clone())
            .with_context(|| format!("<body> does not keep the contract: {status}"))
    }

    /// Waits until `<body>` satisfies the condition, which `what` names for the error message.
    pub fn wait_for(
        &self,
        what: &str,
        seconds: u64,
        condition: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
        let start = Instant::now();
        loop {
            let status = self.status()?;
            if condition(&status) {
                return Ok(status);
            }
            ensure!(
                start.elapsed() < Duration::from_secs(seconds),
                "waited {seconds} s for {what}; the page says {status:?}"
            );
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits for a `data-state`.
    pub fn wait_for_state(&self, state: &str, seconds: u64) -> Result<Status> {
        self.wait_for(&format!("the state {state:?}"), seconds, |status| status.state == state)
    }

    /// Draws a digit on the pad, over what is there.
    pub fn draw(&self, digit: u8) -> Result<()> {
        const PLACE: &str = "
            const pad = document.querySelector('#pad');
            pad.scrollIntoView({block: 'center', behavior: 'instant'});
            const {left, top, width, height} = pad.getBoundingClientRect();
            return [left, top, width, height];";
        let place = self.browser.script(PLACE, vec![])?;
        let (left, top, width, height): (f64, f64, f64, f64) = serde_json::from_value(place)?;
        for stroke in digits::strokes(digit) {
            let points: Vec<_> = stroke
                .into_iter()
                .map(|(x, y)| ((left + x * width).round(), (top + y * height).round()))
                .collect();
            self.browser.stroke(&points)?;
        }
        Ok(())
    }

    /// Clicks a control.
    pub fn click(&self, selector: &str) -> Result<()> {
        self.browser.click(selector)
    }

    /// Whether the control can be used now.
    pub fn is_enabled(&self, selector: &str) -> Result<bool> {
        const ENABLED: &str = "
            const control = document.querySelector(arguments[0]);
            return Boolean(control) && !control.disabled && control.ariaDisabled !== 'true';";
        Ok(self.browser.script(ENABLED, vec![json!(selector)])? == true)
    }

    /// The text that can be seen on the page.
    pub fn text(&self) -> Result<String> {
        let text = self.browser.script("return document.body.innerText", vec![])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The settings as the URL has them now, without `#`.
    pub fn hash(&self) -> Result<String> {
        let hash = self.browser.script("return location.hash.slice(1)", vec![])?;
        Ok(hash.as_str().unwrap_or_default().to_owned())
    }

    /// Messages that contain this are no failure of the test that provokes them.
    pub fn expect_on_console(&mut self, part: &str) {
        self.expected.push(part.to_owned());
    }

    /// The warnings and errors that no test has announced.
    pub fn complaints(&self) -> Result<Vec<ConsoleMessage>> {
        let mut messages = self.browser.take_console()?;
        messages.extend(self.site.take_console());
        messages.retain(|message| !self.expected.iter().any(|part| message.text.contains(part)));
        Ok(messages)
    }
}
