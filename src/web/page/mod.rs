//! The page: takes what happens, updates the app, carries out what it asks for, and shows the result.
//!
//! `Page` owns the parts, and only it knows the app. It says what a part shows; what happens in a part goes to
//! `dispatch`, which passes one thing after another to `Page::take`. Work that can wait for an animation frame is done
//! in one for all, `Page::frame`.
//!
//! | module | what it does |
//! | --- | --- |
//! | `dispatch`, `dom`, `focus`, `roving`, `canvas`, `lazy_script`, `assets`, `download`, `announce`, `wake_lock` | leaves that any part may use |
//! | `pad`, `controls`, `correction`, `files`, `timeline` | listen |
//! | `render` | shows |
//! | `network_picture` | draws the layers' maps |
//! | `comparison` | has a script show two runs side by side |
//! | `charts` | draws the curves, and fetches the script that draws all charts |
//! | `panels` | the panels, which listen and show |
//! | `address`, `storage`, `kept_drawing`, `weights`, `update` | what the browser stores, and what is fetched |
//! | `measure` | times predictions, in the benchmark's build |

mod address;
mod announce;
mod assets;
mod canvas;
mod charts;
mod comparison;
mod controls;
mod correction;
mod dispatch;
mod dom;
mod download;
mod files;
mod focus;
mod kept_drawing;
mod lazy_script;
#[cfg(feature = "bench")]
mod measure;
mod network_picture;
mod pad;
mod panels;
mod render;
mod roving;
mod sparkline;
mod storage;
mod timeline;
mod update;
mod wake_lock;
mod weights;

use super::attempt::attempt;
use super::port::{self, Port, PortError};
use crate::app::answer::Answer;
use crate::app::run::Run;
use crate::app::timeline::Event as Travel;
use crate::app::{App, Effect, Event};
use crate::config::Architecture;
use crate::config::Backend;
use crate::config::MOST_WORKERS;
use crate::ink::Drawing;
use crate::protocol::{Reply, Request, RunId};
use charts::Charts;
use controls::SettingsControls;
use correction::Correction;
use dispatch::{Call, call, dispatch};
pub use dom::DomError;
use focus::Focus;
use js_sys::Float32Array;
use network_picture::NetworkPicture;
use pad::{Pad, Picture};
use panels::Panels;
use render::Document;
use std::cell::{Cell, OnceCell, RefCell};
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event as DomEvent, HtmlDialogElement, ResizeObserver};

/// The trainer's script; an instruction set that was asked for goes behind a `?`.
const WORKER: &str = "worker-start.js";

/// The least milliseconds between two drawings of the curves. They are drawn in the frame of the trainer's progress, or
/// after twice as long without any.
const CURVES_EVERY: i32 = 250;

/// The most milliseconds that an animation frame counts: the one before may be long ago.
const LONGEST_FRAME: f64 = 50.0;

/// The last resort when a page ends and cannot say more.
const ENDED: &str = "The page stopped because of an error in this browser. Reload it to continue.";

/// The most seconds that one tick counts: a page that was suspended has not waited.
const LONGEST_TICK: f64 = 1.5;

thread_local! {
    static PAGE: OnceCell<Box<Page>> = const { OnceCell::new() };
}

/// The page and everything it owns.
#[derive(Debug)]
struct Page {
    /// Whether an error has ended the page.
    over: Cell<bool>,
    app: RefCell<App>,
    busy: Cell<bool>,
    document: RefCell<Document>,
    /// The large pad, and the small one beside an open panel.
    pads: [Pad; 2],
    picture: Picture,
    network: RefCell<NetworkPicture>,
    charts: RefCell<Charts>,
    panels: RefCell<Panels>,
    correction: RefCell<Correction>,
    port: RefCell<Option<Port>>,
    /// Revision of the drawing that the pad shows.
    painted: Cell<Option<u32>>,
    /// Revision of the drawing that this tab keeps.
    kept: Cell<Option<u32>>,
    /// Run, minibatches and tests that the charts show.
    charted: Cell<Option<(Option<RunId>, usize, usize)>>,
    /// When the charts were last drawn, in milliseconds.
    charted_at: Cell<f64>,
    /// Whether the other chart is left for an animation frame.
    half_drawn: Cell<bool>,
    /// When the hand or Play last moved on, in milliseconds.
    moved_at: Cell<f64>,
    /// Whether an animation frame has been asked for.
    asked_frame: Cell<bool>,
}

