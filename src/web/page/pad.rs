//! A pad, which turns pointer events into points and shows strokes as ink; and the network's input image.

use super::canvas;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;
use crate::app::answer::Answer;
use crate::data::{PIXELS, SIDE};
use crate::ink::Point;
use js_sys::Reflect;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};

/// The displayed pen's width as a fraction of the pad's side. The network's input has its own pen.
const PEN: f64 = 0.055;

/// Milliseconds after a pen was last seen in which a touch is the hand that holds it.
const HAND_RESTS: f64 = 2000.0;

#[wasm_bindgen]
extern "C" {
    /// A pointer event with fractional coordinates, which web-sys rounds.
    #[wasm_bindgen(extends = PointerEvent)]
    type Pen;
    #[wasm_bindgen(method, getter, js_name = clientX)]
    fn x(this: &Pen) -> f64;
    #[wasm_bindgen(method, getter, js_name = clientY)]
    fn y(this: &Pen) -> f64;
}

/// A canvas that is drawn on as long as the page lives.
#[derive(Debug)]
struct Surface {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// Its colour, cached: asking makes the browser recompute all styles, which no movement of the pen should
    /// wait for.
    ink: RefCell<Option<String>>,
}

impl Surface {
    fn new(id: &str) -> Result<Self, DomError> {
        let canvas: HtmlCanvasElement = dom::by_id(id)?;
        Ok(Self { context: canvas::context(&canvas)?, canvas, ink: RefCell::default() })
    }

    fn ink(&self) -> String {
        let known = self.ink.borrow().clone();
        known.unwrap_or_else(|| {
            let ink = dom::computed(&self.canvas, "color");
            self.ink.replace(Some(ink.clone()));
            ink
        })
    }
}

/// A pad. All pads show the same drawing.
#[derive(Debug)]
pub(super) struct Pad {
    surface: Surface,
    /// The pointer that draws.
    held: Rc<Cell<Option<Held>>>,
    /// Whether it had a size when it was last fitted.
    shown: Cell<bool>,
}

/// A pointer that is down.
#[derive(Clone, Copy, Debug)]
struct Held {
    id: i32,
    is_finger: bool,
}

/// The canvas with the network's input image.
#[derive(Debug)]
pub(super) struct Picture(Surface);

impl Pad {
    /// Finds the canvas with this id and listens to pointer events.
    pub(super) fn new(id: &str) -> Result<Self, DomError> {
        let (surface, held) = (Surface::new(id)?, Rc::default());
        listen(&surface.canvas, &held)?;
        Ok(Self { surface, held, shown: Cell::new(false) })
    }

    /// Reads the theme's colour again when it next draws.
    pub(super) fn forget_colour(&self) {
        self.surface.ink.take();
    }

    /// Whether a stroke is being drawn.
    pub(super) fn is_drawn_on(&self) -> bool {
        self.held.get().is_some()
    }

    /// Sets the canvas's resolution to the screen's; true if that changed it, which also clears it.
    pub(super) fn fit(&self) -> bool {
        let canvas = &self.surface.canvas;
        let side = (f64::from(canvas.client_width()) * dom::density()).round() as u32;
        self.shown.set(side != 0);
        if side == 0 || (canvas.width() == side && canvas.height() == side) {
            return false;
        }
        canvas.set_width(side);
        canvas.set_height(side);
        true
    }

    /// Draws all strokes in the current ink, or the test image that is there instead, unless it is hidden.
    pub(super) fn paint(&self, answer: &Answer) {
        if !self.shown.get() {
            return;
        }
        let c = &self.surface.context;
        let side = f64::from(self.surface.canvas.width());
        c.clear_rect(0.0, 0.0, side, side);
        if answer.test_image().is_some() {
            // Its pixels as they are. A browser that refuses leaves the pad empty.
            c.set_image_smoothing_enabled(false);
            let _ = dom::by_id::<HtmlCanvasElement>("picture").map(|picture| {
                c.draw_image_with_html_canvas_element_and_dw_and_dh(&picture, 0.0, 0.0, side, side)
            });
        }
        c.set_stroke_style_str(&self.surface.ink());
        c.set_line_cap("round");
        c.set_line_join("round");
        c.set_line_width(PEN * side);
        for stroke in answer.drawing().strokes() {
            let at = |p: &Point| (f64::from(p.x) * side, f64::from(p.y) * side);
            let Some((first, rest)) = stroke.split_first() else { continue };
            let (x, y) = at(first);
            c.begin_path();
            c.move_to(x, y);
            // A curve through the midpoints of the segments, with the points as its control points: no
            // corners.
            for pair in rest.windows(2) {
                let ((x, y), (next_x, next_y)) = (at(&pair[0]), at(&pair[1]));
                c.quadratic_curve_to(x, y, f64::midpoint(x, next_x), f64::midpoint(y, next_y));
            }
            let (x, y) = at(rest.last().unwrap_or(first));
            c.line_to(x, y);
            c.stroke();
        }
    }
}

