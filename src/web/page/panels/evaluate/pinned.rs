//! The pinned drawings: how each is read now, and how sure of its label the network has been.

use web_sys::{Element, HtmlCanvasElement, HtmlElement, MouseEvent};

use super::{Press, follow, happen};
use crate::app::collection::Key;
use crate::app::drawings::{self, DrawingSet, Labelled};
use crate::app::format::percent;
use crate::app::panels::evaluate::{EvaluateState as State, Event, View, Watched};
use crate::app::{self, panels};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError, copy, hide, part, text, write};
use crate::web::page::focus;
use crate::web::page::sparkline;

/// The history's width and height in its own units.
const CHART: (f32, f32) = (120.0, 24.0);

#[derive(Debug)]
pub(super) struct Pinned {
    place: HtmlElement,
    cards: Vec<Card>,
    shown: Option<u32>,
    cannot: Option<Option<&'static str>>,
}

#[derive(Debug)]
struct Card {
    key: Key,
    element: Element,
    canvas: HtmlCanvasElement,
    words: Element,
    share: Element,
    path: Element,
    drawn: bool,
}

impl Pinned {
    pub(super) fn new() -> Result<Self, DomError> {
        for (label, button) in (0..).zip(dom::all::<HtmlElement>("#judge-pin button")?) {
            dom::on(&button, "click", move |_: MouseEvent| happen(Event::Pin(label)))?;
        }
        dom::press("judge-undo", || {
            focus::follow("#judge-pinned [data-do=unpin]", || {
                update_collection(drawings::Event::Undelete);
            });
        })?;
        let place: HtmlElement = dom::by_id("judge-pinned")?;
        dom::on(&place, "click", |event: MouseEvent| match clicked(&event) {
            Some((key, what)) if what == "unpin" => {
                update_collection(drawings::Event::Delete(key));
                // The button that had the focus is gone.
                dom::focus("#judge-undo");
            }
            Some((key, _)) => {
                happen(Event::LookAtPinned(key));
                follow();
            }
            None => {}
        })?;
        Ok(Self { place, cards: Vec::new(), shown: None, cannot: None })
    }

    /// Shows the drawings, and whether another can be pinned.
    pub(super) fn show(&mut self, view: &View) -> Result<(), DomError> {
        let cannot = view.cannot_pin;
        if self.cannot != Some(cannot) {
            self.cannot = Some(cannot);
            text("judge-cannot-pin", cannot.unwrap_or("Which digit did you draw?"))?;
            for button in dom::all::<HtmlElement>("#judge-pin button")? {
                dom::disable(&button, cannot)?;
            }
        }
        let pinned = &view.state.pinned;
        if self.shown == Some(pinned.revision()) {
            return Ok(());
        }
        self.shown = Some(pinned.revision());
        hide("judge-pinned-empty", !pinned.is_read() || !pinned.all().is_empty())?;
        hide("judge-pinned-problem", view.problem.is_none())?;
        text("judge-pinned-problem", view.problem.as_deref().unwrap_or_default())?;
        hide("judge-unpinned", view.unpinned.is_none())?;
        if let Some(drawing) = view.unpinned {
            text(
                "judge-unpinned-text",
                &["Your ", &drawing.label.to_string(), " is unpinned."].concat(),
            )?;
        }
        self.place.set_inner_html("");
        self.cards.clear();
        for drawing in pinned.all() {
            self.cards.push(self.pin(drawing)?);
        }
        Ok(())
    }

    fn pin(&self, drawing: &Labelled) -> Result<Card, DomError> {
        let element = copy("pinned-card")?;
        self.place.append_child(&element)?;
        element.set_attribute("data-key", &drawing.key.to_string())?;
        let label = drawing.label.to_string();
        let name = |what: &str, verb: &str| -> Result<(), DomError> {
            let button: Element = part(&element, what)?;
            Ok(button.set_attribute("aria-label", &[verb, &label].concat())?)
        };
        name("[data-do=look]", "Look inside at your ")?;
        name("[data-do=unpin]", "Unpin your ")?;
        Ok(Card {
            key: drawing.key,
            canvas: part(&element, "canvas")?,
            words: part(&element, ".words")?,
            share: part(&element, ".share")?,
            path: part(&element, "path")?,
            element,
            drawn: false,
        })
    }

    /// Makes all pictures be drawn again.
    pub(super) fn forget(&mut self) {
        for card in &mut self.cards {
            card.drawn = false;
        }
    }

    /// Draws the drawings and says how they are read.
    pub(super) fn draw(&mut self, evaluate: &State, press: &mut Press) -> Result<(), DomError> {
        for (card, drawing) in self.cards.iter_mut().zip(evaluate.pinned.all()) {
            if !card.drawn {
                press.print(&drawing.picture, &card.canvas)?;
                card.drawn = true;
            }
            card.describe(drawing.label, evaluate.watched(card.key))?;
        }
        Ok(())
    }
}

impl Card {
    fn describe(&self, label: u8, watched: Option<&Watched>) -> Result<(), DomError> {
        let label_name = label.to_string();
        let reading = watched.and_then(|watched| watched.reading);
        let Some((watched, reading)) = watched.zip(reading) else {
            write(&self.words, &["Your ", &label_name].concat());
            write(&self.share, "");
            return Ok(());
        };
        let right = reading.digit == label;
        self.element.set_attribute("data-read", if right { "right" } else { "wrong" })?;
        write(
            &self.words,
            &["Your ", &label_name, ", predicted as ", &reading.digit.to_string()].concat(),
        );
        let values = watched.history.values();
        let share = values.last().copied().unwrap_or(reading.share);
        write(&self.share, &[&percent(share), " for ", &label_name].concat());
        self.path.set_attribute("d", &sparkline::path(values, CHART))?;
        Ok(())
    }
}

fn update_collection(event: drawings::Event) {
    dispatch(app::Event::Panel(panels::Event::Drawings(DrawingSet::Pinned, event)));
}

/// The drawing whose button was clicked, and what the button does.
fn clicked(event: &MouseEvent) -> Option<(Key, String)> {
    let button = dom::around(event, "[data-do]")?;
    Some((dom::attribute(&button, "data-key")?, button.get_attribute("data-do")?))
}