/// Starts the page.
///
/// # Errors
/// If the markup or the browser is not what the page needs.
pub fn start() -> Result<(), DomError> {
    console_error_panic_hook::set_once();
    let answer = Answer::new(&Architecture::default())
        .map_err(|error| DomError::Refused(error.to_string()))?;
    let mut app = App::new(answer);
    app.cx.cores =
        dom::window()?.navigator().hardware_concurrency().clamp(1.0, f64::from(MOST_WORKERS))
            as u32;
    app.cx.hand.still = dom::window()?
        .match_media("(prefers-reduced-motion: reduce)")?
        .is_some_and(|list| list.matches());
    app.cx.hand.seed = js_sys::Math::random().to_bits();
    let kept = Cell::new(Some(app.cx.answer.revision()));
    let page = Page {
        over: Cell::new(false),
        app: RefCell::new(app),
        busy: Cell::new(false),
        document: RefCell::new(Document::new(SettingsControls::new()?)?),
        pads: [Pad::new("pad")?, Pad::new("rail-pad")?],
        picture: Picture::new()?,
        network: RefCell::new(NetworkPicture::new()?),
        charts: RefCell::new(Charts::new()),
        panels: RefCell::new(Panels::new()?),
        correction: RefCell::new(Correction::new()?),
        port: RefCell::new(None),
        painted: Cell::new(None),
        kept,
        charted: Cell::new(None),
        charted_at: Cell::new(f64::NEG_INFINITY),
        half_drawn: Cell::new(false),
        moved_at: Cell::new(0.0),
        asked_frame: Cell::new(false),
    };
    if PAGE.with(|cell| cell.set(Box::new(page))).is_err() {
        return Err(DomError::Refused("it runs already".into()));
    }
    dispatch::handle(Some(|| with_page(Page::work)));
    focus::listen()?;
    controls::listen()?;
    files::listen()?;
    timeline::listen()?;
    wake_lock::listen()?;
    update::listen()?;
    dispatch(Event::Hash(dom::window()?.location().hash()?));
    if let Some(strokes) = kept_drawing::read() {
        dispatch(Event::Redraw(strokes));
    }
    if !dom::has_caches() {
        dispatch(Event::Notice(String::from(
            "This browser cannot save the training images at this address, so they are downloaded again on each visit.",
        )));
    }
    with_page(|page| {
        let effects = page.app.borrow().begin();
        effects.into_iter().for_each(|effect| page.carry_out(effect));
        Ok(())
    });
    watch()
}

/// The trainer is gone. Developers find the reason on the console.
fn lose_trainer(why: &str) {
    web_sys::console::error_1(&["the trainer's worker: ", why].concat().into());
    // Kept runs have curves, too.
    charts::fetch();
    dispatch(Event::TrainerBroke);
}

/// Does something with the page. An exception ends the page because it leaves it half changed. So does an error, which
/// only occurs if the markup does not fit the code.
fn with_page(action: impl FnOnce(&Page) -> Result<(), DomError>) {
    PAGE.with(|cell| {
        let Some(page) = cell.get().filter(|page| !page.over.get()) else { return };
        match attempt(|| action(page)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => page.end(&error.to_string().into()),
            Err(thrown) => page.end(&thrown),
        }
    });
}

/// Whether something moves by itself.
fn is_moving(app: &App) -> bool {
    app.cx.hand.is_writing() || app.cx.timeline.is_playing()
}

