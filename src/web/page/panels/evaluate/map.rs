//! The map in the document, which `www/map.js` draws.

use crate::app::App;
use crate::app::panels::evaluate::{EvaluateState, Event};
use crate::web::page::dom::{self, DomError};
use crate::web::page::lazy_script;
use js_sys::Float32Array;
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{CustomEvent, HtmlElement};

#[wasm_bindgen]
extern "C" {
    /// Shows points, two coordinates each, the images' digits and the answers.
    #[wasm_bindgen(js_namespace = testMap)]
    fn show(places: Float32Array, digits: Float32Array, answers: Float32Array);
    /// Shows where the drawing lies, if it lies anywhere.
    #[wasm_bindgen(js_namespace = testMap)]
    fn drawing(place: Option<Float32Array>);
}

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug)]
pub(super) struct TestMap {
    shown: Option<u32>,
    /// Revisions of drawing, weights and map of the drawing's place.
    placed: Option<(u32, u32, u32)>,
}

impl TestMap {
    pub(super) fn new() -> Result<Self, DomError> {
        let room: HtmlElement = dom::by_id("judge-map")?;
        dom::on(&room, "look", |event: CustomEvent| {
            super::happen(Event::LookAtMapped(event.detail().as_f64().unwrap_or_default() as u32));
        })?;
        Ok(Self { shown: None, placed: None })
    }

    /// Shows the newest map. The script that draws it is fetched first.
    pub(super) fn show(&mut self, state: &EvaluateState) -> Result<(), DomError> {
        let revision = state.map.revision;
        if self.shown == Some(revision) {
            return Ok(());
        }
        if !HERE.get() {
            fetch();
            return Ok(());
        }
        let labels = state.labels();
        let Some(mapped) = state.map.mapped().filter(|_| !labels.is_empty()) else {
            return dom::hide("judge-map", true);
        };
        self.shown = Some(revision);
        dom::hide("judge-map", false)?;
        let digits: Vec<f32> =
            labels.iter().take(mapped.answers.len()).map(|&digit| f32::from(digit)).collect();
        let [places, digits, answers] = [&mapped.places, &digits, &mapped.answers]
            .map(|numbers| Float32Array::from(&numbers[..]));
        show(places, digits, answers);
        Ok(())
    }

    /// Shows where the drawing lies.
    pub(super) fn place(&mut self, app: &mut App) {
        let answer = &mut app.cx.answer;
        let map = &app.panels.evaluate.map;
        let now = Some((answer.revision(), answer.weights_revision(), map.revision));
        if self.shown.is_some() && self.placed != now {
            self.placed = now;
            drawing(map.drawing(answer).map(|place| Float32Array::from(&place[..])));
        }
    }
}

fn fetch() {
    if ASKED.replace(true) {
        return;
    }
    spawn_local(async {
        match lazy_script::load_module("map.js").await {
            Ok(()) => {
                HERE.set(true);
                crate::web::page::dispatch::dispatch(crate::app::Event::Tick(0.0));
            }
            Err(error) => {
                ASKED.set(false);
                web_sys::console::error_1(&error.to_string().into());
            }
        }
    });
}
