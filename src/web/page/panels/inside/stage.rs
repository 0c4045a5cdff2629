//! A layer in the document: its maps, its kernels, and what raises or lowers a class.

use wasm_bindgen::prelude::*;
use web_sys::{Element, Event as DomEvent, HtmlCanvasElement, HtmlElement, PointerEvent};

use crate::app::answer::Model;
use crate::app::panels::inside::arithmetic::{contributions, number};
use crate::app::panels::inside::{Unit, purpose};
use crate::config::architecture::{Layer, Shape};
use crate::config::format::significant;
use crate::net::receptive::ReceptiveField;
use crate::net::trace::{LayerActivations, Trace};
use crate::web::page::canvas::{Colours, Grid, Scale};
use crate::web::page::dispatch::{Call, call};
use crate::web::page::dom::{self, DomError};

use super::weight_grid::{StepShown, WeightGrid};

/// Maps in a row on a wide panel, and on a phone.
const MAPS: (usize, usize) = (16, 8);

/// Numbers of a vector, or kernels, in a row, likewise.
const NUMBERS: (usize, usize) = (32, 16);

/// The least width, in pixels, that counts as wide.
const WIDE: i32 = 560;

/// A picture of numbers with its scale.
#[derive(Debug)]
struct Sheet {
    canvas: HtmlCanvasElement,
    lowest: Element,
    highest: Element,
    ramp: Element,
    spot: HtmlElement,
}

/// The selected number.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// Which it is.
    pub(super) unit: Option<Unit>,
    /// Whether it stays when something else is pointed at.
    pub(super) pinned: bool,
    /// Whether a kernel goes over what it is computed from.
    pub(super) sweeps: bool,
    /// The layer and the map that it is computed from, or the one of them that counts most, and the part of it.
    pub(super) reads: Option<(usize, usize, ReceptiveField)>,
}

/// A layer's part of the panel.
#[derive(Debug)]
pub(super) struct Stage {
    layer: usize,
    maps: Option<(Sheet, HtmlElement, HtmlElement)>,
    kernels: Option<Sheet>,
    parts: Option<(Sheet, Element)>,
}

/// Makes the stages of a model, in place of the previous ones.
pub(super) fn build(trace: &Trace, names: &[String]) -> Result<Vec<Stage>, DomError> {
    let place: Element = dom::by_id("inside-stages")?;
    let mut html = String::new();
    for (index, (layer, name)) in trace.layers.iter().zip(names).enumerate() {
        let Shape { height, width, channels } = layer.shape;
        let at = index.to_string();
        let shape = if height * width == 1 {
            channels.to_string()
        } else {
            format!("{height}×{width}×{channels}")
        };
        html += &format!(
            "<section class=\"stage\" id=\"stage-{at}\" aria-labelledby=\"stage-{at}-name\">\
             <h4 id=\"stage-{at}-name\">{} <span>{name}: {} to {shape}</span></h4>",
            purpose(&trace.layers, index),
            layer.layer
        );
        if layer.layer == Layer::Flatten {
            html += "<p>The same numbers, row by row, as one vector.</p>";
        }
        if drawn(layer.layer) {
            html += &format!(
                "<div class=\"seen-maps\"><div class=\"maps\"><canvas tabindex=\"0\" role=\"application\" \
                 data-layer=\"{at}\" aria-label=\"What {name} gives. Arrow keys go from number to \
                 number, Page Up and Page Down from map to map, Enter pins.\"></canvas>\
                 <div class=\"window\" hidden><span></span></div>{SPOT}{}</div>{SCALE}</div>",
                if index + 1 == trace.layers.len() { DIGITS } else { "" }
            );
        }
        if matches!(layer.layer, Layer::Conv2D { .. }) {
            // A layer that reads one map has few kernels, and each is below its map.
            let (open, order) = if layer.input.channels == 1 {
                (" open", String::from("One for each of its filters, in the order of the maps."))
            } else {
                let row = "a row for each map that it reads";
                ("", format!("A column for each of its {channels} filters, {row}."))
            };
            html += &format!(
                "<details class=\"kernels\"{open}><summary>Kernels</summary>\
                 <p>{order}</p>\
                 <div class=\"weighed\"><canvas role=\"img\" aria-label=\"The kernels of {name}\"></canvas>{SPOT}</div>{SCALE}</details>"
            );
        }
        if matches!(layer.layer, Layer::Dense { .. }) {
            html += &format!(
                "<div class=\"parts\"><p></p><div class=\"weighed\"><canvas role=\"img\" aria-label=\"What each number adds \
                 to it: number times weight\"></canvas>{SPOT}</div>{SCALE}</div>"
            );
        }
        html += "</section>";
    }
    place.set_inner_html(&html);
    for details in dom::all::<Element>("#inside-stages details")? {
        dom::on(&details, "toggle", |_: DomEvent| call(Call::Sight))?;
    }
    (0..trace.layers.len()).map(Stage::find).collect()
}

