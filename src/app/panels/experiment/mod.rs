//! Experiment: another network, other settings, and what they will cost.

pub mod editor;
pub mod keras;

use crate::app::format::{count, duration};
use crate::app::{App, Effect, format};
use crate::config::architecture::{Layer, LayerPart, Shape};
use crate::config::{
    Architecture, ArchitectureError, NetworkPreset, Schedule, TRAIN_IMAGES, TrainConfig,
};
use editor::Edit;

/// Changes of the layers that can be taken back.
const MOST_UNDONE: usize = 100;

/// A layer of the list, in words.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Keras' class name.
    pub class: &'static str,
    /// Its parts' values, in the order of [`LayerPart::ALL`]; `None` for what it does not have.
    pub parts: [Option<String>; LayerPart::ALL.len()],
    /// Its output's shape.
    pub shape: String,
    /// Its parameters.
    pub parameters: String,
    /// Its multiply-adds.
    pub multiply_adds: String,
    /// Its share of an epoch's time.
    pub time: String,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// What the panel shows.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Counts the moments at which layers came, went or moved.
    pub revision: u32,
    /// The layers.
    pub rows: Vec<Row>,
    /// Sums over all layers, or what is wrong with a list that has none.
    pub total: String,
    /// Key of the preset that the list is.
    pub preset: Option<&'static str>,
    /// Keras code; empty while the network cannot be built.
    pub code: String,
    /// Why nothing can be changed now.
    pub locked: Option<&'static str>,
    /// Why no change of the layers can be taken back now.
    pub cannot_undo: Option<&'static str>,
    /// The learning rate over the run: its settings, for the curve.
    pub settings: Option<TrainConfig>,
    /// Minibatches of the run.
    pub steps: u32,
    /// The schedule in words.
    pub schedule: String,
}

impl App {
    /// Makes a change of the layers.
    pub(in crate::app) fn edit(&mut self, change: &Edit, effects: &mut Vec<Effect>) {
        if self.is_locked() {
            return;
        }
        let before = self.form.settings.architecture.clone();
        let layers = &mut self.form.settings.architecture.layers;
        let gone = match *change {
            Edit::Remove(at) => layers.get(at).map(Layer::class_name),
            _ => None,
        };
        let words = match editor::edit(layers, change) {
            Ok(at) => {
                let class = layers.get(at).map_or("", Layer::class_name);
                let (place, all) = (at + 1, layers.len());
                match change {
                    Edit::Add(_) => format!("{class} added as layer {place} of {all}."),
                    Edit::Remove(_) => format!("{} removed.", gone.unwrap_or_default()),
                    Edit::Move { .. } => format!("{class} is layer {place} of {all} now."),
                    Edit::Set(..) => String::new(),
                }
            }
            Err(refusal) => {
                self.notice = Some(refusal.to_string());
                self.show_layers(effects);
                return;
            }
        };
        self.notice = None;
        self.remember(before);
        if matches!(change, Edit::Set(..)) {
            self.show_form(effects);
        } else {
            self.show_layers(effects);
        }
        self.check_start();
        let wrong = self.form.settings.architecture.inspect().1;
        let wrong = wrong.map_or_else(String::new, |error| format!(" {error}."));
        effects.push(Effect::Announce(words + &wrong));
    }

    /// Puts a ready-made network in the layers' place.
    pub(in crate::app) fn take_network(
        &mut self,
        network: &NetworkPreset,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_locked() {
            let before = self.form.settings.architecture.clone();
            self.form.settings.architecture = network.architecture();
            self.remember(before);
            self.notice = None;
            self.check_start();
            self.show_layers(effects);
        }
    }

    /// Takes back the last change of the layers.
    pub(in crate::app) fn undo_edit(&mut self, effects: &mut Vec<Effect>) {
        if self.cannot_undo_edit().is_some() {
            return;
        }
        let Some(before) = self.layers_before.pop() else { return };
        self.form.settings.architecture = before;
        self.notice = None;
        self.check_start();
        self.show_layers(effects);
        let layers = self.form.settings.architecture.layers.len() as u32;
        let layers = format::of(layers, "layer", "layers");
        effects.push(Effect::Announce(format!("Taken back: {layers}.")));
    }

