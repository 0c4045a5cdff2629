//! The timeline below the curves: the slider, Play, and dragging along a curve.

use super::charts;
use super::dispatch::dispatch;
use super::dom::{self, DomError};
use crate::app::Event;
use crate::app::timeline::Event as Happened;
use crate::app::view::TimelineView;
use web_sys::{CustomEvent, Event as DomEvent, HtmlElement, HtmlInputElement};

/// Listens to it. The charts tell of a drag by the minibatch that was pointed at (`www/charts.js`).
pub(super) fn listen() -> Result<(), DomError> {
    let slider: HtmlInputElement = dom::by_id("timeline")?;
    let moved = slider.clone();
    dom::on(&slider, "input", move |_: DomEvent| {
        happen(Happened::Go(moved.value_as_number() as usize));
    })?;
    dom::press("play", || happen(Happened::Play))?;
    dom::on(dom::document()?.as_ref(), "moment", |event: CustomEvent| {
        happen(Happened::GoTo(event.detail().as_f64().unwrap_or_default() as u32));
    })
}

fn happen(event: Happened) {
    dispatch(Event::Timeline(event));
}

/// Shows the moment on the slider, in words and as a line in the charts.
pub(super) fn show(view: &TimelineView) -> Result<(), DomError> {
    let slider: HtmlInputElement = dom::by_id("timeline")?;
    slider.set_max(&view.past.to_string());
    slider.set_value_as_number(view.at.into());
    slider.set_disabled(view.past == 0);
    slider.set_attribute("aria-valuetext", &view.text)?;
    dom::text("timeline-text", &view.text)?;
    let play: HtmlElement = dom::by_id("play")?;
    dom::write(&play, if view.playing { "Stop" } else { "Play" });
    dom::disable(&play, (view.past == 0).then_some("Train first: then the run can be played"))?;
    charts::mark(view.moment);
    Ok(())
}
