//! Experiment: another network, other settings, and what they will cost.

pub mod editor;

use crate::app::format::{count, duration};
use crate::app::{Context, Outcome, format};
use crate::config::Architecture;
use crate::config::NetworkPreset;
use crate::config::TRAIN_IMAGES;
use crate::config::architecture::LayerPart;
use crate::config::architecture::{ArchitectureError, Layer, Shape};
use crate::config::{Schedule, TrainConfig};
use crate::formats::keras;
use editor::Edit;

/// The most changes of the layers that can be undone.
const MOST_UNDONE: usize = 100;

/// A layer in the list, in words.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Keras' class name.
    pub class: &'static str,
    /// Its parts' values, in the order of [`LayerPart::ALL`]; `None` for parts that it does not have.
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
    /// Counts additions, removals and moves of layers.
    pub revision: u32,
    /// The layers.
    pub rows: Vec<Row>,
    /// Sums over all layers, or what is wrong if there are none.
    pub total: String,
    /// Key of the preset that the list equals.
    pub preset: Option<&'static str>,
    /// Keras code; empty while the network cannot be built.
    pub code: String,
    /// Why nothing can be changed now.
    pub locked: Option<&'static str>,
    /// Why no change of the layers can be undone now.
    pub cannot_undo: Option<&'static str>,
    /// The settings, for the curve of the learning rate over the run.
    pub settings: Option<TrainConfig>,
    /// Minibatches of the run.
    pub steps: u32,
    /// The schedule in words.
    pub schedule: String,
}

/// What happens in the panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Change the layers.
    Edit(Edit),
    /// Undo the last change of the layers.
    Undo,
    /// Take this preset.
    Network(NetworkPreset),
    /// Vary the drawing again, with other random numbers.
    VaryAgain,
}

/// The changes that can be undone, and what the panel counts.
#[derive(Debug, Default)]
pub struct ExperimentState {
    /// Seed of the drawing's random variations.
    pub varied: u64,
    /// Counts additions, removals and moves of layers.
    revision: u32,
    /// The network before each change of the layers, the newest last.
    before: Vec<Architecture>,
}

impl ExperimentState {
    pub(in crate::app) fn update(&mut self, event: Event, cx: &Context, out: &mut Vec<Outcome>) {
        match event {
            Event::Edit(change) => self.edit(&change, cx, out),
            Event::Undo => self.undo(cx, out),
            Event::Network(network) if !cx.run_is_on() => {
                let architecture = network.architecture();
                self.remember(cx.form.settings.architecture.clone(), &architecture);
                self.rebuild(architecture, out);
            }
            Event::Network(_) => {}
            Event::VaryAgain => self.varied = self.varied.wrapping_add(1),
        }
    }

