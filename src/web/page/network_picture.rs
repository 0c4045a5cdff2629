//! The network as one picture: every layer's maps in a column, drawn one column after the other from left to right, so
//! that one sees the drawing run through. All work is done in animation frames, some of it in each.

use super::canvas::{self, Colours, Scale};
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use super::roving;
use crate::app::network_picture::{self as layout, Column, Maps};
use crate::app::panels::{self, inside};
use crate::app::{App, Event};
use crate::config::Architecture;
use crate::data::PIXELS;
use crate::net::loss;
use crate::net::trace::Trace;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::Clamped;
use web_sys::{
    CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, ImageData, MouseEvent,
    PointerEvent,
};

/// Multiplications in a frame: about two milliseconds.
const WORK: usize = 1_500_000;

/// The least width, in CSS pixels, at which a column's words have room for how many of its maps are shown.
const ROOM: f64 = 64.0;

/// Opacity of zero, so that a blank map can be seen, of 255.
const BLANK: u8 = 18;

/// The columns that are shown, and where their maps lie.
#[derive(Debug, Default)]
struct Shown {
    columns: Vec<Column>,
    maps: Vec<Maps>,
}

#[derive(Debug)]
pub(super) struct NetworkPicture {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    shown: Rc<RefCell<Shown>>,
    /// The column that was pressed, whose layer is to be scrolled to.
    pressed: Rc<Cell<Option<usize>>>,
    /// The network that the columns are of, and its activations.
    network: Option<(Architecture, Trace)>,
    /// Revisions of the drawing and the weights that the newest wave shows.
    stamp: Option<(u32, u32)>,
    /// The next column of a wave that is under way.
    wave: Option<usize>,
    /// Whether the wave shows activations, or blank maps.
    is_lit: bool,
    /// Whether the columns wait for the wave's end, to be drawn all at once.
    at_once: bool,
    /// Whether it was out of sight when it should have been drawn.
    unseen: bool,
    colours: Option<Colours>,
    /// Height of its digits, in CSS pixels.
    text: usize,
    pixels: Vec<u8>,
    /// Where a side's pixels lie among a map's numbers.
    samples: Vec<(usize, usize, f32)>,
}

impl NetworkPicture {
    /// Finds its parts and listens to them.
    pub(super) fn new() -> Result<Self, DomError> {
        let canvas: HtmlCanvasElement = dom::by_id("network")?;
        let (shown, pressed) = (Rc::default(), Rc::default());
        listen(&canvas, &shown, &pressed)?;
        Ok(Self {
            context: canvas::context(&canvas)?,
            canvas,
            shown,
            pressed,
            network: None,
            stamp: None,
            wave: None,
            is_lit: false,
            at_once: false,
            unseen: false,
            colours: None,
            text: 0,
            pixels: Vec::new(),
            samples: Vec::new(),
        })
    }

    /// Whether anything is left for an animation frame.
    pub(super) fn wants_frame(&self, app: &App) -> bool {
        let answer = &app.cx.answer;
        let is_old = self.stamp != Some((answer.revision(), answer.weights_revision()));
        self.pressed.get().is_some() || self.wave.is_some() || (is_old && !self.unseen)
    }

    /// Notes that it may be in sight again.
    pub(super) fn sight_changed(&mut self) {
        self.unseen = false;
    }

    /// Draws it again in the theme's colours of that time.
    pub(super) fn forget_colours(&mut self) {
        self.colours = None;
        self.stamp = None;
    }

    /// Fits the picture to its place.
    pub(super) fn fit(&mut self) -> Result<(), DomError> {
        self.unseen = false;
        let pixels = |css: i32| (f64::from(css) * dom::density()).round() as u32;
        let (width, height) =
            (pixels(self.canvas.client_width()), pixels(self.canvas.client_height()));
        if (self.canvas.width(), self.canvas.height()) == (width, height) || width * height == 0 {
            return Ok(());
        }
        self.canvas.set_width(width);
        self.canvas.set_height(height);
        self.lay_out()?;
        if self.network.is_some() {
            (1..self.columns()).try_for_each(|column| self.draw(column))?;
        }
        Ok(())
    }

    fn columns(&self) -> usize {
        self.shown.borrow().columns.len()
    }

