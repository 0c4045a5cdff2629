//! A minibatch's step in the document: what is said of it, and weights to point at.

use wasm_bindgen::prelude::*;
use web_sys::{
    Element, Event as DomEvent, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent,
};

use super::weight_grid::WeightGrid;
use super::{happen, stage};
use crate::app;
use crate::app::panels::inside::one_step::ParameterStep;
use crate::app::panels::inside::{Event, Pointing, View};
use crate::config::format::significant;
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};

/// The canvas of weights under an event, and where they are.
fn grid(event: &DomEvent) -> Option<(Element, WeightGrid)> {
    let canvas: Element = event.target()?.dyn_into().ok()?;
    let [first, stride] = ["data-first", "data-stride"].map(|name| dom::attribute(&canvas, name));
    Some((canvas, WeightGrid { first: first?, stride: stride? }))
}

/// The weight under the pointer.
pub(super) fn pointed(event: &PointerEvent) -> Option<u32> {
    let (canvas, weights) = grid(event)?;
    Some(weights.parameter(stage::grid_of(&canvas)?.shape, stage::place_of(event)?))
}

/// The weight this many rows, columns and channels beside the selected one.
pub(super) fn neighbour(event: &KeyboardEvent, by: [isize; 3]) -> Option<u32> {
    let (canvas, weights) = grid(event)?;
    let shape = stage::grid_of(&canvas)?.shape;
    let sizes = [shape.height, shape.width, shape.channels];
    let selected: Option<u32> = dom::attribute(&canvas, "data-parameter");
    let from = selected.and_then(|parameter| weights.place(shape, parameter));
    let place = from.map_or([0; 3], |from| {
        std::array::from_fn(|i| from[i].saturating_add_signed(by[i]).min(sizes[i] - 1))
    });
    Some(weights.parameter(shape, place))
}

/// Listens to the tick and the button.
pub(super) fn listen() -> Result<(), DomError> {
    let tick: HtmlInputElement = dom::by_id("inside-step")?;
    let ticked = tick.clone();
    dom::on(&tick, "change", move |_: DomEvent| {
        happen(Event::OneStep(ticked.checked()));
        if ticked.checked() {
            super::open_kernels();
        }
    })?;
    dom::press("inside-step-go", || dispatch(app::Event::Step))
}

/// Points at a weight, or pins it.
pub(super) fn point(event: &PointerEvent, pins: bool) {
    if let Some(parameter) = pointed(event) {
        happen(if pins {
            Event::PinParameter(Some(parameter))
        } else {
            Event::Parameter(parameter, Pointing::Pointer)
        });
    }
}

/// What the panel says of the step.
pub(super) fn words(view: &View) -> Result<(), DomError> {
    let shown = view.state.one_step.shown;
    let room: Element = dom::by_id("inside")?;
    room.class_list().toggle_with_force("step-seen", shown)?;
    dom::hide("inside-step-part", !shown)?;
    dom::text("inside-step-text", &view.step_text)?;
    dom::hide("inside-step-legend", view.step.is_none())?;
    let go: HtmlElement = dom::by_id("inside-step-go")?;
    dom::disable(&go, view.cannot_step)
}

/// Writes out how the selected weight took the step, or what the loss asks of the selected number.
pub(super) fn write_out(words: Option<&ParameterStep>, pinned: bool) -> Result<(), DomError> {
    let place: Element = dom::by_id("inside-sum")?;
    let Some(ParameterStep { title, result, lines }) = words else {
        place.set_inner_html("");
        return Ok(());
    };
    // These are only numbers, signs and names of layers; nothing comes from outside.
    let mut html = ["<h4>", title, "</h4><p class=\"result\">", result].concat();
    html += if pinned { " <span>pinned</span></p>" } else { "</p>" };
    for line in lines {
        html += &["<p>", line, "</p>"].concat();
    }
    place.set_inner_html(&html);
    Ok(())
}

/// What the loss asks of a number, in words.
pub(super) fn asked(title: String, asked: f32) -> ParameterStep {
    let (result, line) = match asked {
        0.0 => ("no matter", String::from("This image’s loss does not depend on it.")),
        more if more > 0.0 => ("should be larger", falls("A little more", more)),
        less => ("should be smaller", falls("A little less", -less)),
    };
    ParameterStep { title, result: String::from(result), lines: vec![line] }
}

fn falls(what: &str, by: f32) -> String {
    [what, " of it lowers this image’s loss, ", &significant(by), " for each 1."].concat()
}