/// Watches time, size, scrolling and the theme.
fn watch() -> Result<(), DomError> {
    let last = Cell::new(dom::now());
    let density = Cell::new(dom::density());
    dom::every(1000, move || {
        // It changes with the screen that the window is on; not every browser tells of that.
        if density.replace(dom::density()) != dom::density() {
            call(Call::Size);
        }
        let seconds = (dom::now() - last.replace(dom::now())) / 1000.0;
        dispatch(Event::Tick(seconds.min(LONGEST_TICK) as f32));
    })?;
    dom::every(CURVES_EVERY, || call(Call::Curves(2 * CURVES_EVERY)))?;
    #[cfg(feature = "bench")]
    dom::every(measure::EVERY, || {
        with_page(|page| measure::prediction(&mut page.app.borrow_mut()));
    })?;
    let refit = Closure::<dyn FnMut()>::new(|| call(Call::Size));
    let observer = ResizeObserver::new(refit.as_ref().unchecked_ref())?;
    for id in ["pad", "rail-pad", "inside-pad", "yours-pad", "network"] {
        observer.observe(&dom::by_id::<Element>(id)?);
    }
    refit.forget();
    for colours in ["(prefers-color-scheme: dark)", "(forced-colors: active)"] {
        dom::on_media(colours, || call(Call::Theme))?;
    }
    for kind in ["scroll", "resize"] {
        // Passive by default, because it prevents nothing.
        dom::on(dom::window()?.as_ref(), kind, |_: DomEvent| call(Call::Sight))?;
    }
    dom::on::<DomEvent>(dom::window()?.as_ref(), "beforeunload", |event| {
        with_page(|page| {
            if page.app.borrow().would_lose_work() {
                event.prevent_default();
            }
            Ok(())
        });
    })
}

impl Page {
    /// Ends the page and its trainer and says so in plain words; developers find the reason on the console. What an
    /// exception passed through is still borrowed.
    fn end(&self, why: &JsValue) {
        self.over.set(true);
        dispatch::handle(None);
        web_sys::console::error_2(&"the page has ended:".into(), why);
        if let Ok(Some(port)) = self.port.try_borrow().as_deref() {
            port.terminate();
        }
        let words =
            self.app.try_borrow().map_or_else(|_| String::from(ENDED), |app| app.farewell());
        if let Err(error) = render::end(&words) {
            web_sys::console::error_1(&error.to_string().into());
        }
    }

    fn work(&self) -> Result<(), DomError> {
        if self.busy.replace(true) {
            return Ok(());
        }
        let mut result = Ok(());
        while let Some(call) = dispatch::next() {
            let focus = Focus::now();
            result = self.take(call).and_then(|()| self.ask_frame());
            focus.into_iter().for_each(Focus::keep);
            if result.is_err() {
                break;
            }
        }
        self.busy.set(false);
        result
    }

    fn take(&self, call: Call) -> Result<(), DomError> {
        match call {
            Call::Event(event) => {
                let effects = self.app.borrow_mut().update(event);
                effects.into_iter().for_each(|effect| self.carry_out(effect));
                self.keep_drawing();
                self.render()
            }
            Call::Frame => self.frame(),
            Call::Sight => {
                self.network.borrow_mut().sight_changed();
                self.panels.borrow_mut().sight_changed(&self.app.borrow());
                Ok(())
            }
            Call::Size => self.fit(),
            Call::Theme => self.recolour(),
            Call::Curves(milliseconds) => self.draw_curves_after(milliseconds),
        }
    }

    /// Keeps the drawing for a reload, once the pen is up.
    fn keep_drawing(&self) {
        let cx = &self.app.borrow().cx;
        let revision = Some(cx.answer.revision());
        let busy = cx.hand.is_writing() || self.pads.iter().any(Pad::is_drawn_on);
        if busy || self.kept.replace(revision) == revision {
            return;
        }
        let nothing = Drawing::default();
        kept_drawing::keep(if cx.hand.demonstrates() { &nothing } else { cx.answer.drawing() });
    }

