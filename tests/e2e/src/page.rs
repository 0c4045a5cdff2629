//! The page's contract, as a visitor uses it: the attributes of `<body>`, the ids of the controls and
//! the settings in the URL's hash.

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
use crate::site::{Fault, Hit, Host, PHONE, Site};

/// The attributes of `<body>` at one moment. `None` for numbers that the page does not have yet.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    /// `loading`, `ready`, `training`, `paused`, `done` or `error`.
    pub state: String,
    /// Epochs finished in this run.
    pub epoch: Option<u32>,
    /// Minibatches finished in this run.
    pub step: Option<u32>,
    /// The predicted digit, if there is a drawing.
    pub prediction: Option<u8>,
    /// The last accuracy on the whole test set, 0 to 1.
    pub test_accuracy: Option<f64>,
    /// Training throughput.
    pub images_per_second: Option<f64>,
    /// Number of workers that train.
    pub workers: Option<u32>,
    /// `simd128` or `relaxed-simd`.
    pub backend: String,
    /// Empty if there is none.
    pub error: String,
    /// Milliseconds since the document's time origin, for rates.
    pub now: f64,
}

/// A visit to the page: a browser, the site it is on, and the console messages that a test expects.
pub struct Page<'b> {
    /// Shared by the tests.
    pub browser: &'b Browser,
    /// Of this visit alone.
    pub site: Site,
    expected: Vec<String>,
}

impl<'b> Page<'b> {
    /// Serves the folder to this browser alone, at `/`; opens nothing yet.
    pub fn of(browser: &'b Browser, folder: &Path) -> Result<Self> {
        let listens = browser.engine() != Engine::Chromium;
        if browser.engine() == Engine::Chromium {
            browser.emulate(None, "light")?;
        }
        // The page of the test before, whose server is gone, may have waited here and complained for long.
        browser.leave()?;
        browser.take_console()?;
        let site = Site::start(folder, "/", Host::Isolated, listens)?;
        Ok(Self { browser, site, expected: vec![] })
    }

    /// From now on serves the folder below this path, as a host with several sites does.
    pub fn move_below(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        self.move_to(folder, prefix, Host::Isolated)
    }

    /// From now on serves this folder at `/`.
    pub fn change_folder(&mut self, folder: &Path) -> Result<()> {
        self.move_to(folder, "/", Host::Isolated)
    }

    /// From now on serves the folder at `/` by another kind of host.
    pub fn change_host(&mut self, folder: &Path, host: Host) -> Result<()> {
        self.move_to(folder, "/", host)
    }