/// Under the last layer's ten numbers, which digit each is for.
const DIGITS: &str = "<p class=\"outputs\" aria-hidden=\"true\"><span>0</span><span>1</span><span>2</span><span>3</span><span>4</span>\
    <span>5</span><span>6</span><span>7</span><span>8</span><span>9</span></p>";

/// The frame around a selected number.
const SPOT: &str = "<div class=\"spot\" hidden></div>";

/// A scale, with its ends in words.
const SCALE: &str = "<p class=\"scale\"><span></span> <span class=\"ramp\" aria-hidden=\"true\"></span> <span></span></p>";

/// Whether a layer's output is worth a picture: not if it repeats the one before.
pub(super) fn drawn(layer: Layer) -> bool {
    !matches!(layer, Layer::Flatten | Layer::Dropout { .. })
}

/// The layer whose maps an event is about.
pub(super) fn layer_of(event: &DomEvent) -> Option<usize> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.get_attribute("data-layer")?.parse().ok()
}

/// How an event's canvas is laid out.
pub(super) fn grid_of(canvas: &Element) -> Option<Grid> {
    let read = |name: &str| dom::attribute(canvas, name);
    let [height, width, channels, columns] =
        ["data-height", "data-width", "data-channels", "data-columns"].map(read);
    let shape = Shape { height: height?, width: width?, channels: channels? };
    Some(Grid { shape, columns: columns? })
}

/// The number under the pointer.
pub(super) fn pointed(event: &PointerEvent) -> Option<Unit> {
    let layer = layer_of(event)?;
    let [y, x, channel] = place_of(event)?;
    Some(Unit { layer, y, x, channel })
}

/// Row, column and channel under the pointer, in a canvas of numbers.
pub(super) fn place_of(event: &PointerEvent) -> Option<[usize; 3]> {
    let canvas: HtmlCanvasElement = event.target()?.dyn_into().ok()?;
    let grid = grid_of(&canvas)?;
    let area = canvas.get_bounding_client_rect();
    let (width, height) = grid.size();
    let left = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0) * width as f64;
    let top = (f64::from(event.client_y()) - area.top()) / area.height().max(1.0) * height as f64;
    let (y, x, channel) = grid.at(left.max(0.0) as usize, top.max(0.0) as usize)?;
    Some([y, x, channel])
}

impl Sheet {
    fn find(within: &str) -> Result<Option<Self>, DomError> {
        let part = |selector: &str| -> Result<Option<Element>, DomError> {
            Ok(dom::document()?.query_selector(&[within, selector].concat())?)
        };
        let canvas = part(" canvas")?.and_then(|canvas| canvas.dyn_into().ok());
        let ends = (part(" .scale > :first-child")?, part(" .scale > :last-child")?);
        let spot = part(" .spot")?.and_then(|spot| spot.dyn_into().ok());
        Ok(match (canvas, ends, part(" .ramp")?, spot) {
            (Some(canvas), (Some(lowest), Some(highest)), Some(ramp), Some(spot)) => {
                Some(Self { canvas, lowest, highest, ramp, spot })
            }
            _ => None,
        })
    }

    /// Whether any of it is visible.
    fn is_seen(&self) -> bool {
        let area = self.canvas.get_bounding_client_rect();
        let height = dom::window().ok().and_then(|w| w.inner_height().ok()?.as_f64());
        area.width() > 0.0 && area.bottom() > 0.0 && area.top() < height.unwrap_or(f64::MAX)
    }

    /// Lays out the maps for the available width.
    fn lay_out(&self, shape: Shape) -> Result<Grid, DomError> {
        let (wide, narrow) = if shape.height * shape.width == 1 { NUMBERS } else { MAPS };
        let room = self.canvas.parent_element().map_or(0, |parent| parent.client_width());
        let row = if room >= WIDE { wide } else { narrow };
        let grid = Grid { shape, columns: row.min(shape.channels).max(1) };
        self.size(grid, 100.0 * grid.columns as f32 / row as f32)
    }