    fn ask_frame(&self) -> Result<(), DomError> {
        let app = self.app.borrow();
        let wanted = is_moving(&app)
            || self.half_drawn.get()
            || self.panels.borrow().want_frame()
            || self.network.borrow().wants_frame(&app);
        if wanted && !self.asked_frame.replace(true) {
            let frame = Closure::once_into_js(|| call(Call::Frame));
            dom::window()?.request_animation_frame(frame.unchecked_ref())?;
        }
        Ok(())
    }

    /// Does what was left for an animation frame.
    fn frame(&self) -> Result<(), DomError> {
        self.asked_frame.set(false);
        self.move_on()?;
        self.panels.borrow_mut().frame(&mut self.app.borrow_mut())?;
        self.network.borrow_mut().frame(&self.app.borrow())?;
        if self.half_drawn.take() { self.draw_curves() } else { Ok(()) }
    }

    /// Lets the hand write on, and Play play on, for as long as the last frame took.
    fn move_on(&self) -> Result<(), DomError> {
        let passed = dom::now() - self.moved_at.replace(dom::now());
        let passed = passed.min(LONGEST_FRAME) as f32;
        if self.app.borrow().cx.hand.is_writing() {
            self.take(Call::Event(Event::HandMoved(passed)))?;
        }
        if self.app.borrow().cx.timeline.is_playing() {
            self.take(Call::Event(Event::Timeline(Travel::Passed(passed))))?;
        }
        Ok(())
    }

    /// Lets the browser do something. If it refuses, nothing else is affected.
    fn carry_out(&self, effect: Effect) {
        if let Err(error) = self.ask_browser(effect) {
            let words = ["This browser refused something: ", &error.to_string(), "."].concat();
            dispatch(Event::Notice(words));
        }
    }

    fn ask_browser(&self, effect: Effect) -> Result<(), DomError> {
        match effect {
            Effect::Send(request, arrays) => self.send(&request, &arrays),
            Effect::SpawnTrainer => self.spawn()?,
            Effect::FetchShipped => weights::fetch(),
            Effect::FetchDoubt => weights::fetch_doubt(),
            Effect::CheckForUpdate => update::check(),
            Effect::Reload => dom::window()?.location().reload()?,
            Effect::WriteHash(hash) => address::write(hash),
            Effect::CopyLink(hash) => address::copy(&hash)?,
            Effect::Ask(question) => {
                dom::by_id::<Element>("confirm-text")?.set_text_content(Some(&question.text));
                dom::by_id::<Element>("confirm-yes")?.set_text_content(Some(question.yes));
                dom::by_id::<HtmlDialogElement>("confirm")?.show_modal()?;
            }
            Effect::Runs(request) => storage::runs::ask(request),
            Effect::Drawings(set, request) => storage::drawings::ask(set, request),
            Effect::SaveFile { name, length, bytes } => download::bytes(&name, length, &bytes)?,
            Effect::ShowComparison(document, images) => comparison::show(document, images),
            Effect::Announce(words) => announce::announce(words)?,
        }
        Ok(())
    }

    fn spawn(&self) -> Result<(), DomError> {
        // Dropping the old port, if any, ends its trainer.
        *self.port.borrow_mut() = None;
        let backend = self.app.borrow().cx.form.backend.map_or("", Backend::name);
        let script = [assets::url(WORKER)?, String::from("?"), String::from(backend)].concat();
        match Port::spawn(&script, "trainer") {
            Ok(mut port) => {
                port.on_message(|message| match message {
                    Ok((reply, arrays)) => {
                        if matches!(reply, Reply::Ready { .. }) {
                            // Before a run begins: during one, loading them took up to 77 ms of one task.
                            charts::fetch();
                        }
                        let arrays = arrays.iter().map(Float32Array::to_vec).collect();
                        dispatch(Event::Reply(reply, arrays));
                        call(Call::Curves(CURVES_EVERY));
                    }
                    Err(error @ PortError::OtherBuild) => {
                        dispatch(Event::Updated);
                        lose_trainer(&error.to_string());
                    }
                    Err(error) => lose_trainer(&error.to_string()),
                });
                port.on_error(|why| lose_trainer(&why));
                *self.port.borrow_mut() = Some(port);
            }
            Err(error) => lose_trainer(&error.to_string()),
        }
        Ok(())
    }

