//! The map: test images as points, by what the last Dense layer gets of them, and the drawing among them.

use crate::app::answer::Answer;
use crate::app::run::Run;
use crate::app::{Context, Outcome};
use crate::net::pca::Plane;
use crate::protocol::{MAPPED, Request};

/// The fewest seconds between two maps of a network that trains: computing and drawing one takes about a quarter of one.
const INTERVAL: f32 = 8.0;

/// The map.
#[derive(Debug, Default)]
pub struct ImageMap {
    mapped: Option<Mapped>,
    /// Whether a map is on its way.
    pending: bool,
    /// Revision of the weights in the last request.
    requested: Option<u32>,
    /// Seconds since then.
    age: f32,
    /// Counts maps.
    pub revision: u32,
    /// The image that is looked at once its pixels are here.
    pub(super) wanted: Option<u32>,
}

/// Where the images lie.
#[derive(Debug)]
pub struct Mapped {
    /// Two coordinates for each image, about 0; their mean square distance from it is 1.
    pub places: Vec<f32>,
    /// How the network reads each.
    pub answers: Vec<f32>,
    plane: Plane,
}

impl ImageMap {
    /// The map, if there is one.
    pub fn mapped(&self) -> Option<&Mapped> {
        self.mapped.as_ref()
    }

    /// Where the drawing lies on it.
    pub fn drawing(&self, answer: &mut Answer) -> Option<[f32; 2]> {
        let picture = *answer.picture()?;
        let mapped = self.mapped.as_ref()?;
        let (features, _) = answer.network().features(&picture);
        mapped.plane.fits(&features).then(|| mapped.plane.place(&features))
    }

    /// Lets time pass, and requests a map if the weights have changed.
    pub(in crate::app) fn follow(&mut self, cx: &Context, seconds: f32, out: &mut Vec<Outcome>) {
        self.age += seconds;
        let revision = Some(cx.answer.weights_revision());
        let trains = cx.run.as_ref().is_some_and(Run::expects_progress);
        let soon = trains && cx.answer.moment().is_none() && self.age < INTERVAL;
        let can = cx.trainer.is_ready() && cx.trainer.has_test_images();
        if self.pending || self.requested == revision || soon || !can {
            return;
        }
        let Some(model) = cx.answer.model() else { return };
        (self.pending, self.requested, self.age) = (true, revision, 0.0);
        let before = self.mapped.as_ref().map(|mapped| mapped.plane.numbers());
        let arrays = vec![model.weights.to_vec(), before.unwrap_or_default()];
        let architecture = model.architecture.clone();
        out.push(Outcome::Send(Request::Map { architecture }, arrays));
    }

    /// Takes a map. One of images that do not differ has no places.
    pub(in crate::app) fn take(&mut self, [places, answers, plane]: [Vec<f32>; 3]) {
        self.pending = false;
        self.revision = self.revision.wrapping_add(1);
        let whole = places.len() == 2 * answers.len() && answers.len() <= MAPPED;
        self.mapped =
            Plane::read(&plane).filter(|_| whole).map(|plane| Mapped { places, answers, plane });
    }

    /// The trainer is gone, and its map will not come.
    pub(super) fn lose_trainer(&mut self) {
        (self.pending, self.requested) = (false, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::panels::PanelId;
    use crate::app::{App, Effect, Event};
    use crate::config::Architecture;
    use crate::protocol::{DataProgress, Reply};

    /// Test is open, and all test images are here.
    fn open() -> App {
        let architecture = Architecture::default();
        let mut app = App::new(Answer::new(&architecture).expect("the default model"));
        let count = architecture.parameter_count().expect("it can be built");
        app.update(Event::Shipped(Ok(vec![0.01; count])));
        app.update(Event::Reply(Reply::Ready { backend: "simd128".into() }, vec![]));
        let data = DataProgress {
            received_bytes: 1,
            total_bytes: 1,
            train_images: 60_000,
            total_train_images: 60_000,
            test_ready: true,
            from_cache: false,
        };
        app.update(Event::Reply(Reply::Data(data), vec![]));
        app.update(Event::TogglePanel(PanelId::Evaluate));
        app
    }

    fn requests(effects: &[Effect]) -> usize {
        let maps = |effect: &&Effect| matches!(effect, Effect::Send(Request::Map { .. }, _));
        effects.iter().filter(maps).count()
    }

    /// A map of two images in a plane of three dimensions.
    fn mapped() -> Event {
        let plane = vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let arrays = vec![vec![0.1, 0.2, 0.3, 0.4], vec![7.0, 1.0], plane];
        Event::Reply(Reply::Mapped, arrays)
    }

    #[test]
    fn each_change_of_the_weights_asks_for_a_map_one_at_a_time() {
        let mut app = open();
        assert_eq!(requests(&app.update(Event::Tick(1.0))), 1);
        assert_eq!(requests(&app.update(Event::Tick(1.0))), 0, "one at a time");
        app.update(mapped());
        assert_eq!(requests(&app.update(Event::Tick(1.0))), 0, "nothing has changed");
        let map = &app.panels.evaluate.map;
        assert_eq!(map.mapped().map(|mapped| mapped.answers.len()), Some(2));
        let count = Architecture::default().parameter_count().expect("it can be built");
        app.update(Event::Shipped(Ok(vec![0.02; count])));
        assert_eq!(requests(&app.update(Event::Tick(1.0))), 1);
    }

    #[test]
    fn a_closed_panel_asks_for_nothing() {
        let mut app = open();
        app.update(Event::TogglePanel(PanelId::Evaluate));
        assert_eq!(requests(&app.update(Event::Tick(1.0))), 0);
    }

    #[test]
    fn a_map_that_is_not_whole_is_dropped_and_a_drawing_of_another_network_has_no_place() {
        let mut app = open();
        app.update(Event::Reply(Reply::Mapped, vec![vec![0.1], vec![7.0], vec![1.0; 10]]));
        assert!(app.panels.evaluate.map.mapped().is_none());
        app.update(mapped());
        app.update(Event::PenDown(crate::ink::Point { x: 0.3, y: 0.2 }));
        app.update(Event::PenMoved(vec![crate::ink::Point { x: 0.6, y: 0.8 }]));
        let map = &app.panels.evaluate.map;
        assert_eq!(map.drawing(&mut app.cx.answer), None);
    }
}
