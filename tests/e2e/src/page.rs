//! The page's contract, as a visitor's hands and eyes: the attributes of `<body>`, the ids of the
//! controls and the settings in the URL's hash.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::browser::{Browser, ConsoleMessage, Pointer};
use crate::digits::{self, Stroke};
use crate::engine::Engine;
use crate::site::{Host, PHONE, Site};

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
        if browser.engine() == Engine::Chromium {
            browser.emulate(None, "light")?;
        }
        let site = Site::start(folder, "/", Host::Isolated, listens)?;
        Ok(Self { browser, site, expected: vec![] })
    }

    /// Serves the folder below this path from now on, as a host does that has more than one site.
    pub fn move_below(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        self.move_to(folder, prefix, Host::Isolated)
    }

    /// Serves this folder at `/` from now on.
    pub fn change_folder(&mut self, folder: &Path) -> Result<()> {
        self.move_to(folder, "/", Host::Isolated)
    }

    /// Serves the folder at `/` by another kind of host from now on.
    pub fn change_host(&mut self, folder: &Path, host: Host) -> Result<()> {
        self.move_to(folder, "/", host)
    }

    fn move_to(&mut self, folder: &Path, prefix: &str, host: Host) -> Result<()> {
        let listens = self.browser.engine() != Engine::Chromium;
        self.site = Site::start(folder, prefix, host, listens)?;
        Ok(())
    }

    /// Opens the page with these settings, written as in its hash, and waits until it can draw.
    pub fn open(&self, hash: &str) -> Result<Status> {
        self.load(hash)?;
        self.wait_for_state("ready", 30)
    }

    /// Opens the page and waits for the load event only.
    pub fn load(&self, hash: &str) -> Result<()> {
        self.browser.leave()?;
        self.browser.open(&format!("{}#{hash}", self.site.url()))
    }

    /// Opens the page in a viewport of 360x740 px: by Chromium's emulation of a phone, elsewhere in
    /// a frame of that size, because no other window becomes that small.
    pub fn open_on_a_phone(&self, hash: &str) -> Result<()> {
        if self.browser.engine() == Engine::Chromium {
            self.browser.emulate(Some((360, 740)), "light")?;
            self.load(hash)?;
        } else {
            self.browser.leave()?;
            self.browser.open(&format!("{}{PHONE}#{hash}", self.site.url()))?;
            self.browser.enter_frame("iframe")?;
        }
        self.wait_for_state("ready", 30)?;
        Ok(())
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
        self.ask(READ, vec![]).context("reading <body>")
    }

    /// Waits until `<body>` satisfies the condition, which `what` names for the error message.
    pub fn wait_for(
        &self,
        what: &str,
        seconds: u64,
        condition: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
        self.wait_until(what, seconds, || Ok(Some(self.status()?).filter(&condition)))
    }

    /// Asks again and again until there is an answer.
    pub fn wait_until<T>(
        &self,
        what: &str,
        seconds: u64,
        mut ask: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            if start.elapsed() > Duration::from_secs(seconds) {
                bail!("waited {seconds} s for {what}; the page says {:?}", self.status()?);
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits for a `data-state`.
    pub fn wait_for_state(&self, state: &str, seconds: u64) -> Result<Status> {
        self.wait_for(&format!("the state {state:?}"), seconds, |status| status.state == state)
    }

    /// Draws a digit on the pad, over what is there.
    pub fn draw(&self, digit: u8) -> Result<()> {
        self.draw_strokes(Pointer::Mouse, &digits::strokes(digit))
    }

    /// Draws strokes on the pad, over what is there.
    pub fn draw_strokes(&self, pointer: Pointer, strokes: &[Stroke]) -> Result<()> {
        self.draw_on("#pad", pointer, strokes)
    }

    /// Draws strokes on one of the pads, over what is there.
    pub fn draw_on(&self, pad: &str, pointer: Pointer, strokes: &[Stroke]) -> Result<()> {
        let (left, top, width, height) = self.place_of(pad)?;
        for stroke in strokes {
            let points: Vec<_> = stroke
                .iter()
                .map(|(x, y)| ((left + x * width).round(), (top + y * height).round()))
                .collect();
            self.browser.stroke(pointer, &points)?;
        }
        Ok(())
    }

    /// Rests a hand on the pad, at shares of its width and height, until [`Browser::lift_hand`].
    pub fn rest_hand(&self, x: f64, y: f64) -> Result<()> {
        let (left, top, width, height) = self.place_of("#pad")?;
        self.browser.rest_hand((left + x * width).round(), (top + y * height).round())
    }

    /// Left, top, width and height of a pad in the viewport, into whose middle it is scrolled.
    fn place_of(&self, pad: &str) -> Result<(f64, f64, f64, f64)> {
        const PLACE: &str = "
            const pad = document.querySelector(arguments[0]);
            pad.scrollIntoView({block: 'center', behavior: 'instant'});
            const {left, top, width, height} = pad.getBoundingClientRect();
            return [left, top, width, height];";
        self.ask(PLACE, vec![json!(pad)])
    }

    /// The percentages of the ten digits as they are shown; none with an empty pad.
    pub fn bars(&self) -> Result<Option<Vec<String>>> {
        const BARS: &str = "
            if (document.body.dataset.prediction === '') return null;
            return [...document.querySelectorAll('#bars li')].map(bar => bar.innerText);";
        self.ask(BARS, vec![])
    }

    /// The table of finished epochs: epoch, training loss, test loss, training and test accuracy; with
    /// held-out images, loss and accuracy on them.
    pub fn epochs(&self) -> Result<Vec<Vec<String>>> {
        const ROWS: &str = "
            return [...document.querySelectorAll('#epochs-table tr')]
                .map(row => [...row.cells].map(cell => cell.textContent.trim()))
                .filter(cells => cells.length >= 5);";
        self.ask(ROWS, vec![])
    }

    /// The fields whose value is not one that they allow.
    pub fn invalid_fields(&self) -> Result<Vec<String>> {
        const INVALID: &str = "
            return [...document.querySelectorAll('input, select')]
                .filter(field => !field.closest('[hidden]') && !field.placeholder)
                .filter(field => !field.checkValidity() || field.value === '' && field.id !== 'images')
                .map(field => `#${field.id} = ${field.value}`);";
        self.ask(INVALID, vec![])
    }

    /// Writes a value into a field in place of the old one and leaves the field.
    pub fn fill(&self, selector: &str, value: &str) -> Result<()> {
        self.browser.fill(selector, value)
    }

    /// Runs a script that gives a value of this type.
    pub fn ask<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> Result<T> {
        let answer = self.browser.script(script, arguments)?;
        serde_json::from_value(answer.clone()).with_context(|| format!("{script} gave {answer}"))
    }

    /// Clicks a control.
    pub fn click(&self, selector: &str) -> Result<()> {
        self.browser.click(selector)
    }

    /// Clicks a control once it is enabled.
    pub fn click_when_enabled(&self, selector: &str, seconds: u64) -> Result<()> {
        let what = format!("{selector} to be enabled");
        self.wait_until(&what, seconds, || Ok(self.is_enabled(selector)?.then_some(())))?;
        self.click(selector)
    }

    /// Says yes where the page asks before it throws a trained network away.
    pub fn agree(&self) -> Result<()> {
        const ASKS: &str = "return Boolean(document.querySelector('dialog[open] #confirm-yes'))";
        if self.browser.script(ASKS, vec![])? == true {
            self.click("#confirm-yes")?;
        }
        Ok(())
    }

    /// Opens the page with these settings and starts a run with them.
    pub fn train(&self, hash: &str) -> Result<()> {
        self.open(hash)?;
        self.train_now()
    }

    /// Starts a run, unless one has been started that waits, and sees its first minibatch.
    pub fn train_now(&self) -> Result<()> {
        let ready = |status: &Status| ["ready", "training"].contains(&status.state.as_str());
        if self.wait_for("a page that can train", 30, ready)?.state == "ready" {
            self.click_when_enabled("#train", 30)?;
            self.agree()?;
        }
        self.wait_for("the first minibatch", 30, |status| status.step > Some(0))?;
        Ok(())
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

    /// Counts from now on the tasks of more than 50 ms on the page's own thread; Chromium only.
    pub fn watch_long_tasks(&self) -> Result<()> {
        const WATCH: &str = "
            window.longTasks = [];
            const note = list => longTasks.push(...list.getEntries().map(task => task.duration));
            new PerformanceObserver(note).observe({type: 'longtask'});";
        self.browser.script(WATCH, vec![])?;
        Ok(())
    }

    /// How long each of them took so far, in milliseconds.
    pub fn long_tasks(&self) -> Result<Vec<f64>> {
        self.ask("return longTasks", vec![])
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
