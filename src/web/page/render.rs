//! Writes what has changed in the view, and nothing else, into the document.

use super::controls::SettingsControls;
use super::dom::{self, DomError};
use super::sparkline;
use super::timeline;
use crate::app::answer::Source;
use crate::app::view::{
    AnswerView, Button, CurvesView, PlanView, RunView, TrainerView, ViewChanges,
};
use crate::config::Form;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlProgressElement};

/// The width and height of the accuracy's sparkline in its own units.
const SPARKLINE: (f32, f32) = (96.0, 32.0);

/// A bar of the answer: its row, its ink, its text.
#[derive(Debug)]
struct Bar {
    row: Element,
    ink: HtmlElement,
    text: Element,
}

/// The parts of the document that change.
#[derive(Debug)]
pub(super) struct Document {
    body: HtmlElement,
    bars: Vec<Bar>,
    settings: SettingsControls,
    table: Element,
    empty_table: String,
    answer: Option<AnswerView>,
    run: Option<RunView>,
    curves: Option<CurvesView>,
    plan: Option<PlanView>,
    trainer: Option<TrainerView>,
}

impl Document {
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
            answer: None,
            run: None,
            curves: None,
            plan: None,
            trainer: None,
        })
    }

    pub(super) fn show(&mut self, changes: ViewChanges, form: &Form) -> Result<(), DomError> {
        let ViewChanges { answer, run, curves, plan, trainer } = changes;
        if let Some(new) = answer {
            self.show_answer(&new, self.answer.as_ref())?;
            self.answer = Some(new);
        }
        if let Some(new) = run {
            self.show_run(&new, self.run.as_ref())?;
            self.run = Some(new);
        }
        if let Some(new) = curves {
            self.show_curves(&new, self.curves.as_ref())?;
            self.curves = Some(new);
        }
        if let Some(new) = plan {
            self.show_plan(&new, self.plan.as_ref(), form)?;
            self.plan = Some(new);
        }
        if let Some(new) = trainer {
            self.show_trainer(&new, self.trainer.as_ref())?;
            self.trainer = Some(new);
        }
        Ok(())
    }

    /// Sets an attribute of `<body>` that tests and people's scripts rely on.
    fn contract<T: ToString>(&self, name: &str, value: Option<T>) -> Result<(), DomError> {
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        Ok(self.body.set_attribute(name, &value)?)
    }

    fn show_answer(&self, new: &AnswerView, old: Option<&AnswerView>) -> Result<(), DomError> {
        let predicted = |view: &AnswerView| view.digit.filter(|_| !view.demonstration);
        if old.map(predicted) != Some(predicted(new)) {
            self.contract("data-prediction", predicted(new))?;
        }
        if changed(old, new, |v| &v.doubted) {
            self.contract("data-doubt", Some(new.doubted))?;
        }
        if changed(old, new, |v| &v.digit) || changed(old, new, |v| &v.unsure) {
            for id in ["digit", "rail-digit"] {
                let digit: Element = dom::by_id(id)?;
                digit.set_text_content(new.digit.map(|digit| digit.to_string()).as_deref());
                digit.class_list().toggle_with_force("unsure", new.unsure)?;
            }
            for (i, bar) in self.bars.iter().enumerate() {
                bar.row.class_list().toggle_with_force("top-class", new.digit == Some(i))?;
            }
        }
        if changed(old, new, |v| &v.bars) {
            let shares = new.bars.unwrap_or_default();
            for (bar, share) in self.bars.iter().zip(shares) {
                let share = if share.is_finite() { share } else { 0.0 };
                bar.ink.style().set_property("--share", &format!("{share:.4}"))?;
            }
        }
        for (i, bar) in self.bars.iter().enumerate() {
            if changed(old, new, |v| &v.percents[i]) {
                bar.text.set_text_content(Some(&new.percents[i]));
            }
        }
        words(new, old, "verdict", |v| &v.line)?;
        words(new, old, "weights-shipped-name", |v| v.shipped_name)?;
        words(new, old, "weights-run-name", |v| &v.run_name)?;
        words(new, old, "hint", |v| &v.hint)?;
        if changed(old, new, |v| &v.hinted) {
            dom::hide("hint", !new.hinted)?;
        }
        if changed(old, new, |v| &v.drawn) {
            for id in ["undo", "clear"] {
                let why = (!new.drawn).then_some("Nothing is drawn yet");
                dom::disable(&dom::by_id(id)?, why)?;
            }
        }
        weights(new, old)
    }

    fn show_run(&self, new: &RunView, old: Option<&RunView>) -> Result<(), DomError> {
        if changed(old, new, |v| &v.state) {
            self.contract("data-state", Some(new.state.word()))?;
        }
        if changed(old, new, |v| &v.epoch) {
            self.contract("data-epoch", Some(new.epoch))?;
        }
        if changed(old, new, |v| &v.step) {
            self.contract("data-step", Some(new.step))?;
        }
        if changed(old, new, |v| &v.test_accuracy) {
            self.contract("data-test-accuracy", new.test_accuracy)?;
        }
        if changed(old, new, |v| &v.images_per_second) {
            self.contract("data-images-per-second", Some(new.images_per_second))?;
        }
        let buttons: [(&str, Part<RunView, Button>); 4] = [
            ("train", |v| &v.train),
            ("rail-train", |v| &v.train),
            ("step", |v| &v.step_button),
            ("reset", |v| &v.reset),
        ];
        for (id, part) in buttons {
            if changed(old, new, part) {
                let (button, element) = (part(new), dom::by_id::<HtmlElement>(id)?);
                element.set_text_content(Some(button.label));
                dom::disable(&element, button.disabled)?;
            }
        }
        if changed(old, new, |v| &v.recipes) {
            self.settings.show_outcomes(&new.recipes)?;
        }
        if changed(old, new, |v| &v.title) {
            dom::document()?.set_title(&new.title);
        }
        if changed(old, new, |v| &v.interrupted) {
            dom::flag(&self.body, "data-resumable", !new.interrupted.is_empty())?;
            dom::hide("interrupted", new.interrupted.is_empty())?;
        }
        if changed(old, new, |v| &v.done) {
            dom::hide("done", new.done.is_empty())?;
        }
        let lines: [(&str, Part<RunView, str>); 9] = [
            ("done-text", |v| &v.done),
            ("interrupted-text", |v| &v.interrupted),
            ("why", |v| v.why),
            ("run-text", |v| &v.text),
            ("run-left", |v| &v.left),
            ("test-accuracy", |v| &v.accuracy_figure),
            ("rail-accuracy", |v| &v.accuracy_now),
            ("throughput", |v| &v.rate_figure),
            ("minibatch", |v| &v.step_figure),
        ];
        for (id, part) in lines {
            words(new, old, id, part)?;
        }
        if changed(old, new, |v| &v.share) {
            dom::by_id::<HtmlProgressElement>("run-bar")?.set_value(f64::from(new.share));
        }
        Ok(())
    }

    fn show_curves(&self, new: &CurvesView, old: Option<&CurvesView>) -> Result<(), DomError> {
        words(new, old, "loss-text", |v| &v.loss_text)?;
        words(new, old, "accuracy-text", |v| &v.accuracy_text)?;
        if changed(old, new, |v| &v.has_curves) {
            for id in ["loss-text", "accuracy-text"] {
                let list = dom::by_id::<Element>(id)?.class_list();
                list.toggle_with_force("unseen", new.has_curves)?;
            }
        }
        if changed(old, new, |v| &v.sparkline) {
            let path = sparkline::path(&new.sparkline, SPARKLINE);
            dom::by_id::<Element>("rail-line")?.set_attribute("d", &path)?;
        }
        if changed(old, new, |v| &v.rows) {
            self.rows(new)?;
        }
        if changed(old, new, |v| &v.timeline.moment) {
            self.contract("data-moment", new.timeline.moment)?;
        }
        if changed(old, new, |v| &v.timeline) {
            timeline::show(&new.timeline)?;
        }
        Ok(())
    }

    fn show_plan(
        &self,
        new: &PlanView,
        old: Option<&PlanView>,
        form: &Form,
    ) -> Result<(), DomError> {
        if changed(old, new, |v| &v.form_revision) {
            self.settings.show(form)?;
        }
        if changed(old, new, |v| &v.locked) {
            self.settings.lock(new.locked)?;
        }
        let starts: [(&str, Part<PlanView, Option<&'static str>>); 2] = [
            ("start-shipped", |v| &v.cannot_start_shipped),
            ("start-current", |v| &v.cannot_start_current),
        ];
        for (id, cannot) in starts {
            if changed(old, new, cannot) {
                let option: HtmlOptionElement = dom::by_id(id)?;
                option.set_disabled(cannot(new).is_some());
                option.set_title(cannot(new).unwrap_or_default());
            }
        }
        let lines =
            ["plan-network", "plan-optimizer", "plan-images", "plan-minibatches", "plan-weights"];
        for (i, id) in lines.into_iter().enumerate() {
            if changed(old, new, |v| &v.plan[i]) {
                let line = &new.plan[i];
                dom::text(id, &line.words)?;
                let list = dom::by_id::<Element>(id)?.class_list();
                list.toggle_with_force("unusual", line.unusual)?;
            }
        }
        Ok(())
    }

    fn show_trainer(&self, new: &TrainerView, old: Option<&TrainerView>) -> Result<(), DomError> {
        if changed(old, new, |v| &v.workers) {
            self.contract("data-workers", Some(new.workers))?;
        }
        if changed(old, new, |v| &v.backend) {
            self.body.set_attribute("data-backend", &new.backend)?;
        }
        words(new, old, "data-text", |v| &v.data_text)?;
        words(new, old, "engine", |v| &v.engine)?;
        if changed(old, new, |v| &v.problem) {
            let problem = new.problem.as_ref();
            let text = problem.map_or("", |problem| &problem.text);
            self.body.set_attribute("data-error", text)?;
            dom::hide("problem", problem.is_none())?;
            if let Some(problem) = problem {
                dom::text("problem-text", text)?;
                dom::text("problem-action", problem.action)?;
                dom::hide("problem-action", false)?;
            }
        }
        if changed(old, new, |v| &v.notice) {
            dom::hide("notice", new.notice.is_none())?;
            dom::text("notice-text", new.notice.as_deref().unwrap_or_default())?;
        }
        if changed(old, new, |v| &v.data_share) {
            dom::hide("data-bar", new.data_share.is_none())?;
            let share = f64::from(new.data_share.unwrap_or(1.0));
            dom::by_id::<HtmlProgressElement>("data-bar")?.set_value(share);
        }
        if changed(old, new, |v| &v.data_failed) {
            dom::hide("data-retry", !new.data_failed)?;
        }
        Ok(())
    }

    fn rows(&self, view: &CurvesView) -> Result<(), DomError> {
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

/// Shows only why the page has ended.
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

/// Picks a value from a part of the view.
type Part<V, T> = fn(&V) -> &T;

fn changed<V, T: PartialEq + ?Sized>(old: Option<&V>, new: &V, part: impl Fn(&V) -> &T) -> bool {
    old.is_none_or(|old| part(old) != part(new))
}

/// Writes the text if it has changed.
fn words<V>(new: &V, old: Option<&V>, id: &str, part: fn(&V) -> &str) -> Result<(), DomError> {
    if changed(old, new, part) { dom::text(id, part(new)) } else { Ok(()) }
}

/// Shows which weights answer, and which others can.
fn weights(view: &AnswerView, old: Option<&AnswerView>) -> Result<(), DomError> {
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
    // A click has already checked one, but the app may have decided otherwise.
    for (radio, source) in [(shipped, Source::Shipped), (run, Source::Run), (tuned, Source::Tuned)]
    {
        radio.set_checked(view.source == source);
    }
    Ok(())
}
