//! Writes what has changed of the view into the document, and nothing else.

use super::controls::SettingsControls;
use super::dom::{self, DomError};
use crate::app::answer::Source;
use crate::app::view::{Button, View};
use crate::config::Form;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlProgressElement};

/// A bar of the answer: its row, its ink, its text.
#[derive(Debug)]
struct Bar {
    row: Element,
    ink: HtmlElement,
    text: Element,
}

/// The document's changing parts.
#[derive(Debug)]
pub(super) struct Document {
    body: HtmlElement,
    bars: Vec<Bar>,
    settings: SettingsControls,
    table: Element,
    empty_table: String,
    shown: Option<View>,
}

impl Document {
    /// Finds the parts.
    pub(super) fn new(settings: SettingsControls) -> Result<Self, DomError> {
        let mut bars = Vec::new();
        for row in dom::all::<Element>("#bars > li")? {
            bars.push(Bar {
                ink: dom::part(&row, ".bar > span")?,
                text: dom::part(&row, ".share")?,
                row,
            });
        }
        let table: Element = dom::by_id("epochs-table")?;
        Ok(Self {
            body: dom::document()?.body().ok_or(DomError::NoDocument)?,
            bars,
            settings,
            empty_table: table.inner_html(),
            table,
            shown: None,
        })
    }

    /// Shows the view.
    pub(super) fn show(&mut self, view: View, form: &Form) -> Result<(), DomError> {
        let before = self.shown.take();
        let old = before.as_ref();
        self.contract(&view, old)?;
        self.answer(&view, old)?;
        self.form(&view, old, form)?;
        plan(&view, old)?;
        words(&view, old)?;
        buttons(&view, old)?;
        progress(&view, old)?;
        if changed(old, &view, |v| &v.rows) {
            self.rows(&view)?;
        }
        self.shown = Some(view);
        Ok(())
    }

    /// The attributes of `<body>` that tests and people's scripts rely on.
    fn contract(&self, view: &View, old: Option<&View>) -> Result<(), DomError> {
        let attributes = |v: &View| {
            [
                ("data-state", v.state.word().into()),
                ("data-epoch", v.epoch.to_string()),
                ("data-step", v.step.to_string()),
                ("data-prediction", v.digit.map(|d| d.to_string()).unwrap_or_default()),
                ("data-test-accuracy", v.test_accuracy.map(|a| a.to_string()).unwrap_or_default()),
                ("data-images-per-second", v.images_per_second.to_string()),
                ("data-workers", v.workers.to_string()),
                ("data-backend", v.backend.clone()),
                ("data-error", v.problem.as_ref().map(|p| p.text.clone()).unwrap_or_default()),
            ]
        };
        let shown = old.map(attributes);
        for (i, (name, value)) in attributes(view).into_iter().enumerate() {
            if shown.as_ref().is_none_or(|shown| shown[i].1 != value) {
                self.body.set_attribute(name, &value)?;
            }
        }
        Ok(())
    }

    fn answer(&self, view: &View, old: Option<&View>) -> Result<(), DomError> {
        if changed(old, view, |v| &v.digit) || changed(old, view, |v| &v.unsure) {
            let digit: Element = dom::by_id("digit")?;
            digit.set_text_content(view.digit.map(|digit| digit.to_string()).as_deref());
            digit.class_list().toggle_with_force("unsure", view.unsure)?;
            for (i, bar) in self.bars.iter().enumerate() {
                bar.row.class_list().toggle_with_force("top-class", view.digit == Some(i))?;
            }
        }
        if changed(old, view, |v| &v.bars) {
            let shares = view.bars.unwrap_or_default();
            for (bar, share) in self.bars.iter().zip(shares) {
                let share = if share.is_finite() { share } else { 0.0 };
                bar.ink.style().set_property("transform", &format!("scaleX({share:.4})"))?;
            }
        }
        for (i, bar) in self.bars.iter().enumerate() {
            if changed(old, view, |v| &v.percents[i]) {
                bar.text.set_text_content(Some(&view.percents[i]));
            }
        }
        if changed(old, view, |v| &v.drawn) {
            dom::hide("hint", view.drawn)?;
        }
        Ok(())
    }

