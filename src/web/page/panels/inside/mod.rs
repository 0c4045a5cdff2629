//! Look inside in the document: maps, kernels, arithmetic and overlays, drawn at most once in an animation frame, and
//! only what is visible.

mod one_step;
mod stage;
mod weight_grid;

use web_sys::{
    Element, Event as DomEvent, HtmlCanvasElement, HtmlElement, HtmlInputElement,
    HtmlSelectElement, KeyboardEvent, PointerEvent,
};

use crate::app::answer::{Answer, Model};
use crate::app::panels::inside::arithmetic::{self, Arithmetic, number};
use crate::app::panels::inside::occlusion::Occlusion;
use crate::app::panels::inside::{
    Attribution, Event, InsideState as State, Pointing, Subject, Unit, View,
};
use crate::app::{self, App, panels};
use crate::config::Architecture;
use crate::config::architecture::{Layer, Shape};
use crate::data::{CLASSES, PIXELS, SIDE};
use crate::net::receptive::ReceptiveField;
use crate::net::trace::Trace;
use crate::web::page::canvas::{Colours, PICTURE, Scale};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::pad::Pad;
use crate::web::page::panels::panel::{Frame, Panel};
use stage::{Selected, Stage};
use weight_grid::StepShown;

/// Patches covered in a frame: about three milliseconds of forward passes.
const PATCHES: usize = 24;

/// What is shown: revisions of drawing, weights and subject, and the panel's state.
type InsideStamp = ((u32, u32, u32), State);

#[derive(Debug)]
pub(super) struct InsidePanel {
    /// Lies over the picture and shows its ink while it is drawn on.
    pad: Pad,
    /// Revision of the drawing that the pad shows.
    painted: Option<u32>,
    shown: Option<InsideStamp>,
    /// The model whose stages are in the document.
    architecture: Option<Architecture>,
    trace: Option<Trace>,
    /// Revisions of drawing, weights and subject that the trace is of.
    traced: Option<(u32, u32, u32)>,
    stages: Vec<Stage>,
    names: Vec<String>,
    /// What is being covered: revisions as above, the class, and the state of covering.
    occlusion: Option<((u32, u32, u32), usize, Occlusion)>,
    colours: Option<Colours>,
}

impl InsidePanel {
    pub(super) fn new() -> Result<Self, DomError> {
        listen()?;
        Ok(Self {
            pad: Pad::new("inside-pad")?,
            painted: None,
            shown: None,
            architecture: None,
            trace: None,
            traced: None,
            stages: Vec::new(),
            names: Vec::new(),
            occlusion: None,
            colours: None,
        })
    }

    fn paint(&mut self, answer: &Answer) {
        let revision = Some(answer.revision());
        if self.painted != revision {
            self.painted = revision;
            self.pad.paint(answer);
        }
    }

    /// Makes the stages of another model.
    fn rebuild(&mut self, architecture: &Architecture) -> Result<(), DomError> {
        // The network that answers was built from it before.
        let trace =
            Trace::new(architecture).map_err(|error| DomError::Refused(error.to_string()))?;
        self.names = architecture.layer_names();
        self.stages = stage::build(&trace, &self.names)?;
        self.trace = Some(trace);
        self.architecture = Some(architecture.clone());
        Ok(())
    }

    /// The arithmetic of the selected number.
    fn sum(&self, model: Model, unit: Option<Unit>) -> Option<Arithmetic> {
        Some(arithmetic::of(self.trace.as_ref()?, &self.names, model.weights, unit?))
    }

    /// The layer in the document whose maps one of this layer reads.
    fn read_layer(&self, layer: usize) -> Option<usize> {
        let layers = &self.trace.as_ref()?.layers;
        let passes = |at: &usize| matches!(layers[*at].layer, Layer::Dropout { .. });
        let before = (0..layer).rev().find(|at| !passes(at))?;
        let is_map = layers[layer].input.height > 1;
        (is_map && stage::drawn(layers[before].layer)).then_some(before)
    }

    /// The numbers of the overlay that explains the answer, and whether more will follow.
    fn attribution(
        &mut self,
        answer: &mut Answer,
        state: &State,
        stamp: (u32, u32, u32),
        (picture, class): (&[f32; PIXELS], usize),
    ) -> Option<(Vec<f32>, Frame)> {
        match state.attribution {
            Attribution::Off => None,
            Attribution::Gradient => {
                let map = self.trace.as_ref()?.saliency(answer.model()?.weights, class);
                Some((map, Frame::Unneeded))
            }
            Attribution::Occlusion => {
                let same = |of: &((u32, u32, u32), usize, _)| (of.0, of.1) == (stamp, class);
                if !self.occlusion.as_ref().is_some_and(same) {
                    self.occlusion = Some((stamp, class, Occlusion::new(picture, class)));
                }
                let (.., occlusion) = self.occlusion.as_mut()?;
                occlusion.advance(answer.network(), PATCHES);
                let more = if occlusion.is_done() { Frame::Unneeded } else { Frame::Wanted };
                Some((occlusion.map(), more))
            }
        }
    }
}

