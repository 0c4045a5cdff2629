//! The run that is on, or that Train would start, in a sentence, so that everything is said before anything starts.

use crate::app::Context;
use crate::app::format::{count, estimate, of, percent};
use crate::app::speed::Speed;
use crate::config::{Augment, Optimizer, Schedule, TrainConfig};
use crate::config::{Form, StartFrom, TRAIN_IMAGES, field::percent_of};
use crate::config::{NetworkPreset, Recipe};

/// A part of the sentence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanPart {
    /// What it says.
    pub words: String,
    /// Whether it is neither as in the page's default nor as in Keras'.
    pub unusual: bool,
}

/// What the page shows of the run that is on or would start, and of what can be set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanView {
    /// The run in a sentence: network, optimizer, images, minibatches, first weights.
    pub plan: [PlanPart; 5],
    /// A number that changes whenever the controls should show the settings again.
    pub form_revision: u32,
    /// Why settings cannot be changed now.
    pub locked: Option<&'static str>,
    /// Why the next run cannot start from the shipped weights.
    pub cannot_start_shipped: Option<&'static str>,
    /// Why it cannot start from those of the last run.
    pub cannot_start_current: Option<&'static str>,
}

impl PlanView {
    pub(super) fn of(cx: &Context) -> Self {
        let locked = cx.run_is_on().then_some("Reset to change settings");
        Self {
            plan: plan(cx),
            form_revision: cx.form_revision,
            locked,
            cannot_start_shipped: cx.cannot_start_shipped(),
            cannot_start_current: cx.cannot_start_current(),
        }
    }
}

/// The run that is on, or else the one that Train would start.
fn plan(cx: &Context) -> [PlanPart; 5] {
    let on = cx.run.as_ref().filter(|run| run.is_on());
    let (settings, start) =
        on.map_or((&cx.form.settings, cx.form.start), |run| (&run.settings, run.start));
    let (usual, quick) = (Form::default(), Form::quick());
    let part = |words: fn(&TrainConfig) -> String| {
        let usually = [&usual, &quick].map(|form| words(&form.settings));
        let words = words(settings);
        PlanPart { unusual: !usually.contains(&words), words }
    };
    let mut length = part(minibatches);
    // For a run that is on, the page shows how much is left instead.
    let speed = cx.quoted_speed.filter(|_| on.is_none());
    if let Some(seconds) = speed.and_then(|speed| seconds(settings, speed)) {
        length.words += &format!(", about {} here", estimate(seconds));
    }
    let first = format!("{}, seed {}", start_words(start), settings.seed);
    let unusual = (start, settings.seed) != (usual.start, usual.settings.seed);
    [part(network), part(optimizer), part(images), length, PlanPart { words: first, unusual }]
}

/// How long the run will take at this speed.
fn seconds(settings: &TrainConfig, speed: Speed) -> Option<f64> {
    let multiply_adds = settings.architecture.multiply_adds().ok()?;
    let (trained, _) = settings.split(TRAIN_IMAGES as usize);
    Some(speed.seconds(trained * settings.epochs as usize, multiply_adds))
}

/// What a recipe reaches, which is known of the default network, and how long it takes.
pub(super) fn outcome(cx: &Context, recipe: Recipe) -> String {
    let mut settings = cx.form.settings.clone();
    recipe.apply(&mut settings);
    let time = match cx.quoted_speed.and_then(|speed| seconds(&settings, speed)) {
        Some(seconds) => estimate(seconds),
        None => of(settings.epochs, "epoch", "epochs"),
    };
    if NetworkPreset::of(&settings.architecture) == NetworkPreset::ALL.first() {
        [&percent(recipe.reaches()), ", ", &time].concat()
    } else {
        time
    }
}

fn network(settings: &TrainConfig) -> String {
    let architecture = &settings.architecture;
    let name = NetworkPreset::of(architecture).map_or_else(
        || of(architecture.layers.len() as u32, "layer", "layers"),
        |network| String::from(network.name),
    );
    match architecture.parameter_count() {
        Ok(parameters) => format!("{name}, {} parameters", count(parameters as u32)),
        Err(_) => String::from("the network has an error, see Experiment"),
    }
}

fn optimizer(settings: &TrainConfig) -> String {
    let optimizer = settings.optimizer;
    let numbers = if Optimizer::ALL.contains(&optimizer) {
        String::new()
    } else {
        let form = Form::of(settings);
        let numbers = form
            .optimizer_numbers()
            .map(|(field, number)| [&field.label().to_ascii_lowercase(), " ", &number].concat());
        format!(" ({})", numbers.collect::<Vec<_>>().join(", "))
    };
    let name = optimizer.class_name();
    let rate = settings.learning_rate;
    let course = match settings.schedule {
        Schedule::Constant => format!("constant learning rate {rate}"),
        Schedule::Cosine => format!("learning rate {rate} with cosine decay"),
        Schedule::OneCycle => format!("one-cycle learning rate up to {rate}"),
    };
    let averaged = match settings.ema_momentum {
        0.0 => String::new(),
        momentum => format!(", weights averaged with EMA momentum {momentum}"),
    };
    format!("{name}{numbers}, {course}{averaged}")
}

fn images(settings: &TrainConfig) -> String {
    let (trained, used) = settings.split(TRAIN_IMAGES as usize);
    let validation_images = used - trained;
    let mut words = match settings.images {
        None if validation_images == 0 => format!("all {} images", count(TRAIN_IMAGES)),
        _ => of(trained as u32, "image", "images"),
    };
    if validation_images > 0 {
        words += &format!(", {} held out", count(validation_images as u32));
    }
    words += match settings.augment {
        Augment::Off => "",
        Augment::On => ", augmented",
        Augment::Gentle => ", gently augmented",
    };
    if settings.label_smoothing > 0.0 {
        words += &format!(", label smoothing {}", settings.label_smoothing);
    }
    words
}

fn minibatches(settings: &TrainConfig) -> String {
    let (trained, _) = settings.split(TRAIN_IMAGES as usize);
    let all = (trained as u32).div_ceil(settings.batch_size) * settings.epochs;
    let enough = settings
        .stop_at
        .map_or_else(String::new, |share| format!(", fewer if it reaches {} %", percent_of(share)));
    of(all, "minibatch", "minibatches") + &enough
}

fn start_words(start: StartFrom) -> &'static str {
    match start {
        StartFrom::Fresh => "random weights",
        StartFrom::Shipped => "from the pre-trained network",
        StartFrom::Current => "from my network",
    }
}