impl Picture {
    /// Finds its canvas.
    pub(super) fn new() -> Result<Self, DomError> {
        Ok(Self(Surface::new("picture")?))
    }

    /// Reads the theme's colour again when it next draws.
    pub(super) fn forget_colour(&self) {
        self.0.ink.take();
    }

    /// Shows the network's input, or nothing.
    pub(super) fn show(&self, picture: Option<&[f32; PIXELS]>) -> Result<(), DomError> {
        match picture {
            Some(picture) => canvas::fill(&self.0.context, &self.0.ink(), picture, SIDE),
            None => {
                let side = SIDE as f64;
                self.0.context.clear_rect(0.0, 0.0, side, side);
                Ok(())
            }
        }
    }
}

/// Turns one pen's events into strokes. Other fingers are ignored while it is down, and a hand that rests beside a pen
/// draws nothing.
fn listen(canvas: &HtmlCanvasElement, held: &Rc<Cell<Option<Held>>>) -> Result<(), DomError> {
    let pen_seen = Rc::new(Cell::new(f64::NEG_INFINITY));
    let see = |seen: &Cell<f64>, event: &Pen| {
        if event.pointer_type() == "pen" {
            seen.set(event.time_stamp());
        }
    };

    let (down, pad, seen) = (Rc::clone(held), canvas.clone(), Rc::clone(&pen_seen));
    dom::on(canvas, "pointerdown", move |event: Pen| {
        if event.button() != 0 {
            return;
        }
        see(&seen, &event);
        let is_finger = event.pointer_type() == "touch";
        match down.get() {
            Some(held) if held.is_finger && event.pointer_type() == "pen" => {
                dispatch(Event::PenWithdrawn);
            }
            Some(_) => return,
            None if is_finger && event.time_stamp() - seen.get() < HAND_RESTS => return,
            None => {}
        }
        // Without capture a stroke merely ends at the pad's edge.
        let _ = pad.set_pointer_capture(event.pointer_id());
        down.set(Some(Held { id: event.pointer_id(), is_finger }));
        event.prevent_default();
        dispatch(Event::PenDown(point(&pad, &event)));
    })?;

    let (moved, pad, seen) = (Rc::clone(held), canvas.clone(), pen_seen);
    dom::on(canvas, "pointermove", move |event: Pen| {
        see(&seen, &event);
        if moved.get().is_none_or(|held| held.id != event.pointer_id()) {
            return;
        }
        if event.buttons() == 0 {
            // It was lifted where the page could not see it.
            moved.set(None);
            dispatch(Event::PenUp);
        } else {
            dispatch(Event::PenMoved(points(&pad, &event)));
        }
    })?;

    for kind in ["pointerup", "pointercancel", "lostpointercapture"] {
        let lifted = Rc::clone(held);
        dom::on(canvas, kind, move |event: Pen| {
            if lifted.get().is_some_and(|held| held.id == event.pointer_id()) {
                lifted.set(None);
                dispatch(Event::PenUp);
            }
        })?;
    }
    // A long press draws; it asks for no menu.
    dom::on(canvas, "contextmenu", |event: web_sys::Event| event.prevent_default())?;
    Ok(())
}

/// All points since the last event, including those that the browser coalesced.
fn points(canvas: &HtmlCanvasElement, event: &Pen) -> Vec<Point> {
    let mut points = Vec::new();
    if Reflect::has(event, &"getCoalescedEvents".into()).unwrap_or(false) {
        for event in event.get_coalesced_events().iter() {
            points.push(point(canvas, event.unchecked_ref()));
        }
    }
    if points.is_empty() {
        points.push(point(canvas, event));
    }
    points
}

fn point(canvas: &HtmlCanvasElement, event: &Pen) -> Point {
    let area = canvas.get_bounding_client_rect();
    let side = area.width().max(1.0);
    Point {
        x: ((event.x() - area.left()) / side) as f32,
        y: ((event.y() - area.top()) / side) as f32,
    }
}