    /// Shows another network's columns.
    fn rebuild(&mut self, architecture: &Architecture) -> Result<(), DomError> {
        let trace =
            Trace::new(architecture).map_err(|error| DomError::Refused(error.to_string()))?;
        self.network = Some((architecture.clone(), trace));
        let columns = layout::columns(architecture);
        let mut html = String::new();
        for Column { name, .. } in &columns {
            // Names of layers and numbers; nothing comes from outside.
            html += "<button type=\"button\" tabindex=\"-1\" title=\"";
            html += name;
            html += "\"></button>";
        }
        let layers: HtmlElement = dom::by_id("network-layers")?;
        layers.set_inner_html(&html);
        roving::settle(&layers);
        self.shown.borrow_mut().columns = columns;
        self.lay_out()
    }

    /// Places the maps and, over each column, its button.
    fn lay_out(&mut self) -> Result<(), DomError> {
        let size = (self.canvas.width() as usize, self.canvas.height() as usize);
        self.text = text_size(&self.canvas);
        let mut shown = self.shown.borrow_mut();
        shown.maps = layout::lay_out(&shown.columns, size, dom::density(), self.text);
        self.context.clear_rect(0.0, 0.0, size.0 as f64, size.1 as f64);
        if let Some(maps) = shown.maps.first() {
            // The first column is an element of its own, which the pen draws at once.
            let picture: HtmlElement = dom::by_id("seen")?;
            dom::place(&picture, (maps.left, maps.top), (maps.side, maps.side), size)?;
        }
        let buttons = dom::all::<HtmlElement>("#network-layers button")?;
        let mut left = 0;
        for (at, (button, maps)) in buttons.iter().zip(&shown.maps).enumerate() {
            // Half of the space on either side belongs to a column.
            let end = maps.left + maps.size().0;
            let right = shown.maps.get(at + 1).map_or(size.0, |next| end.midpoint(next.left));
            dom::place(button, (left, 0), (right - left, 1), (size.0, 1))?;
            let has_room = (right - left) as f64 >= ROOM * dom::density();
            let words = shown.columns[at].words(has_room.then_some(maps.count));
            button.set_text_content(Some(&words));
            left = right;
        }
        Ok(())
    }

    /// Does a frame's part of a wave.
    pub(super) fn frame(&mut self, app: &App) -> Result<(), DomError> {
        if let Some(column) = self.pressed.take() {
            self.go(column)?;
        }
        let answer = &app.cx.answer;
        let stamp = Some((answer.revision(), answer.weights_revision()));
        if self.wave.is_none() {
            if self.stamp == stamp {
                return Ok(());
            }
            let area = self.canvas.get_bounding_client_rect();
            let bottom = dom::window()?.inner_height()?.as_f64().unwrap_or(f64::MAX);
            self.unseen = area.width() == 0.0 || area.bottom() < 0.0 || area.top() > bottom;
            if self.unseen {
                return Ok(());
            }
            self.wave = Some(1);
            self.stamp = stamp;
            let calm = dom::window()?.match_media("(prefers-reduced-motion: reduce)")?;
            self.at_once = calm.is_some_and(|calm| calm.matches());
            let known = self.network.as_ref().is_some_and(|(of, _)| of == answer.architecture());
            if !known {
                self.fit()?;
                self.rebuild(answer.architecture())?;
            }
            // Weights that overflowed give no digit.
            self.is_lit = answer.digit().is_some();
            if let Some((_, trace)) = &mut self.network {
                trace.begin(answer.picture().unwrap_or(&[0.0; PIXELS]));
            }
        }
        self.go_on(app)
    }

    /// Computes the next column and draws it, unless it takes longer than a frame.
    fn go_on(&mut self, app: &App) -> Result<(), DomError> {
        let answer = &app.cx.answer;
        let (Some(at), Some((of, trace))) = (self.wave, &mut self.network) else { return Ok(()) };
        let weights = answer.model().filter(|model| model.architecture == of);
        if of != answer.architecture() || (self.is_lit && weights.is_none()) {
            // Another network has come; the next wave shows it.
            (self.wave, self.stamp) = (None, None);
            return Ok(());
        }
        let mut work = WORK;
        let mut at = at;
        while at < self.shown.borrow().columns.len() {
            let layer = self.shown.borrow().columns[at].layer;
            if let (true, Some(layer), Some(model)) = (self.is_lit, layer, weights) {
                while trace.done() <= layer && work > 0 {
                    work = work.saturating_sub(trace.advance(model.weights, work).max(1));
                }
                if trace.done() <= layer {
                    self.wave = Some(at);
                    return Ok(());
                }
            }
            at += 1;
            if !self.at_once {
                break;
            }
        }
        let end = self.columns();
        self.wave = (at < end).then_some(at);
        if self.at_once { (1..end).try_for_each(|at| self.draw(at)) } else { self.draw(at - 1) }
    }