    fn size(&self, grid: Grid, percent: f32) -> Result<Grid, DomError> {
        let (width, height) = grid.size();
        if (self.canvas.width() as usize, self.canvas.height() as usize) != (width, height) {
            self.canvas.set_width(width as u32);
            self.canvas.set_height(height as u32);
            // The digits under it are as wide as it.
            let around: Option<HtmlElement> =
                self.canvas.parent_element().and_then(|maps| maps.dyn_into().ok());
            let width = format!("{percent}%");
            self.canvas.style().set_property("width", &width)?;
            if let Some(maps) = around {
                maps.style().set_property("--width", &width)?;
            }
            for (name, value) in [
                ("data-height", grid.shape.height),
                ("data-width", grid.shape.width),
                ("data-channels", grid.shape.channels),
                ("data-columns", grid.columns),
            ] {
                self.canvas.set_attribute(name, &value.to_string())?;
            }
        }
        Ok(grid)
    }

    fn draw(&self, grid: Grid, numbers: &[f32], colours: &Colours) -> Result<(), DomError> {
        let scale = Scale::of(numbers);
        grid.draw(&self.canvas, numbers, scale, colours)?;
        let words = if scale.most < 0.1 { significant } else { number };
        let most = words(scale.most);
        let lowest = if scale.signed { words(-scale.most) } else { "0".into() };
        self.lowest.set_text_content(Some(&lowest));
        self.highest.set_text_content(Some(&most));
        self.ramp.class_list().toggle_with_force("signed", scale.signed)?;
        Ok(())
    }
}

impl Sheet {
    /// Lets the weights that it shows be pointed at while a step is seen.
    fn offer(
        &self,
        grid: Grid,
        step: Option<&StepShown<'_>>,
        weights: WeightGrid,
    ) -> Result<(), DomError> {
        let parameter = step.and_then(|step| step.parameter);
        let here = parameter.and_then(|parameter| weights.place(grid.shape, parameter));
        self.spot.set_hidden(here.is_none());
        if let (Some([y, x, channel]), Some(step)) = (here, step) {
            self.spot.class_list().toggle_with_force("pinned", step.pinned)?;
            let (left, top) = grid.corner(channel);
            dom::place(&self.spot, (left + x, top + y), (1, 1), grid.size())?;
        }
        weights.offer(&self.canvas, step.is_some(), here.and(parameter))
    }
}

impl Stage {
    fn find(layer: usize) -> Result<Self, DomError> {
        let within = format!("#stage-{layer}");
        let document = dom::document()?;
        let maps = Sheet::find(&[&within, " .seen-maps"].concat())?;
        let frame = |class: &str| -> Result<Option<HtmlElement>, DomError> {
            let frame = document.query_selector(&[&within, class].concat())?;
            Ok(frame.and_then(|frame| frame.dyn_into().ok()))
        };
        let frames = frame(" .maps .spot")?.zip(frame(" .window")?);
        let words = document.query_selector(&[&within, " .parts > p"].concat())?;
        Ok(Self {
            layer,
            maps: maps.zip(frames).map(|(maps, (spot, window))| (maps, spot, window)),
            kernels: Sheet::find(&[&within, " .kernels"].concat())?,
            parts: Sheet::find(&[&within, " .parts"].concat())?.zip(words),
        })
    }