    /// Why no change of the layers can be taken back now.
    fn cannot_undo_edit(&self) -> Option<&'static str> {
        if self.is_locked() {
            Some("A run is on")
        } else {
            self.layers_before.is_empty().then_some("No layer has been changed yet")
        }
    }

    /// Has the network before a change be what Undo goes back to.
    pub(in crate::app) fn remember(&mut self, before: Architecture) {
        if before != self.form.settings.architecture {
            let old = (self.layers_before.len() + 1).saturating_sub(MOST_UNDONE);
            self.layers_before.drain(..old);
            self.layers_before.push(before);
        }
    }

    fn show_layers(&mut self, effects: &mut Vec<Effect>) {
        self.layers_revision = self.layers_revision.wrapping_add(1);
        self.show_form(effects);
    }

    /// Whether a run is on, which keeps its settings.
    fn is_locked(&self) -> bool {
        self.run.as_ref().is_some_and(super::super::run::Run::is_on)
    }

    /// What the panel shows.
    pub fn experiment(&self) -> View {
        let settings = &self.form.settings;
        let architecture = &settings.architecture;
        let (shapes, error) = architecture.inspect();
        let (trained, _) = settings.split(TRAIN_IMAGES as usize);
        let wrong = error.as_ref().and_then(|error| error.layer(architecture.layers.len()));
        let mut view = View {
            revision: self.layers_revision,
            preset: NetworkPreset::of(architecture).map(|network| network.key),
            locked: self.is_locked().then_some(
                "A run is on and keeps its network and settings until it ends or a Reset.",
            ),
            cannot_undo: self.cannot_undo_edit(),
            steps: (trained as u32).div_ceil(settings.batch_size) * settings.epochs,
            settings: Some(settings.clone()),
            ..View::default()
        };
        let mut input = architecture.input;
        let (mut parameters, mut multiply_adds) = (0, 0);
        for (i, layer) in architecture.layers.iter().enumerate() {
            let mut row = Row {
                class: layer.class_name(),
                parts: LayerPart::ALL.map(|part| part.get(layer)),
                ..Row::default()
            };
            if wrong == Some(i + 1) {
                row.wrong = error.as_ref().map(ArchitectureError::to_string);
            }
            if let Some(&output) = shapes.get(i) {
                let cost = layer.multiply_adds(input, output);
                let own = layer.parameter_count(input);
                row.shape = shape_words(output, layer);
                row.parameters = or_none(own);
                row.multiply_adds = or_none(cost);
                row.time = match self.speed {
                    Some(speed) if cost > 0 => about(speed.seconds(trained, cost)),
                    _ => String::new(),
                };
                parameters += own;
                multiply_adds += cost;
                input = output;
            }
            view.rows.push(row);
        }
        view.total = match error {
            Some(error) if wrong.is_none() => format!("{error}."),
            Some(_) => String::from("Train waits until every layer fits."),
            None => {
                let time = match self.speed {
                    Some(speed) => format!(
                        "{} an epoch at the speed measured here.",
                        about(speed.seconds(trained, multiply_adds))
                    ),
                    None => String::from("No speed is measured here yet: one run tells."),
                };
                view.code = keras::code(settings, TRAIN_IMAGES);
                format!(
                    "{} parameters, {} multiply-adds an image. {time}",
                    count(parameters as u32),
                    count(multiply_adds as u32)
                )
            }
        };
        view.schedule = schedule_words(settings, view.steps);
        view
    }
}

fn shape_words(shape: Shape, layer: &Layer) -> String {
    let maps = matches!(
        layer,
        Layer::Conv2D { .. } | Layer::MaxPooling2D { .. } | Layer::AveragePooling2D { .. }
    );
    if maps || shape != Shape::vector(shape.channels) {
        format!("{}×{}×{}", shape.height, shape.width, shape.channels)
    } else {
        count(shape.channels as u32)
    }
}

fn or_none(number: usize) -> String {
    if number == 0 { String::from("–") } else { count(number as u32) }
}

/// Seconds as an estimate deserves: "0.4 s", "12 s", "3 min".
fn about(seconds: f64) -> String {
    if seconds < 10.0 { format!("{:.1} s", seconds.max(0.1)) } else { duration(seconds) }
}