    fn edit(&mut self, change: &Edit, cx: &Context, out: &mut Vec<Outcome>) {
        if cx.run_is_on() {
            return;
        }
        let before = &cx.form.settings.architecture;
        let mut architecture = before.clone();
        let layers = &mut architecture.layers;
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
                self.revision = self.revision.wrapping_add(1);
                out.push(Outcome::Notice(Some(refusal.to_string())));
                return out.push(Outcome::ShowForm);
            }
        };
        let wrong = architecture.inspect().1;
        let wrong = wrong.map_or_else(String::new, |error| format!(" {error}."));
        self.remember(before.clone(), &architecture);
        if matches!(change, Edit::Set(..)) {
            out.push(Outcome::Network(architecture));
        } else {
            self.rebuild(architecture, out);
        }
        out.push(Outcome::announce(words + &wrong));
    }

    fn undo(&mut self, cx: &Context, out: &mut Vec<Outcome>) {
        if self.cannot_undo(cx).is_some() {
            return;
        }
        let Some(before) = self.before.pop() else { return };
        let layers = format::of(before.layers.len() as u32, "layer", "layers");
        self.rebuild(before, out);
        out.push(Outcome::announce(format!("Undone: {layers}.")));
    }

    /// Why no change of the layers can be undone now.
    fn cannot_undo(&self, cx: &Context) -> Option<&'static str> {
        if cx.run_is_on() {
            Some("A run is in progress")
        } else {
            self.before.is_empty().then_some("No layer has been changed yet")
        }
    }

    /// Lets Undo go back to the network before a change.
    pub(in crate::app) fn remember(&mut self, before: Architecture, after: &Architecture) {
        if before != *after {
            let old = (self.before.len() + 1).saturating_sub(MOST_UNDONE);
            self.before.drain(..old);
            self.before.push(before);
        }
    }

    /// Takes a network with other layers.
    fn rebuild(&mut self, architecture: Architecture, out: &mut Vec<Outcome>) {
        self.revision = self.revision.wrapping_add(1);
        out.push(Outcome::Network(architecture));
    }

    /// What the panel shows.
    pub fn view(&self, cx: &Context) -> View {
        let settings = &cx.form.settings;
        let architecture = &settings.architecture;
        let (shapes, error) = architecture.inspect();
        let (trained, _) = settings.split(TRAIN_IMAGES as usize);
        let wrong = error.as_ref().and_then(|error| error.layer(architecture.layers.len()));
        let mut view = View {
            revision: self.revision,
            preset: NetworkPreset::of(architecture).map(|network| network.key),
            locked: cx.run_is_on().then_some(
                "A run is in progress. Its network and settings cannot change until it ends or you press Reset.",
            ),
            cannot_undo: self.cannot_undo(cx),
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
                row.time = match cx.speed {
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
            Some(_) => String::from("Fix the marked layer to train."),
            None => {
                let time = match cx.speed {
                    Some(speed) => format!(
                        "{} per epoch at the speed measured here.",
                        about(speed.seconds(trained, multiply_adds))
                    ),
                    None => String::from("Train once to see time estimates."),
                };
                view.code = keras::code(settings, TRAIN_IMAGES);
                format!(
                    "{} parameters, {} multiply-adds per image. {time}",
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

/// An estimate of seconds, without false precision: "0.4 s", "12 s", "3 min".
fn about(seconds: f64) -> String {
    if seconds < 10.0 { format!("{:.1} s", seconds.max(0.1)) } else { duration(seconds) }
}

fn schedule_words(settings: &TrainConfig, steps: u32) -> String {
    let peak = settings.learning_rate;
    let over = format::of(steps, "minibatch", "minibatches");
    match settings.schedule {
        Schedule::Constant => format!("{peak} throughout the {over}"),
        Schedule::Cosine => format!("from {peak} down to 0 over {over}"),
        Schedule::OneCycle => format!("up to {peak} and down to almost 0 over {over}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::answer::Answer;
    use crate::app::panels::PanelId;
    use crate::app::speed::Speed;
    use crate::app::{App, Effect, Event as Happening, panels};
    use crate::config::Field;
    use crate::config::architecture::LayerKind;

    fn app() -> App {
        let mut app = App::new(Answer::new(&Architecture::default()).expect("the default model"));
        app.update(Happening::TogglePanel(PanelId::Experiment));
        app
    }

    fn happen(app: &mut App, event: Event) -> Vec<Effect> {
        app.update(Happening::Panel(panels::Event::Experiment(event)))
    }

    fn shown(app: &App) -> View {
        app.panels.experiment.view(&app.cx)
    }

    #[test]
    fn a_wrong_layer_says_so_itself_and_those_behind_it_wait() {
        let mut app = app();
        let effects = happen(&mut app, Event::Edit(Edit::Remove(4)));
        let view = shown(&app);
        let wrong: Vec<usize> =
            (0..view.rows.len()).filter(|&i| view.rows[i].wrong.is_some()).collect();
        assert_eq!(wrong, [4]);
        assert!(
            view.rows[4].wrong.as_ref().is_some_and(|why| why.contains("put Flatten before it"))
        );
        assert_eq!((view.rows[3].shape.as_str(), view.rows[4].shape.as_str()), ("5×5×64", ""));
        assert_eq!(
            (view.total.as_str(), view.code.as_str()),
            ("Fix the marked layer to train.", "")
        );
        let notice = effects.iter().any(|effect| {
            matches!(effect, Effect::Announce(words) if words.starts_with("Flatten removed. Dense"))
        });
        assert!(notice, "{effects:?}");
        happen(&mut app, Event::Edit(Edit::Add(LayerKind::Flatten)));
        assert_eq!(app.cx.form.settings.architecture, Architecture::default());
        assert_eq!(shown(&app).preset, Some("keras"));
    }

    #[test]
    fn costs_follow_the_speed_that_was_measured() {
        let mut app = app();
        let view = shown(&app);
        assert_eq!(view.rows[0].shape, "26×26×32");
        assert_eq!(
            (view.rows[0].parameters.as_str(), view.rows[1].parameters.as_str()),
            ("320", "–")
        );
        assert!(view.total.contains("34,826 parameters") && view.total.contains("Train once"));
        let multiply_adds = Architecture::default().multiply_adds().expect("it can be built");
        app.cx.speed = Some(Speed { images_per_second: 6000.0, multiply_adds });
        let view = shown(&app);
        assert!(
            view.total.ends_with("10 s per epoch at the speed measured here."),
            "{}",
            view.total
        );
        app.update(Happening::Set(Field::Images, "600".into()));
        assert!(shown(&app).total.contains(" 0.1 s per epoch"), "{}", shown(&app).total);
    }

    #[test]
    fn changes_of_the_layers_are_taken_back_one_by_one() {
        let mut app = app();
        let start = app.cx.form.settings.architecture.clone();
        assert!(shown(&app).cannot_undo.is_some());
        happen(&mut app, Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        happen(&mut app, Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        let eight = app.cx.form.settings.architecture.clone();
        happen(&mut app, Event::Edit(Edit::Remove(4)));
        happen(&mut app, Event::Edit(Edit::Move { from: 0, to: 9 }));
        happen(&mut app, Event::Network(NetworkPreset::ALL[2]));
        let without = shown(&app).revision;
        happen(&mut app, Event::Undo);
        assert!(shown(&app).revision != without, "the list is rebuilt");
        assert_eq!(app.cx.form.settings.architecture.layers.len(), 5);
        let effects = happen(&mut app, Event::Undo);
        assert_eq!(app.cx.form.settings.architecture, eight, "what changed nothing is no step");
        assert!(effects.iter().any(|effect| matches!(effect, Effect::WriteHash(_))));
        happen(&mut app, Event::Undo);
        assert_eq!(app.cx.form.settings.architecture, start);
        assert!(shown(&app).cannot_undo.is_some());
        happen(&mut app, Event::Undo);
        assert_eq!(app.cx.form.settings.architecture, start);
        for filters in 0..2 * MOST_UNDONE {
            let filters = (filters % 9 + 1).to_string();
            happen(&mut app, Event::Edit(Edit::Set(0, LayerPart::Filters, filters)));
        }
        assert_eq!(app.panels.experiment.before.len(), MOST_UNDONE);
    }

    #[test]
    fn an_edit_is_in_the_link() {
        let mut app = app();
        let effects = happen(&mut app, Event::Edit(Edit::Set(0, LayerPart::Filters, "8".into())));
        let linked = effects.iter().any(
            |effect| matches!(effect, Effect::WriteHash(hash) if hash.contains("net=c8k3r,p2,c64k3r")),
        );
        assert!(linked, "{effects:?}");
        happen(&mut app, Event::Edit(Edit::Set(0, LayerPart::Filters, "many".into())));
        assert!(app.notice.is_some());
        assert_eq!(shown(&app).rows[0].parts[0].as_deref(), Some("8"));
    }

    #[test]
    fn a_preset_replaces_all_layers() {
        let mut app = app();
        for network in &NetworkPreset::ALL {
            happen(&mut app, Event::Network(*network));
            let view = shown(&app);
            assert_eq!(view.preset, Some(network.key));
            assert!(view.code.contains("layers.Dense(10, activation=\"softmax\")"));
        }
    }
}