/// Writes out the arithmetic of the selected number: its result first, the sum on demand.
fn write_out(sum: Option<&Arithmetic>, pinned: bool) -> Result<(), DomError> {
    let place: Element = dom::by_id("inside-sum")?;
    dom::hide("inside-hint", sum.is_some())?;
    let Some(sum) = sum else {
        place.set_inner_html("");
        return Ok(());
    };
    // As the visitor left it; at first open where there is room for it.
    let is_open = match place.query_selector("details")? {
        Some(details) => details.has_attribute("open"),
        None => dom::window()?.inner_width()?.as_f64().is_some_and(|width| width >= 640.0),
    };
    let maps_open = place.query_selector("details details[open]")?.is_some();
    let open = |is_open| if is_open { " open" } else { "" };
    // These are only numbers and names of layers; nothing comes from outside.
    let mut html = ["<h4>", &sum.title, "</h4><p class=\"result\">", &sum.result].concat();
    html += if pinned { " <span>pinned</span>" } else { "" };
    html += &["</p><details", open(is_open), "><summary>The sum</summary><p>"].concat();
    html += &[&sum.caption, "</p>"].concat();
    if !sum.window.values.is_empty() {
        html += "<div class=\"scroll\"><table>";
        for (row, values) in sum.window.values.chunks(sum.window.width).enumerate() {
            html += "<tr>";
            for (column, value) in values.iter().enumerate() {
                html += "<td>";
                match value {
                    Some(value) => html += &number(*value),
                    None => html += "0",
                }
                if let Some(weight) = sum.window.weights.get(row * sum.window.width + column) {
                    html += " <span>× ";
                    html += &number(*weight);
                    html += "</span>";
                }
                html += "</td>";
            }
            html += "</tr>";
        }
        html += "</table></div>";
    }
    if !sum.maps.is_empty() {
        html += &["<details", open(maps_open), "><summary>The maps’ sums</summary><p>"].concat();
        html += &[&sum.maps, "</p></details>"].concat();
    }
    for line in &sum.lines {
        html += "<p>";
        html += line;
        html += "</p>";
    }
    html += "</details>";
    place.set_inner_html(&html);
    Ok(())
}

/// Draws the overlay that explains the answer.
fn overlay(
    attribution: Attribution,
    map: Option<&[f32]>,
    class: usize,
    colours: &Colours,
) -> Result<(), DomError> {
    let canvas: HtmlCanvasElement = dom::by_id("inside-why")?;
    canvas.set_hidden(attribution == Attribution::Off);
    let Some(map) = map else { return dom::text("inside-why-text", "") };
    let scale = Scale { signed: true, ..Scale::of(map) };
    PICTURE.draw(&canvas, map, scale, colours)?;
    let most = number(scale.most);
    let words = if attribution == Attribution::Gradient {
        format!(
            "Blue: more ink here speaks for {class}; orange: against it. At most {most} of its logit."
        )
    } else {
        format!(
            "Blue: without this, {class} is less likely; orange: more likely. At most {most} of its probability."
        )
    };
    dom::text("inside-why-text", &words)
}