    /// Draws its visible parts.
    pub(super) fn draw(
        &self,
        trace: &Trace,
        model: Model<'_>,
        class: usize,
        state: &Selected,
        change: bool,
        (step, colours): (Option<&StepShown<'_>>, &Colours),
    ) -> Result<(), DomError> {
        let layer = &trace.layers[self.layer];
        let here = state.unit.filter(|unit| unit.layer == self.layer);
        if let Some((sheet, spot, window)) = self.maps.as_ref().filter(|maps| maps.0.is_seen()) {
            let grid = sheet.lay_out(layer.shape)?;
            let output =
                step.map_or(&layer.output[..], |step| step.of.asked(&trace.layers, self.layer));
            sheet.draw(grid, output, colours)?;
            spot.set_hidden(here.is_none());
            if let Some(unit) = here {
                spot.class_list().toggle_with_force("pinned", state.pinned)?;
                let (left, top) = grid.corner(unit.channel);
                dom::place(spot, (left + unit.x, top + unit.y), (1, 1), grid.size())?;
            }
            let read = state.reads.filter(|&(layer, ..)| layer == self.layer);
            window.set_hidden(read.is_none());
            if let Some((_, map, ReceptiveField { top, bottom, left, right })) = read {
                let (x, y) = grid.corner(map);
                dom::place(window, (x + left, y + top), (right - left, bottom - top), grid.size())?;
            }
            sweep(window, read.filter(|_| state.sweeps).map(|(.., field)| field))?;
        }
        if let Some(sheet) = self.kernels.as_ref().filter(|sheet| sheet.is_seen()) {
            draw_kernels(sheet, layer, model, change, (step, colours))?;
        }
        if let Some((sheet, words)) = self.parts.as_ref().filter(|(sheet, _)| sheet.is_seen()) {
            let last = self.layer + 1 == trace.layers.len();
            let class = step.map_or(class, |step| step.of.label());
            let unit = here.map_or(if last { class } else { 0 }, |unit| unit.channel);
            let to =
                if last { format!("the logit of {unit}") } else { format!("number {}", unit + 1) };
            let what = match step {
                Some(_) => "How far its weight moved, from each number it reads to ",
                None => "What each number it reads adds to ",
            };
            words.set_text_content(Some(&[what, &to].concat()));
            let (kernel, units) = (layer.kernel.clone(), layer.shape.channels);
            let moved = |step: &StepShown<'_>| {
                let change = step.of.change[kernel.clone()].iter();
                change.skip(unit).step_by(units).copied().collect()
            };
            let adds = || contributions(layer, trace.input(self.layer), model.weights, unit);
            let grid = sheet.lay_out(read_as(trace, self.layer))?;
            let weights = WeightGrid { first: kernel.start + unit, stride: units };
            sheet.offer(grid, step, weights)?;
            sheet.draw(grid, &step.map_or_else(adds, moved), colours)?;
        }
        Ok(())
    }
}

/// Draws a layer's kernels, or how they have changed since the start or in one step.
fn draw_kernels(
    sheet: &Sheet,
    layer: &LayerActivations,
    model: Model<'_>,
    change: bool,
    (step, colours): (Option<&StepShown<'_>>, &Colours),
) -> Result<(), DomError> {
    let side = layer.windows().0;
    let filters = layer.shape.channels;
    let channels = layer.input.channels * filters;
    let shape = Shape { height: side, width: side, channels };
    let grid = if layer.input.channels == 1 {
        sheet.lay_out(shape)?
    } else {
        let grid = Grid { shape, columns: filters };
        sheet.size(grid, (100.0 * filters as f32 / NUMBERS.0 as f32).min(100.0))?
    };
    sheet.offer(grid, step, WeightGrid { first: layer.kernel.start, stride: 1 })?;
    let kernel = &model.weights[layer.kernel.clone()];
    match (step, model.initial.filter(|_| change)) {
        (Some(step), _) => sheet.draw(grid, &step.of.change[layer.kernel.clone()], colours),
        (None, Some(initial)) => {
            let before = &initial[layer.kernel.clone()];
            let moved: Vec<f32> =
                kernel.iter().zip(before).map(|(now, before)| now - before).collect();
            sheet.draw(grid, &moved, colours)
        }
        (None, None) => sheet.draw(grid, kernel, colours),
    }
}

/// Has a kernel go over a frame, number by number, or takes it away.
pub(super) fn sweep(frame: &HtmlElement, over: Option<ReceptiveField>) -> Result<(), DomError> {
    frame.class_list().toggle_with_force("swept", over.is_some())?;
    let Some(ReceptiveField { top, bottom, left, right }) = over else { return Ok(()) };
    for (name, numbers) in [("--rows", bottom - top), ("--columns", right - left)] {
        frame.style().set_property(name, &numbers.to_string())?;
    }
    Ok(())
}

/// The shape that a Dense layer's input had before it was flattened.
fn read_as(trace: &Trace, layer: usize) -> Shape {
    let before = trace.layers[..layer].iter().rev();
    let mut before = before.skip_while(|layer| matches!(layer.layer, Layer::Dropout { .. }));
    match before.next() {
        Some(flatten) if flatten.layer == Layer::Flatten => flatten.input,
        _ => trace.layers[layer].input,
    }
}