fn schedule_words(settings: &TrainConfig, steps: u32) -> String {
    let peak = settings.learning_rate;
    let over = format::of(steps, "minibatch", "minibatches");
    match settings.schedule {
        Schedule::Constant => format!("{peak} throughout, {over}"),
        Schedule::Cosine => format!("from {peak} down to 0 over {over}"),
        Schedule::OneCycle => format!("up to {peak} and down to almost 0 over {over}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Event;
    use crate::app::answer::Answer;
    use crate::app::panels::PanelId;
    use crate::app::speed::Speed;
    use crate::config::Field;
    use crate::config::architecture::LayerKind;

    fn app() -> App {
        let mut app = App::new(Answer::new(&Architecture::default()).expect("the default model"));
        app.update(Event::TogglePanel(PanelId::Experiment));
        app
    }

    #[test]
    fn a_wrong_layer_says_so_itself_and_those_behind_it_wait() {
        let mut app = app();
        let effects = app.update(Event::Edit(Edit::Remove(4)));
        let view = app.experiment();
        let wrong: Vec<usize> =
            (0..view.rows.len()).filter(|&i| view.rows[i].wrong.is_some()).collect();
        assert_eq!(wrong, [4]);
        assert!(
            view.rows[4].wrong.as_ref().is_some_and(|why| why.contains("put Flatten before it"))
        );
        assert_eq!((view.rows[3].shape.as_str(), view.rows[4].shape.as_str()), ("5×5×64", ""));
        assert_eq!(
            (view.total.as_str(), view.code.as_str()),
            ("Train waits until every layer fits.", "")
        );
        let notice = effects.iter().any(|effect| {
            matches!(effect, Effect::Announce(words) if words.starts_with("Flatten removed. Dense"))
        });
        assert!(notice, "{effects:?}");
        app.update(Event::Edit(Edit::Add(LayerKind::Flatten)));
        assert_eq!(app.form.settings.architecture, Architecture::default());
        assert_eq!(app.experiment().preset, Some("keras"));
    }

    #[test]
    fn costs_follow_the_speed_that_was_measured() {
        let mut app = app();
        let view = app.experiment();
        assert_eq!(view.rows[0].shape, "26×26×32");
        assert_eq!(
            (view.rows[0].parameters.as_str(), view.rows[1].parameters.as_str()),
            ("320", "–")
        );
        assert!(view.total.contains("34,826 parameters") && view.total.contains("No speed"));
        let multiply_adds = Architecture::default().multiply_adds().expect("it can be built");
        app.speed = Some(Speed { images_per_second: 6000.0, multiply_adds });
        let view = app.experiment();
        assert!(
            view.total.ends_with("10 s an epoch at the speed measured here."),
            "{}",
            view.total
        );
        app.update(Event::Set(Field::Images, "600".into()));
        assert!(app.experiment().total.contains(" 0.1 s an epoch"), "{}", app.experiment().total);
    }

    #[test]
    fn changes_of_the_layers_are_taken_back_one_by_one() {
        let mut app = app();
        let start = app.form.settings.architecture.clone();
        assert!(app.experiment().cannot_undo.is_some());
        app.update(Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        app.update(Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        let eight = app.form.settings.architecture.clone();
        app.update(Event::Edit(Edit::Remove(4)));
        app.update(Event::Edit(Edit::Move { from: 0, to: 9 }));
        app.update(Event::Network(NetworkPreset::ALL[2]));
        let without = app.experiment().revision;
        app.update(Event::UndoEdit);
        assert!(app.experiment().revision != without, "the list is made anew");
        assert_eq!(app.form.settings.architecture.layers.len(), 5);
        let effects = app.update(Event::UndoEdit);
        assert_eq!(app.form.settings.architecture, eight, "what changed nothing is no step");
        assert!(effects.iter().any(|effect| matches!(effect, Effect::WriteHash(_))));
        app.update(Event::UndoEdit);
        assert_eq!(app.form.settings.architecture, start);
        assert!(app.experiment().cannot_undo.is_some());
        app.update(Event::UndoEdit);
        assert_eq!(app.form.settings.architecture, start);
        for filters in 0..2 * MOST_UNDONE {
            let filters = (filters % 9 + 1).to_string();
            app.update(Event::Edit(Edit::Set(0, LayerPart::Filters, filters)));
        }
        assert_eq!(app.layers_before.len(), MOST_UNDONE);
    }

    #[test]
    fn an_edit_is_in_the_link() {
        let mut app = app();
        let effects = app.update(Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        let linked = effects.iter().any(
            |effect| matches!(effect, Effect::WriteHash(hash) if hash.contains("net=c8k3r,p2,c64k3r")),
        );
        assert!(linked, "{effects:?}");
        app.update(Event::Edit(Edit::Set(0, LayerPart::Filters, "many".into())));
        assert!(app.notice.is_some());
        assert_eq!(app.experiment().rows[0].parts[0].as_deref(), Some("8"));
    }

    #[test]
    fn a_preset_replaces_all_layers() {
        let mut app = app();
        for network in &NetworkPreset::ALL {
            app.update(Event::Network(*network));
            let view = app.experiment();
            assert_eq!(view.preset, Some(network.key));
            assert!(view.code.contains("layers.Dense(10, activation=\"softmax\")"));
        }
    }
}