impl Panel for InsidePanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        self.paint(&app.cx.answer);
        let pad: Element = dom::by_id("inside-pad")?;
        pad.class_list().toggle_with_force("drawn-on", self.pad.is_drawn_on())?;
        let view = app.panels.inside.view(&app.cx);
        let shown = self.shown.as_ref();
        let same = shown.is_some_and(|(stamp, state)| *stamp == view.stamp && state == view.state);
        Ok(if same { Frame::Unneeded } else { Frame::Wanted })
    }

    fn sight_changed(&mut self) -> Frame {
        self.colours = None;
        self.shown = None;
        Frame::Wanted
    }

    fn fit(&mut self, app: &App) -> Result<(), DomError> {
        if self.pad.fit() {
            self.painted = None;
            self.paint(&app.cx.answer);
        }
        Ok(())
    }

    fn forget_colours(&mut self) {
        self.pad.forget_colour();
        self.painted = None;
        self.colours = None;
        self.shown = None;
    }

    fn frame(&mut self, app: &mut App) -> Result<Frame, DomError> {
        let view = app.panels.inside.view(&app.cx);
        self.shown = Some((view.stamp, view.state.clone()));
        let colours = match self.colours {
            Some(colours) => colours,
            None => *self.colours.insert(Colours::now()?),
        };
        words(&view)?;
        let View { stamp, picture, model: Some(model), state, step, .. } = view else {
            return Ok(Frame::Unneeded);
        };
        if self.architecture.as_ref() != Some(model.architecture) {
            self.rebuild(model.architecture)?;
        }
        let Some(trace) = &mut self.trace else { return Ok(Frame::Unneeded) };
        // A step has its own numbers, so during a run the trace need not follow.
        let is_needed = step.is_none() && self.traced != Some(stamp);
        if is_needed || trace.logits().is_empty() {
            trace.follow(model.weights, &picture);
            self.traced = Some(stamp);
        }
        let class = state.class.unwrap_or_else(|| likeliest(trace.logits()));
        let unit = state.unit.filter(|unit| {
            trace.layers.get(unit.layer).is_some_and(|layer| {
                let Shape { height, width, channels } = layer.shape;
                unit.y < height && unit.x < width && unit.channel < channels
            })
        });
        let sum = self.sum(model, unit);
        let read = unit.and_then(|unit| self.read_layer(unit.layer));
        let reads =
            read.zip(sum.as_ref()).and_then(|(layer, sum)| Some((layer, sum.map, sum.reads?)));
        let Some(trace) = &self.trace else { return Ok(Frame::Unneeded) };
        let is_conv = |unit: Unit| matches!(trace.layers[unit.layer].layer, Layer::Conv2D { .. });
        let sweeps = state.pinned && unit.is_some_and(is_conv);
        let selected = Selected { unit, pinned: state.pinned, sweeps, reads };
        let step = step.filter(|step| step.fits(&trace.layers));
        let seen = step.map(|of| StepShown {
            of,
            parameter: state.one_step.parameter,
            pinned: state.pinned,
        });
        for stage in &self.stages {
            let how = (seen.as_ref(), &colours);
            stage.draw(trace, model, class, &selected, state.change, how)?;
        }
        if !state.one_step.shown {
            softmax(trace.logits(), class)?;
            cross_entropy(trace.logits(), view.label)?;
        }
        let picture = step.map_or(picture, |step| step.image);
        let canvas: HtmlCanvasElement = dom::by_id("inside-picture")?;
        PICTURE.draw(&canvas, &picture, Scale::INK, &colours)?;
        let field = unit.map(|s| trace.field(s.layer, (s.y, s.x, s.channel)));
        mark("inside-field", field)?;
        // A first layer's kernel goes over the picture itself.
        stage::sweep(&dom::by_id("inside-field")?, field.filter(|_| sweeps && read.is_none()))?;
        if state.one_step.shown {
            let number = unit.zip(sum).zip(step).map(|((unit, sum), step)| {
                let shape = trace.layers[unit.layer].shape;
                let at = (unit.y * shape.width + unit.x) * shape.channels + unit.channel;
                one_step::asked(sum.title, step.asked(&trace.layers, unit.layer)[at])
            });
            let words = step.and(state.one_step.words.as_ref());
            one_step::write_out(number.as_ref().or(words), state.pinned)?;
            dom::hide("inside-hint", true)?;
            return overlay(Attribution::Off, None, class, &colours).map(|()| Frame::Unneeded);
        }
        write_out(sum.as_ref(), state.pinned)?;
        let (answer, state) = (&mut app.cx.answer, &app.panels.inside);
        let attribution = self.attribution(answer, state, stamp, (&picture, class));
        let map = attribution.as_ref().map(|(map, _)| map.as_slice());
        overlay(state.attribution, map, class, &colours)?;
        Ok(attribution.map_or(Frame::Unneeded, |(_, frame)| frame))
    }
}

/// The class of the largest logit.
fn likeliest(logits: &[f32]) -> usize {
    let all = logits.iter().enumerate();
    all.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class)
}

/// What the panel says about its subject.
fn words(view: &View) -> Result<(), DomError> {
    dom::text("inside-subject", &view.subject)?;
    dom::hide("inside-back", view.is_drawing)?;
    dom::hide("inside-pad", !view.is_drawing || view.state.one_step.shown)?;
    one_step::words(view)?;
    let label: HtmlSelectElement = dom::by_id("inside-label")?;
    label.set_value(&view.label.map_or_else(String::new, |label| label.to_string()));
    label.set_disabled(view.cannot_label.is_some());
    label.set_title(view.cannot_label.unwrap_or_default());
    let change: HtmlInputElement = dom::by_id("inside-change")?;
    let initial = view.model.is_some_and(|model| model.initial.is_some());
    change.set_disabled(!initial);
    dom::text("inside-change-why", if initial { "" } else { "; train first" })
}