    /// Draws a column and the lines that lead to it.
    fn draw(&mut self, at: usize) -> Result<(), DomError> {
        let colours = match self.colours {
            Some(colours) => colours,
            None => *self.colours.insert(Colours::now()?),
        };
        let Some((_, trace)) = &self.network else { return Ok(()) };
        let shown = self.shown.borrow();
        let (Column { layer, shape, .. }, maps) = (&shown.columns[at], shown.maps[at]);
        let is_last = at + 1 == shown.columns.len();
        let mut shares = if is_last { trace.logits().to_vec() } else { Vec::new() };
        loss::softmax(&mut shares);
        let numbers: &[f32] = match layer {
            _ if !self.is_lit => &[],
            _ if is_last => shares.as_slice(),
            Some(layer) => trace.layers[*layer].output.as_slice(),
            None => &[],
        };
        let scale = if is_last { Scale::INK } else { Scale::of(numbers) };
        let (width, height) = maps.size();
        self.pixels.clear();
        self.pixels.resize(4 * width * height, 0);
        let (pixels, _) = self.pixels.as_chunks_mut::<4>();
        samples(&mut self.samples, shape.height, maps.side);
        for map in 0..maps.count {
            let (left, top) = maps.corner(map);
            let number = |y: usize, x: usize| {
                let at = (y * shape.width + x) * shape.channels + map;
                numbers.get(at).copied().unwrap_or(0.0)
            };
            for (y, &(above, below, lower)) in self.samples.iter().enumerate() {
                let row = &mut pixels[(top + y) * width + left..][..maps.side];
                for (pixel, &(before, after, later)) in row.iter_mut().zip(&self.samples) {
                    let mut value = number(above, before);
                    if lower > 0.0 || later > 0.0 {
                        let mix = |y| number(y, before) * (1.0 - later) + number(y, after) * later;
                        value = mix(above) * (1.0 - lower) + mix(below) * lower;
                    }
                    let [r, g, b, share] = scale.pixel(&colours, value);
                    // So that one sees the small ones, too.
                    let share = (255.0 * f32::from(share)).sqrt() as u8;
                    *pixel = [r, g, b, share.max(BLANK)];
                }
            }
        }
        let image = ImageData::new_with_u8_clamped_array(Clamped(&self.pixels), width as u32)?;
        self.context.put_image_data(&image, maps.left as f64, maps.top as f64)?;
        if is_last {
            self.digits(&maps, &colours)?;
        }
        let is_mixed = layer.is_none_or(|layer| !trace.layers[layer].kernel.is_empty());
        self.lead(&shown.maps[at - 1], &maps, is_mixed, &colours);
        Ok(())
    }

    /// Writes each output's digit beside it.
    fn digits(&self, maps: &Maps, colours: &Colours) -> Result<(), DomError> {
        let c = &self.context;
        let density = dom::density();
        c.set_fill_style_str(&colours.ink());
        // No higher than their rows, on a phone.
        let size = ((self.text as f64 * density).ceil() as usize).min(maps.row_pitch);
        c.set_font(&[&size.to_string(), "px system-ui, sans-serif"].concat());
        c.set_text_baseline("middle");
        let left = (maps.left + maps.side) as f64 + 4.0 * density;
        c.clear_rect(left, 0.0, self.canvas.width().into(), self.canvas.height().into());
        for digit in 0..maps.count {
            let (_, top) = maps.corner(digit);
            let middle = (maps.top + top) as f64 + maps.side as f64 / 2.0;
            c.fill_text(&digit.to_string(), left, middle)?;
        }
        Ok(())
    }

