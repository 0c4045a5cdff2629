//! Test in the document: the figures, the confusion matrix, test images and pinned drawings. Pictures are read and
//! drawn in animation frames, and of the test images only the visible ones.

mod duel;
mod gallery;
mod map;
mod matrix;
mod pinned;

use web_sys::{HtmlCanvasElement, HtmlElement};

use crate::app::panels::evaluate::Event;
use crate::app::{self, App, panels};
use crate::data::PIXELS;
use crate::web::page::canvas::{Colours, PICTURE, Scale};
use crate::web::page::dispatch::dispatch;
use crate::web::page::dom::{self, DomError, hide, text};
use crate::web::page::panels::panel::{Frame, Panel};
use duel::DuelBoard;
use gallery::GalleryTiles;
use map::TestMap;
use matrix::Matrix;
use pinned::Pinned;

/// Milliseconds of a frame that reading may take; one picture takes about a tenth of one. A run's weights arrive
/// several times a second and get one such frame each, so the pictures take turns.
const BUDGET: f64 = 2.0;

/// Revisions of what is read: weights, test images, pinned drawings, the drawing, and the map.
type EvaluateStamp = (u32, u32, u32, u32, u32);

#[derive(Debug)]
pub(super) struct EvaluatePanel {
    matrix: Matrix,
    gallery: GalleryTiles,
    map: TestMap,
    duel: DuelBoard,
    pinned: Pinned,
    /// The evaluation that is shown.
    evaluated: Option<u32>,
    read: Option<EvaluateStamp>,
    press: Press,
}

impl EvaluatePanel {
    pub(super) fn new() -> Result<Self, DomError> {
        dom::press("judge-now", || happen(Event::Evaluate))?;
        Ok(Self {
            matrix: Matrix::new()?,
            gallery: GalleryTiles::new()?,
            map: TestMap::new()?,
            duel: DuelBoard::new()?,
            pinned: Pinned::new()?,
            evaluated: None,
            read: None,
            press: Press::default(),
        })
    }
}

impl Panel for EvaluatePanel {
    fn show(&mut self, app: &App) -> Result<Frame, DomError> {
        let now: HtmlElement = dom::by_id("judge-now")?;
        let view = app.panels.evaluate.view(&app.cx);
        dom::disable(&now, view.cannot.as_deref())?;
        text("judge-status", &view.status)?;
        let evaluated = Some(view.state.revision());
        if self.evaluated != evaluated {
            self.evaluated = evaluated;
            let figures = view.state.figures();
            hide("judge-verdict", figures.is_none())?;
            if let Some(figures) = figures {
                for (id, words) in
                    ["judge-accuracy", "judge-right", "judge-loss"].into_iter().zip(&figures.whole)
                {
                    text(id, words)?;
                }
                self.matrix.show(figures)?;
            }
        }
        self.gallery.show(view.state)?;
        self.map.show(view.state)?;
        self.duel.show(view.state, &mut self.press)?;
        self.pinned.show(&view)?;
        let stamp = (
            view.weights_revision,
            view.state.gallery.revision,
            view.state.pinned.revision(),
            app.cx.answer.revision(),
            view.state.map.revision,
        );
        if self.read == Some(stamp) {
            return Ok(Frame::Unneeded);
        }
        self.read = Some(stamp);
        Ok(Frame::Wanted)
    }

    fn sight_changed(&mut self) -> Frame {
        Frame::Wanted
    }

    fn forget_colours(&mut self) {
        self.press.colours = None;
        self.read = None;
        self.gallery.forget();
        self.pinned.forget();
        self.duel.forget();
    }

    fn frame(&mut self, app: &mut App) -> Result<Frame, DomError> {
        self.map.place(app);
        let sight = self.gallery.in_sight();
        let end = dom::now() + BUDGET;
        let mut more = true;
        while more && dom::now() < end {
            more = app.read_next(true, sight.clone());
        }
        let view = app.panels.evaluate.view(&app.cx);
        self.gallery.draw(&view.state.gallery, sight, &mut self.press)?;
        self.pinned.draw(view.state, &mut self.press)?;
        Ok(if more && !view.is_learning { Frame::Wanted } else { Frame::Unneeded })
    }
}

/// Draws pictures in the theme's colours. Nothing is read back from a canvas, because browsers that resist
/// fingerprinting alter what is read.
#[derive(Debug, Default)]
struct Press {
    /// The theme's colours, once they have been looked up.
    colours: Option<Colours>,
}

impl Press {
    fn print(
        &mut self,
        picture: &[f32; PIXELS],
        canvas: &HtmlCanvasElement,
    ) -> Result<(), DomError> {
        let colours = match self.colours {
            Some(colours) => colours,
            None => *self.colours.insert(Colours::now()?),
        };
        PICTURE.draw(canvas, picture, Scale::INK, &colours)
    }
}

fn happen(event: Event) {
    dispatch(app::Event::Panel(panels::Event::Evaluate(event)));
}

/// Goes to Look inside, which has just replaced this panel.
fn follow() {
    if let Ok(button) = dom::by_id::<HtmlElement>("open-inside") {
        button.scroll_into_view();
        let _ = button.focus();
    }
}