/// Logits, their exponentials and the probabilities, class by class.
fn softmax(logits: &[f32], class: usize) -> Result<(), DomError> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|z| (z - most).exp()).collect();
    let sum: f32 = powers.iter().sum();
    let mut html = String::new();
    for (digit, (z, power)) in logits.iter().zip(&powers).enumerate() {
        html += if digit == class { "<tr class=\"top-class\">" } else { "<tr>" };
        html += "<th scope=\"row\">";
        html += &digit.to_string();
        for value in [*z, *power, power / sum] {
            html += "</th><td>";
            html += &number(value);
        }
        html += "</td></tr>";
    }
    dom::by_id::<Element>("inside-softmax")?.set_inner_html(&html);
    dom::text("inside-softmax-sum", &["Their sum is ", &number(sum)].concat())
}

/// How surprised the network is by the right answer, if it is known.
fn cross_entropy(logits: &[f32], label: Option<usize>) -> Result<(), DomError> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|z| (z - most).exp()).sum();
    let words = match label.and_then(|label| Some((label, logits.get(label)?))) {
        None => "Choose it to see this drawing’s loss.".into(),
        Some((label, z)) => {
            // Computed from the logits, which still have a value where p is too small for one.
            let loss = number(sum.ln() - (z - most));
            let p = number((z - most).exp() / sum);
            format!("Cross-entropy: −log p({label}) = −log {p} = {loss}")
        }
    };
    dom::text("inside-loss", &words)
}

/// Frames a part of the picture.
fn mark(id: &str, field: Option<ReceptiveField>) -> Result<(), DomError> {
    let frame: HtmlElement = dom::by_id(id)?;
    frame.set_hidden(field.is_none());
    if let Some(ReceptiveField { top, bottom, left, right }) = field {
        dom::place(&frame, (left, top), (right - left, bottom - top), (SIDE, SIDE))?;
    }
    Ok(())
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Inside(event)));
}

/// Listens to pointing, keys and choices.
fn listen() -> Result<(), DomError> {
    let stages: HtmlElement = dom::by_id("inside-stages")?;
    for kind in ["pointermove", "pointerdown"] {
        dom::on(&stages, kind, |event: PointerEvent| {
            if let Some(unit) = stage::pointed(&event) {
                happen(Event::Point(unit));
            } else {
                one_step::point(&event, false);
            }
        })?;
    }
    dom::on(&stages, "click", |event: PointerEvent| {
        if let Some(unit) = stage::pointed(&event) {
            happen(Event::Pin(Some(unit)));
        } else {
            one_step::point(&event, true);
        }
    })?;
    dom::on(&stages, "keydown", |event: KeyboardEvent| {
        let layer = stage::layer_of(&event);
        let by = match event.key().as_str() {
            "ArrowUp" => [-1, 0, 0],
            "ArrowDown" => [1, 0, 0],
            "ArrowLeft" => [0, -1, 0],
            "ArrowRight" => [0, 1, 0],
            "PageUp" => [0, 0, -1],
            "PageDown" => [0, 0, 1],
            "Enter" => {
                happen(if layer.is_some() { Event::Pin(None) } else { Event::PinParameter(None) });
                return;
            }
            _ => return,
        };
        if let Some(layer) = layer {
            event.prevent_default();
            happen(Event::Go(layer, by));
        } else if let Some(parameter) = one_step::neighbour(&event, by) {
            event.prevent_default();
            happen(Event::Parameter(parameter, Pointing::Keys));
        }
    })?;
    let room: HtmlElement = dom::by_id("inside")?;
    dom::on(&room, "keydown", |event: KeyboardEvent| {
        if event.key() == "Escape" {
            happen(Event::Release);
        }
    })?;
    dom::press("inside-back", || happen(Event::Look(Subject::Drawing)))?;
    for (id, attribution) in [
        ("inside-why-off", Attribution::Off),
        ("inside-why-gradient", Attribution::Gradient),
        ("inside-why-occlusion", Attribution::Occlusion),
    ] {
        let radio: HtmlElement = dom::by_id(id)?;
        dom::on(&radio, "change", move |_: DomEvent| happen(Event::Attribution(attribution)))?;
    }
    let class: HtmlSelectElement = dom::by_id("inside-class")?;
    let select = class.clone();
    dom::on(&class, "change", move |_: DomEvent| {
        happen(Event::Class(select.value().parse().ok().filter(|&class| class < CLASSES)));
    })?;
    let label: HtmlSelectElement = dom::by_id("inside-label")?;
    let said = label.clone();
    dom::on(&label, "change", move |_: DomEvent| {
        happen(Event::Label(said.value().parse().ok()));
    })?;
    let change: HtmlInputElement = dom::by_id("inside-change")?;
    let tick = change.clone();
    dom::on(&change, "change", move |_: DomEvent| {
        happen(Event::Change(tick.checked()));
        if tick.checked() {
            open_kernels();
        }
    })?;
    one_step::listen()
}

/// Shows what was asked for.
fn open_kernels() {
    for kernels in dom::all::<Element>("#inside-stages details").unwrap_or_default() {
        let _ = kernels.set_attribute("open", "");
    }
}
