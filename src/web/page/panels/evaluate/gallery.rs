//! The test images: a button for each, whose frame says whether it is read right.

use std::ops::Range;

use web_sys::{Element, HtmlCanvasElement, HtmlElement, MouseEvent};

use super::{Press, follow, happen};
use crate::app::panels::evaluate::gallery::{Choice, Exhibit, Gallery as State};
use crate::app::panels::evaluate::{EvaluateState, Event};
use crate::web::page::dom::{self, DomError, copy, hide, part, text, write};
use crate::web::page::roving;

#[derive(Debug)]
pub(super) struct GalleryTiles {
    place: HtmlElement,
    tiles: Vec<Tile>,
    shown: Option<u32>,
}

#[derive(Debug)]
struct Tile {
    /// The image's index in the test set.
    index: u32,
    button: HtmlElement,
    canvas: HtmlCanvasElement,
    words: Element,
    unseen: Element,
    drawn: bool,
    /// The digit that it is read as.
    read: Option<u8>,
}

impl GalleryTiles {
    pub(super) fn new() -> Result<Self, DomError> {
        let place: HtmlElement = dom::by_id("judge-images")?;
        roving::listen(&place)?;
        dom::on(&place, "click", |event: MouseEvent| {
            if let Some(index) = clicked(&event) {
                happen(Event::Look(index));
                follow();
            }
        })?;
        for (id, event) in [
            ("judge-sample", Event::Show(Choice::Sample)),
            ("judge-mistakes", Event::Show(Choice::Mistakes)),
            ("judge-more", Event::More),
        ] {
            let button: HtmlElement = dom::by_id(id)?;
            dom::on(&button, "click", move |_: MouseEvent| happen(event.clone()))?;
        }
        Ok(Self { place, tiles: Vec::new(), shown: None })
    }

    /// Shows the chosen images.
    pub(super) fn show(&mut self, evaluate: &EvaluateState) -> Result<(), DomError> {
        let gallery = &evaluate.gallery;
        for (id, choice) in [("judge-sample", Choice::Sample), ("judge-mistakes", Choice::Mistakes)]
        {
            let button: HtmlElement = dom::by_id(id)?;
            let (can, pressed) = (evaluate.can_show(choice), gallery.choice == choice);
            dom::flag(&button, "aria-disabled", !can)?;
            dom::flag(&button, "aria-pressed", can && pressed)?;
        }
        if self.shown == Some(gallery.revision) {
            return Ok(());
        }
        self.shown = Some(gallery.revision);
        let can = evaluate.can_show(gallery.choice);
        text(
            "judge-images-title",
            if can { gallery.title() } else { "Test images".into() }.as_str(),
        )?;
        hide("judge-images-empty", can)?;
        hide("judge-more", gallery.exhibits.len() >= gallery.total())?;
        let same = self.tiles.len() <= gallery.exhibits.len()
            && self.tiles.iter().zip(&gallery.exhibits).all(|(tile, e)| tile.index == e.index);
        if !same {
            self.place.set_inner_html("");
            self.tiles.clear();
        }
        for exhibit in &gallery.exhibits[self.tiles.len()..] {
            self.tiles.push(self.hang(exhibit)?);
        }
        roving::settle(&self.place);
        Ok(())
    }

    fn hang(&self, exhibit: &Exhibit) -> Result<Tile, DomError> {
        let item = copy("judge-tile")?;
        self.place.append_child(&item)?;
        let button: HtmlElement = part(&item, "button")?;
        button.set_attribute("data-index", &exhibit.index.to_string())?;
        let tile = Tile {
            index: exhibit.index,
            canvas: part(&item, "canvas")?,
            words: part(&item, ".words")?,
            unseen: part(&item, ".unseen")?,
            button,
            drawn: false,
            read: None,
        };
        tile.describe(exhibit)?;
        Ok(tile)
    }

    /// Makes all pictures be drawn again.
    pub(super) fn forget(&mut self) {
        for tile in &mut self.tiles {
            tile.drawn = false;
        }
    }

    /// The images that are on the screen.
    pub(super) fn in_sight(&self) -> Range<usize> {
        let height = dom::window().ok().and_then(|w| w.inner_height().ok()?.as_f64());
        let height = height.unwrap_or(f64::MAX);
        let area = |tile: &Tile| tile.button.get_bounding_client_rect();
        let first = self.tiles.partition_point(|tile| area(tile).bottom() <= 0.0);
        let end = self.tiles.partition_point(|tile| area(tile).top() < height);
        first..end.max(first)
    }

    /// Draws the visible ones and says how they are read.
    pub(super) fn draw(
        &mut self,
        gallery: &State,
        sight: Range<usize>,
        press: &mut Press,
    ) -> Result<(), DomError> {
        let tiles = self.tiles.get_mut(sight.clone()).unwrap_or_default();
        let exhibits = gallery.exhibits.get(sight).unwrap_or_default();
        for (tile, exhibit) in tiles.iter_mut().zip(exhibits) {
            if let (false, Some(picture)) = (tile.drawn, &exhibit.picture) {
                press.print(picture, &tile.canvas)?;
                tile.drawn = true;
            }
            let read = exhibit.reading.map(|reading| reading.digit);
            if tile.read != read {
                tile.read = read;
                tile.describe(exhibit)?;
            }
        }
        text("judge-tally", &gallery.tally())
    }
}

impl Tile {
    fn describe(&self, exhibit: &Exhibit) -> Result<(), DomError> {
        let label = exhibit.label.to_string();
        let image = ["test image ", &exhibit.index.to_string()].concat();
        let (read, words, unseen) = match exhibit.reading {
            None => ("", label, image),
            Some(reading) if reading.digit == exhibit.label => {
                ("right", label, [&image, ", correct"].concat())
            }
            Some(reading) => (
                "wrong",
                [&label, " as ", &reading.digit.to_string()].concat(),
                [&image, ", wrong"].concat(),
            ),
        };
        self.button.set_attribute("data-read", read)?;
        write(&self.words, &words);
        write(&self.unseen, &unseen);
        Ok(())
    }
}

fn clicked(event: &MouseEvent) -> Option<u32> {
    dom::attribute(&dom::around(event, "[data-index]")?, "data-index")
}