    fn send(&self, request: &Request, arrays: &[Vec<f32>]) {
        let arrays: Vec<Float32Array> = arrays.iter().map(|numbers| port::array(numbers)).collect();
        let sent = self.port.borrow().as_ref().map(|port| port.send(request, &arrays));
        if let Some(Err(error)) = sent {
            lose_trainer(&error.to_string());
        }
    }

    fn render(&self) -> Result<(), DomError> {
        let changes = self.app.borrow_mut().view_changes();
        let app = self.app.borrow();
        self.document.borrow_mut().show(changes, &app.cx.form)?;
        self.paint(&app.cx.answer)?;
        self.panels.borrow_mut().show(&app)?;
        self.correction.borrow_mut().show(&app)?;
        wake_lock::set(app.cx.run.as_ref().is_some_and(Run::expects_progress));
        Ok(())
    }

    /// Draws the pad and the network's picture, if the drawing has changed.
    fn paint(&self, answer: &Answer) -> Result<(), DomError> {
        let revision = Some(answer.revision());
        if self.painted.replace(revision) != revision {
            // Pads show a test image as the picture does.
            self.picture.show(answer.picture())?;
            self.pads.iter().for_each(|pad| pad.paint(answer));
        }
        Ok(())
    }

    /// [`Page::draw_curves`] if this many milliseconds have passed since the last time. While the visitor draws and so
    /// looks at the pad, it takes several times as many.
    fn draw_curves_after(&self, milliseconds: i32) -> Result<(), DomError> {
        let longer = if self.pads.iter().any(Pad::is_drawn_on) { 4.0 } else { 1.0 };
        if dom::now() - self.charted_at.get() < longer * f64::from(milliseconds) {
            return Ok(());
        }
        self.draw_curves()
    }

    /// Draws the curves if they have changed and the page is visible.
    fn draw_curves(&self) -> Result<(), DomError> {
        let app = self.app.borrow();
        let (curves, run) = (&app.cx.curves, app.cx.run.as_ref().map(Run::id));
        let now = Some((run, curves.len(), curves.tests.len()));
        let drawable = curves.is_empty() || charts::ready();
        if drawable && self.charted.get() != now && !dom::document()?.hidden() {
            self.charted_at.set(dom::now());
            match self.charts.borrow_mut().draw(curves) {
                Ok(true) => self.charted.set(now),
                Ok(false) => self.half_drawn.set(true),
                Err(error) => {
                    web_sys::console::error_1(&["charts: ", &error.to_string()].concat().into());
                    self.charted.set(now);
                }
            }
        }
        Ok(())
    }

    /// Fits the pads and the network to their containers.
    fn fit(&self) -> Result<(), DomError> {
        // Each of them, whatever the one before did.
        if self.pads.iter().map(Pad::fit).fold(false, |any, fitted| any | fitted) {
            self.painted.set(None);
            self.paint(&self.app.borrow().cx.answer)?;
        }
        self.network.borrow_mut().fit()?;
        self.panels.borrow_mut().fit(&self.app.borrow())
    }

    /// Redraws everything in the current theme's colours, except the charts, which do so themselves.
    fn recolour(&self) -> Result<(), DomError> {
        self.pads.iter().for_each(Pad::forget_colour);
        self.picture.forget_colour();
        self.network.borrow_mut().forget_colours();
        self.painted.set(None);
        self.paint(&self.app.borrow().cx.answer)?;
        self.panels.borrow_mut().recolour(&self.app.borrow())
    }
}
