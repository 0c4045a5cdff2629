//! The confusion matrix and the figures of each class, in tables that each evaluation fills again.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent};

use super::happen;
use crate::app::panels::evaluate::gallery::Choice;
use crate::app::panels::evaluate::{Event, Figures};
use crate::data::CLASSES;
use crate::net::metrics::Confusion;
use crate::web::page::dom::{self, DomError, write};
use crate::web::page::roving;

/// The parts of the tables that change.
#[derive(Debug)]
pub(super) struct Matrix {
    body: HtmlElement,
    /// `[label][answer]`
    cells: Vec<HtmlElement>,
    /// Precision, recall, F1 and images of each class, then the macro means.
    scores: Vec<Element>,
}

impl Matrix {
    /// Creates the tables' rows and listens to the cells.
    pub(super) fn new() -> Result<Self, DomError> {
        let mut rows = String::new();
        for label in 0..CLASSES {
            rows += "<tr><th scope=\"row\">";
            rows += &label.to_string();
            rows += "</th>";
            for answer in 0..CLASSES {
                rows += if label == answer { "<td class=\"right\">" } else { "<td>" };
                rows += "<button type=\"button\" tabindex=\"-1\" hidden></button></td>";
            }
            rows += "</tr>";
        }
        let body: HtmlElement = dom::by_id("judge-matrix")?;
        body.set_inner_html(&rows);
        roving::listen(&body)?;
        let cells = dom::all::<HtmlElement>("#judge-matrix button")?;
        for (at, cell) in cells.iter().enumerate() {
            let (label, answer) = ((at / CLASSES) as u8, (at % CLASSES) as u8);
            dom::on(cell, "click", move |_: MouseEvent| {
                happen(Event::Show(Choice::Cell { label, answer }));
                // The images may be below the tables.
                dom::focus("#judge-images-title");
            })?;
        }
        Ok(Self { body, cells, scores: dom::all("#judge-scores td")? })
    }

    pub(super) fn show(&self, figures: &Figures) -> Result<(), DomError> {
        for (at, cell) in self.cells.iter().enumerate() {
            show(cell, &figures.confusion, at / CLASSES, at % CLASSES)?;
        }
        roving::settle(&self.body);
        for (cell, words) in self.scores.iter().zip(figures.scores.iter().flatten()) {
            write(cell, words);
        }
        Ok(())
    }
}

fn show(
    cell: &HtmlElement,
    confusion: &Confusion,
    label: usize,
    answer: usize,
) -> Result<(), DomError> {
    let count = confusion.count(label, answer);
    cell.set_hidden(count == 0);
    if count > 0 {
        write(cell, &count.to_string());
        // The label contains the number as it is shown, for people who see it and press it by speech.
        let images = if count == 1 { "image" } else { "images" };
        cell.set_attribute(
            "aria-label",
            &format!("{label} predicted as {answer}: {count} {images}"),
        )?;
    }
    if let Some(place) = cell.parent_element() {
        // The cube root makes one in a thousand visible.
        let share = (count as f32 / confusion.images(label).max(1) as f32).cbrt();
        let style = place.unchecked_ref::<HtmlElement>().style();
        style.set_property("--share", &format!("{}%", (100.0 * share) as u32))?;
    }
    Ok(())
}