    /// From now on the site has no service worker, which would isolate the page from its second load on.
    pub fn refuse_service_worker(&mut self) {
        self.site.inject("service-worker.js", Fault::Missing);
        // Chromium itself reports the status.
        self.expect_on_console("service-worker.js");
        self.expect_on_console("when fetching the script");
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

    /// Opens the page and waits only for the load event.
    pub fn load(&self, hash: &str) -> Result<()> {
        self.load_as_a_visitor(&without_hand(hash))
    }

    /// As [`Page::load`], with the hand that writes on an empty pad.
    pub fn load_as_a_visitor(&self, hash: &str) -> Result<()> {
        self.browser.leave()?;
        self.browser.open(&format!("{}#{hash}", self.site.url()))
    }

    /// Opens the page in a viewport of 360x740 px: with Chromium's emulation of a phone, elsewhere in
    /// a frame of that size, because no window becomes that small.
    pub fn open_on_a_phone(&self, hash: &str) -> Result<()> {
        if self.browser.engine() == Engine::Chromium {
            self.browser.emulate(Some((360, 740)), "light")?;
            self.load(hash)?;
        } else {
            self.browser.leave()?;
            let hash = without_hand(hash);
            self.browser.open(&format!("{}{PHONE}#{hash}", self.site.url()))?;
            self.browser.enter_frame("iframe")?;
        }
        self.wait_for_state("ready", 30)?;
        Ok(())
    }

    /// Reads `<body>`.
    pub fn status(&self) -> Result<Status> {
        const READ: &str = "
            // A document that is still being read may have no body yet.
            const data = document.body?.dataset ?? {};
            const number = text => text ? Number(text) : null;
            return {
                state: data.state ?? '', epoch: number(data.epoch), step: number(data.step),
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

    /// Asks repeatedly until there is an answer.
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

    /// Draws a digit on the pad, on top of what is there.
    pub fn draw(&self, digit: u8) -> Result<()> {
        self.draw_strokes(Pointer::Mouse, &digits::strokes(digit))
    }

    /// Draws strokes on the pad, on top of what is there.
    pub fn draw_strokes(&self, pointer: Pointer, strokes: &[Stroke]) -> Result<()> {
        self.draw_on("#pad", pointer, strokes)
    }

    /// Draws strokes on one of the pads, on top of what is there.
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

    /// The settings with an invalid value.
    pub fn invalid_fields(&self) -> Result<Vec<String>> {
        const INVALID: &str = "
            return [...document.querySelectorAll(':is(.learn, #experiment) :is(input, select)')]
                .filter(field => !field.closest('[hidden]') && !field.placeholder)
                .filter(field => !field.checkValidity() || field.value === '' && field.id !== 'images')
                .map(field => `#${field.id} = ${field.value}`);";
        self.ask(INVALID, vec![])
    }

    /// Replaces a field's value and leaves the field.
    pub fn fill(&self, selector: &str, value: &str) -> Result<()> {
        self.browser.fill(selector, value)
    }

    /// Runs a script that returns a value of this type.
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

    /// Confirms if the page asks before it discards a trained network.
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

    /// Starts a run, unless one is already waiting, and waits for its first minibatch.
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

    /// The visible text on the page.
    pub fn text(&self) -> Result<String> {
        let text = self.browser.script("return document.body.innerText", vec![])?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The settings as the URL has them now, without `#`.
    pub fn hash(&self) -> Result<String> {
        let hash = self.browser.script("return location.hash.slice(1)", vec![])?;
        Ok(hash.as_str().unwrap_or_default().to_owned())
    }

    /// From now on counts tasks of more than 50 ms on the page's own thread; Chromium only.
    pub fn watch_long_tasks(&self) -> Result<()> {
        const WATCH: &str = "
            window.longTasks = [];
            const note = list => longTasks.push(...list.getEntries().map(task => task.duration));
            new PerformanceObserver(note).observe({type: 'longtask'});";
        self.browser.script(WATCH, vec![])?;
        Ok(())
    }

    /// The duration of each of them so far, in milliseconds.
    pub fn long_tasks(&self) -> Result<Vec<f64>> {
        self.ask("return longTasks", vec![])
    }

    /// Console messages that contain this do not fail the test.
    pub fn expect_on_console(&mut self, part: &str) {
        self.expected.push(part.to_owned());
    }

    /// The warnings and errors that the test did not expect.
    pub fn complaints(&self) -> Result<Vec<ConsoleMessage>> {
        let mut messages = self.browser.take_console()?;
        messages.extend(self.site.take_console());
        messages.retain(|message| !self.expected.iter().any(|part| message.text.contains(part)));
        // What a page that was left was still loading is no fault of this one: Chromium reports it under the
        // address that came after it, or names the server of another test, which is gone.
        // Firefox also warns that leaving cuts a transaction off: a page that is hidden has its run kept, knowing that this
        // may come to nothing, and what was kept before is still there.
        const CUT_OFF: &str = "IndexedDB transaction that was not yet complete has been aborted";
        messages.retain(|ConsoleMessage { text, .. }| !text.contains(CUT_OFF));
        let own = self.site.url();
        messages.retain(|ConsoleMessage { text, .. }| {
            let of_another = text.contains("http://127.0.0.1:") && !text.contains(&own);
            let left =
                text.starts_with("about:blank - ") || text.contains("ERR_SOCKET_NOT_CONNECTED");
            !of_another && !left && !self.was_cut_off(text)
        });
        Ok(messages)
    }

    /// Whether a message says that a module did not arrive which the server has sent whenever it was asked for. Firefox
    /// reports that of a worker whose page is left while it starts; a page that stays has more to say if it happens.
    fn was_cut_off(&self, text: &str) -> bool {
        let Some((_, address)) = text.split_once("error loading dynamically imported module: ")
        else {
            return false;
        };
        let name = address.split_whitespace().next().and_then(|url| url.rsplit('/').next());
        let name = name.unwrap_or_default();
        let of_file = |hit: &Hit| hit.name == name;
        self.site.hits().iter().filter(|hit| of_file(hit)).all(|hit| hit.status == 200)
    }
}

/// The hash with which the page's hand leaves the pad empty.
fn without_hand(hash: &str) -> String {
    if hash.contains("hand=off") { hash.to_owned() } else { format!("{hash}&hand=off") }
}
