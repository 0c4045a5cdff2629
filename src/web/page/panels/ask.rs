//! Ask it in the document: the questions, and the picture that answers one of them.

use crate::app::panels::ask::{Event, View};
use crate::app::{self, App, panels};
use crate::net::ascent::Goal;
use crate::web::page::announce;
use crate::web::page::canvas::{Colours, PICTURE, Scale};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError};
use crate::web::page::panels::panel::{Frame, Panel};
use web_sys::MouseEvent;
use web_sys::{Event as DomEvent, HtmlCanvasElement, HtmlElement, HtmlInputElement};

#[derive(Debug)]
pub(super) struct AskPanel {
    /// What each button asks for.
    buttons: Vec<(Goal, HtmlElement)>,
    picture: HtmlCanvasElement,
    change: HtmlCanvasElement,
    share: HtmlInputElement,
    colours: Option<Colours>,
    shown: Option<View>,
    /// Whether an answer is on its way.
    is_thinking: bool,
}

impl AskPanel {
    pub(super) fn new() -> Result<Self, DomError> {
        let mut buttons = Vec::new();
        for (kind, goal) in
            [("typical", Goal::Typical as fn(usize) -> Goal), ("change", Goal::Change)]
        {
            let of_kind = dom::all::<HtmlElement>(&["[data-ask=", kind, "]"].concat())?;
            for (digit, button) in of_kind.into_iter().enumerate() {
                let goal = goal(digit);
                dom::on(&button, "click", move |_: MouseEvent| happen(Event::Ask(goal)))?;
                buttons.push((goal, button));
            }
        }
        let share: HtmlInputElement = dom::by_id("ask-share")?;
        let moved = share.clone();
        dom::on(&share, "input", move |_: DomEvent| {
            happen(Event::Share(moved.value_as_number() as f32 / 100.0));
        })?;
        dom::press("ask-stop", || happen(Event::Stop))?;
        let (picture, change) = (dom::by_id("ask-picture")?, dom::by_id("ask-change")?);
        Ok(Self { buttons, picture, change, share, colours: None, shown: None, is_thinking: false })
    }

    fn render(&mut self, view: View) -> Result<(), DomError> {
        if self.shown.as_ref() == Some(&view) {
            return Ok(());
        }
        let is_change = matches!(view.question, Some(Goal::Change(_)));
        dom::text("ask-words", &view.words)?;
        dom::text("ask-reading", &view.reading)?;
        dom::hide("ask-stop", view.question.is_none())?;
        dom::hide("ask-share-line", !is_change)?;
        self.change.set_hidden(!is_change);
        self.share.set_value_as_number((100.0 * view.share).round().into());
        self.show_buttons(&view)?;
        let colours = match self.colours {
            Some(colours) => colours,
            None => *self.colours.insert(Colours::now()?),
        };
        let blank = vec![0.0; PICTURE.shape.size()];
        let picture = if view.picture.is_empty() { &blank } else { &view.picture };
        PICTURE.draw(&self.picture, picture, Scale::INK, &colours)?;
        if is_change {
            let scale = Scale { most: 1.0, signed: true };
            PICTURE.draw(&self.change, &view.change, scale, &colours)?;
        }
        self.shown = Some(view);
        Ok(())
    }

    /// Marks the question that is asked, and says why others cannot be.
    fn show_buttons(&self, view: &View) -> Result<(), DomError> {
        let same = |shown: &View| {
            (shown.question, shown.cannot, shown.cannot_change)
                == (view.question, view.cannot, view.cannot_change)
        };
        if self.shown.as_ref().is_some_and(same) {
            return Ok(());
        }
        for (goal, button) in &self.buttons {
            let why = match goal {
                Goal::Typical(_) => view.cannot,
                Goal::Change(_) => view.cannot_change,
            };
            dom::flag(button, "aria-pressed", view.question == Some(*goal))?;
            dom::disable(button, why)?;
        }
        Ok(())
    }
}

impl Panel for AskPanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        let view = app.panels.ask.view(&app.cx);
        let asked = view.question.is_some();
        self.render(view)?;
        Ok(if asked { Frame::Wanted } else { Frame::Unneeded })
    }

    fn frame(&mut self, app: &mut App) -> Result<Frame, DomError> {
        let thought = app.think();
        let view = app.panels.ask.view(&app.cx);
        if !thought && self.is_thinking {
            announce::announce([view.words.as_str(), &view.reading].join(" "))?;
        }
        self.is_thinking = thought;
        self.render(view)?;
        Ok(if thought { Frame::Wanted } else { Frame::Unneeded })
    }

    fn forget_colours(&mut self) {
        (self.colours, self.shown) = (None, None);
    }
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Ask(event)));
}