    fn form(&self, view: &View, old: Option<&View>, form: &Form) -> Result<(), DomError> {
        if changed(old, view, |v| &v.form_revision) {
            self.settings.show(form)?;
        }
        if changed(old, view, |v| &v.settings_locked) {
            self.settings.lock(view.settings_locked)?;
        }
        let starts: [(&str, ViewPart<Option<&'static str>>); 2] = [
            ("start-shipped", |v| &v.cannot_start_shipped),
            ("start-current", |v| &v.cannot_start_current),
        ];
        for (id, cannot) in starts {
            if changed(old, view, cannot) {
                let option: HtmlOptionElement = dom::by_id(id)?;
                option.set_disabled(cannot(view).is_some());
                option.set_title(cannot(view).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn rows(&self, view: &View) -> Result<(), DomError> {
        for id in ["held-out-loss", "held-out-accuracy"] {
            dom::hide(id, !view.held_out)?;
        }
        if view.rows.is_empty() {
            self.table.set_inner_html(&self.empty_table);
            return Ok(());
        }
        let document = dom::document()?;
        self.table.set_inner_html("");
        for row in &view.rows {
            let line = document.create_element("tr")?;
            for (i, cell) in row.iter().enumerate() {
                let element = document.create_element(if i == 0 { "th" } else { "td" })?;
                if i == 0 {
                    element.set_attribute("scope", "row")?;
                }
                element.set_text_content(Some(cell));
                line.append_child(&element)?;
            }
            self.table.append_child(&line)?;
        }
        Ok(())
    }
}

/// Shows nothing more but why the page has ended.
pub(super) fn end(words: &str) -> Result<(), DomError> {
    let body = dom::document()?.body().ok_or(DomError::NoDocument)?;
    dom::text("problem-text", words)?;
    dom::hide("problem-action", true)?;
    dom::hide("problem", false)?;
    dom::text("verdict", "")?;
    body.set_attribute("data-error", words)?;
    body.set_attribute("data-state", "error")?;
    Ok(())
}

/// A part of the view.
type ViewPart<T> = fn(&View) -> &T;

fn changed<T: PartialEq + ?Sized>(
    old: Option<&View>,
    new: &View,
    part: impl Fn(&View) -> &T,
) -> bool {
    old.is_none_or(|old| part(old) != part(new))
}

fn words(view: &View, old: Option<&View>) -> Result<(), DomError> {
    let words: [(&str, ViewPart<String>); 13] = [
        ("verdict", |v| &v.answer_line),
        ("weights-shipped-name", |v| &v.shipped_name),
        ("weights-run-name", |v| &v.run_name),
        ("why", |v| &v.why),
        ("run-text", |v| &v.run_text),
        ("run-left", |v| &v.run_left),
        ("test-accuracy", |v| &v.accuracy_figure),
        ("throughput", |v| &v.rate_figure),
        ("minibatch", |v| &v.step_figure),
        ("data-text", |v| &v.data_text),
        ("loss-text", |v| &v.loss_text),
        ("accuracy-text", |v| &v.accuracy_text),
        ("engine", |v| &v.engine),
    ];
    for (id, part) in words {
        if changed(old, view, part) {
            dom::text(id, part(view))?;
        }
    }
    if changed(old, view, |v| &v.has_curves) {
        for id in ["loss-text", "accuracy-text"] {
            dom::by_id::<Element>(id)?.class_list().toggle_with_force("unseen", view.has_curves)?;
        }
    }
    if changed(old, view, |v| &v.problem) {
        dom::hide("problem", view.problem.is_none())?;
        if let Some(problem) = &view.problem {
            dom::text("problem-text", &problem.text)?;
            dom::text("problem-action", problem.action)?;
            dom::hide("problem-action", false)?;
        }
    }
    if changed(old, view, |v| &v.notice) {
        dom::hide("notice", view.notice.is_none())?;
        dom::text("notice-text", view.notice.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

fn plan(view: &View, old: Option<&View>) -> Result<(), DomError> {
    let lines =
        ["plan-network", "plan-optimizer", "plan-images", "plan-minibatches", "plan-weights"];
    for (i, id) in lines.into_iter().enumerate() {
        if changed(old, view, |v| &v.plan[i]) {
            let line = &view.plan[i];
            dom::text(id, &line.words)?;
            let list = dom::by_id::<Element>(id)?.class_list();
            list.toggle_with_force("unusual", line.unusual)?;
        }
    }
    Ok(())
}

fn buttons(view: &View, old: Option<&View>) -> Result<(), DomError> {
    let buttons: [(&str, ViewPart<Button>); 3] =
        [("train", |v| &v.train), ("step", |v| &v.step_button), ("reset", |v| &v.reset)];
    for (id, part) in buttons {
        if changed(old, view, part) {
            let (button, element) = (part(view), dom::by_id::<HtmlElement>(id)?);
            element.set_text_content(Some(button.label));
            dom::disable(&element, button.disabled)?;
        }
    }
    if changed(old, view, |v| &v.drawn) {
        for id in ["undo", "clear"] {
            let why = (!view.drawn).then_some("Nothing is drawn yet");
            dom::disable(&dom::by_id(id)?, why)?;
        }
    }
    let shipped: HtmlInputElement = dom::by_id("weights-shipped")?;
    let run: HtmlInputElement = dom::by_id("weights-run")?;
    let tuned: HtmlInputElement = dom::by_id("weights-tuned")?;
    if changed(old, view, |v| &v.tuned_here) {
        dom::hide("weights-tuned-choice", !view.tuned_here)?;
    }
    if changed(old, view, |v| &v.shipped_here) || changed(old, view, |v| &v.run_here) {
        shipped.set_disabled(!view.shipped_here && view.run_here);
        run.set_disabled(!view.run_here);
    }
    // A click has ticked one already; the app may have decided otherwise.
    for (radio, source) in [(shipped, Source::Shipped), (run, Source::Run), (tuned, Source::Tuned)]
    {
        radio.set_checked(view.answers == source);
    }
    Ok(())
}

fn progress(view: &View, old: Option<&View>) -> Result<(), DomError> {
    if changed(old, view, |v| &v.run_share) {
        dom::by_id::<HtmlProgressElement>("run-bar")?.set_value(f64::from(view.run_share));
    }
    if changed(old, view, |v| &v.data_share) {
        dom::hide("data-bar", view.data_share.is_none())?;
        let share = f64::from(view.data_share.unwrap_or(1.0));
        dom::by_id::<HtmlProgressElement>("data-bar")?.set_value(share);
    }
    if changed(old, view, |v| &v.data_failed) {
        dom::hide("data-retry", !view.data_failed)?;
    }
    Ok(())
}