    /// Draws the lines from a column's rows to the next one's: from each to each, or only to the same.
    fn lead(&self, from: &Maps, to: &Maps, is_mixed: bool, colours: &Colours) {
        let c = &self.context;
        let space = 3.0 * dom::density();
        let (left, right) = ((from.left + from.size().0) as f64 + space, to.left as f64 - space);
        c.clear_rect(left - 1.0, 0.0, (right - left + 2.0).max(0.0), self.canvas.height().into());
        c.set_stroke_style_str(&colours.line());
        // The more lines, the fainter.
        let lines = from.rows().count() * to.rows().count();
        c.set_line_width((40.0 / lines as f64).clamp(0.2, 0.75) * dom::density());
        c.begin_path();
        for (at, start) in from.rows().enumerate() {
            for (to, end) in to.rows().enumerate() {
                if is_mixed || at == to {
                    c.move_to(left, start);
                    c.line_to(right, end);
                }
            }
        }
        c.stroke();
    }

    /// Scrolls to the layer of a column that was pressed, in Look inside.
    fn go(&self, column: usize) -> Result<(), DomError> {
        let layer = self.shown.borrow().columns.get(column).and_then(|column| column.layer);
        let id = layer.map_or_else(|| "inside".into(), |layer| format!("stage-{layer}"));
        if let Some(stage) = dom::document()?.get_element_by_id(&id) {
            stage.scroll_into_view();
        }
        Ok(())
    }
}

/// An element's text size in CSS pixels, rounded up.
fn text_size(element: &Element) -> usize {
    let size = dom::computed(element, "font-size");
    let (whole, rest) = size.split_once(['.', 'p']).unwrap_or_default();
    whole.parse().unwrap_or(16) + usize::from(rest.ends_with("px"))
}

/// For each of a side's pixels, the two numbers of a map that it lies between, and how far it is from the first to the
/// second. Numbers that are large on the screen, or all of one size, stay squares.
fn samples(samples: &mut Vec<(usize, usize, f32)>, numbers: usize, side: usize) {
    let squares = side.is_multiple_of(numbers) || 2 * side >= 5 * numbers;
    samples.clear();
    samples.extend((0..side).map(|pixel| {
        if squares {
            let at = pixel * numbers / side;
            return (at, at, 0.0);
        }
        let place = (pixel as f32 + 0.5) * numbers as f32 / side as f32 - 0.5;
        let place = place.clamp(0.0, (numbers - 1) as f32);
        (place as usize, (place as usize + 1).min(numbers - 1), place.fract())
    }));
}

/// Listens to pressing and pointing.
fn listen(
    canvas: &HtmlCanvasElement,
    shown: &Rc<RefCell<Shown>>,
    pressed: &Rc<Cell<Option<usize>>>,
) -> Result<(), DomError> {
    let layers: HtmlElement = dom::by_id("network-layers")?;
    roving::listen(&layers)?;
    let pressed = Rc::clone(pressed);
    dom::on(&layers, "click", move |event: MouseEvent| {
        if let Some(column) = column_of(&event) {
            pressed.set(Some(column));
            let look = inside::Event::Look(inside::Subject::Drawing);
            dispatch(Event::Panel(panels::Event::Inside(look)));
        }
    })?;
    let read: Element = dom::by_id("network-read")?;
    let rest = read.text_content().unwrap_or_default();
    let (words, quiet) = (read.clone(), rest.clone());
    let (shown, canvas) = (Rc::clone(shown), canvas.clone());
    dom::on(&layers, "pointermove", move |event: PointerEvent| {
        let area = canvas.get_bounding_client_rect();
        let pixel = |client: i32, start: f64| {
            ((f64::from(client) - start) * dom::density()).max(0.0) as usize
        };
        let (x, y) = (pixel(event.client_x(), area.left()), pixel(event.client_y(), area.top()));
        let shown = shown.borrow();
        let said = column_of(&event)
            .and_then(|at| shown.maps[at].at(x, y).map(|map| shown.columns[at].says(map)));
        dom::write(&words, said.as_deref().unwrap_or(&quiet));
    })?;
    dom::on(&layers, "pointerleave", move |_: PointerEvent| dom::write(&read, &rest))
}

/// The column whose button an event is about.
fn column_of(event: &web_sys::Event) -> Option<usize> {
    let button = dom::around(event, "button")?;
    let mut before = 0;
    let mut at = button;
    while let Some(previous) = at.previous_element_sibling() {
        before += 1;
        at = previous;
    }
    Some(before)
}
