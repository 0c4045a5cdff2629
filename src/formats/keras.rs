//! The same model and run as Python code for Keras 3.
//!
//! A single text that can be pasted; `tests/fixtures/generate.py` runs it with real Keras. Or a script that takes a
//! network's weights from its safetensors file; `tests/formats/check.py` runs that.

use std::fmt::Write as _;

use crate::config::architecture::{Activation, Layer, Padding};
use crate::config::{Augment, Form, Schedule, TRAIN_IMAGES, TrainConfig};
use crate::protocol::{FileFormat, NetworkInfo};

use super::python::{agree, introduction, list, save, steps};
use super::{Prediction, names_with_parameters};

/// Code that builds the settings' model and trains it on `images` training images.
pub fn code(settings: &TrainConfig, images: u32) -> String {
    let ops = if settings.schedule == Schedule::OneCycle { ", ops" } else { "" };
    let mut code = format!("import keras\nfrom keras import layers{ops}\n\n");
    // Writing to a String cannot fail.
    let _ = writeln!(code, "keras.utils.set_random_seed({})", settings.seed);
    data(&mut code, settings);
    model(&mut code, settings);
    let rate = schedule(&mut code, settings, steps(settings, images));
    compile(&mut code, settings, &rate);
    fit(&mut code, settings);
    code
}

/// A script that builds a network, takes its weights from its file, compares a prediction with the page's, evaluates it
/// on MNIST and, if asked, trains it on.
pub(super) fn script(info: &NetworkInfo, form: &Form, prediction: &Prediction) -> String {
    let settings = &form.settings;
    let ops = if settings.schedule == Schedule::OneCycle { ", ops" } else { "" };
    let mut code = introduction(
        info,
        FileFormat::Keras,
        "Keras 3",
        "keras safetensors, and one of jax, tensorflow and torch",
    );
    let _ = write!(
        code,
        r#"import sys

import keras
import numpy as np
from keras import layers{ops}
from safetensors.numpy import load_file, save_file

file = next((word for word in sys.argv[1:] if not word.startswith("-")), "{}")
"#,
        FileFormat::Safetensors.file_name()
    );
    code.push_str(
        r#"
# With JAX and several devices, each of them trains on a part of every minibatch.
if keras.backend.backend() == "jax" and len(keras.distribution.list_devices()) > 1:
    keras.distribution.set_distribution(keras.distribution.DataParallel())

"#,
    );
    let _ = writeln!(code, "keras.utils.set_random_seed({})", settings.seed);
    model(&mut code, settings);
    let names = names_with_parameters(&settings.architecture);
    let _ = write!(
        code,
        r#"names = {names:?}
trainable = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.Dense))]
weights = load_file(file)
for name, layer in zip(names, trainable, strict=True):
    layer.set_weights([weights[f"{{name}}/kernel"], weights[f"{{name}}/bias"]])

# A prediction of the page's: what it was shown, and its probabilities.
"#
    );
    list(&mut code, "image", &prediction.image, 28);
    list(&mut code, "expected", &prediction.probabilities, 10);
    code.push_str(
        r#"image = np.array(image, "float32").reshape(1, 28, 28, 1)
found = keras.ops.convert_to_numpy(model(image, training=False))[0]
difference = np.abs(found - np.array(expected)).max()
"#,
    );
    agree(&mut code, "Keras");
    data(&mut code, settings);
    let steps = steps(settings, TRAIN_IMAGES);
    let mut rate = schedule(&mut code, settings, steps);
    if settings.schedule != Schedule::Constant {
        let _ = write!(code, "{}", BEGUN.replace("STEPS", &steps.to_string()));
        rate = format!("Begun({rate})");
    }
    compile(&mut code, settings, &rate);
    code.push_str(
        r#"model.evaluate(x_test, y_test)
if "--train" not in sys.argv:
    sys.exit()

# Goes on from where the run ended, if the file says with which optimizer state.
if "training/steps" in weights:
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    slots = {
        "momentum": getattr(optimizer, "_momentums", None) or getattr(optimizer, "momentums", None),
        "velocity": getattr(optimizer, "_velocities", None),
        "average": getattr(optimizer, "_model_variables_moving_average", None),
    }
    places = {id(variable): at for at, variable in enumerate(model.trainable_variables)}
    for name, layer in zip(names, trainable):
        for part, variable in (("kernel", layer.kernel), ("bias", layer.bias)):
            name_of_part, at = f"{name}/{part}", places[id(variable)]
            for slot in ("momentum", "velocity"):
                if f"training/{slot}/{name_of_part}" in weights:
                    slots[slot][at].assign(weights[f"training/{slot}/{name_of_part}"])
            if f"training/parameters/{name_of_part}" in weights:
                slots["average"][at].assign(weights[name_of_part])
                variable.assign(weights[f"training/parameters/{name_of_part}"])
    optimizer.iterations.assign(int(weights["training/steps"][0]))
    print(f"Goes on after {int(weights['training/steps'][0])} minibatches, with the optimizer's state.")

"#,
    );
    fit(&mut code, settings);
    let _ = write!(
        code,
        r#"
# Inkling opens this file again.
trained = {{}}
for name, layer in zip(names, trainable):
    trained[f"{{name}}/kernel"], trained[f"{{name}}/bias"] = layer.get_weights()
{}"#,
        save(info, form, "Keras")
    );
    code
}

fn data(code: &mut String, settings: &TrainConfig) {
    code.push_str("(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()\n");
    let first = settings.images.map_or_else(String::new, |images| format!("[:{images}]"));
    let _ = writeln!(code, "x_train, y_train = x_train{first}[..., None] / 255.0, y_train{first}");
    code.push_str("x_test = x_test[..., None] / 255.0\n");
    if settings.label_smoothing > 0.0 {
        // Keras smooths only one-hot labels.
        code.push_str(
            "y_train, y_test = keras.utils.to_categorical(y_train), keras.utils.to_categorical(y_test)\n",
        );
    }
    code.push('\n');
}

fn model(code: &mut String, settings: &TrainConfig) {
    let input = settings.architecture.input;
    let _ = writeln!(
        code,
        "model = keras.Sequential([\n    keras.Input(({}, {}, {})),",
        input.height, input.width, input.channels
    );
    // The trainer's own amounts, where Keras has such layers: as fractions of a turn and of the picture's sides.
    let amounts = match settings.augment {
        Augment::Off => None,
        Augment::On => Some((0.033, 0.15, 0.25, 0.05)),
        Augment::Gentle => Some((0.023, 0.105, 0.175, 0.04)),
    };
    if let Some((rotation, zoom, shear, translation)) = amounts {
        let _ = write!(
            code,
            "    # The closest Keras has to how Inkling augments images, which also warps them a little.\n    \
             layers.RandomRotation({rotation}, fill_mode=\"constant\"),\n    \
             layers.RandomZoom({zoom}, {zoom}, fill_mode=\"constant\"),\n    \
             layers.RandomShear(x_factor={shear}, fill_mode=\"constant\"),\n    \
             layers.RandomTranslation({translation}, {translation}, fill_mode=\"constant\"),\n",
        );
    }
    for layer in &settings.architecture.layers {
        let _ = writeln!(code, "    {},", call(layer));
    }
    code.push_str("])\nmodel.summary()\n\n");
}

/// The layer's constructor, without arguments that equal Keras' defaults.
fn call(layer: &Layer) -> String {
    let mut call = format!("layers.{}(", layer.class_name());
    let activated = |call: &mut String, activation: Activation| {
        if activation != Activation::Linear {
            let _ = write!(call, ", activation=\"{}\"", activation.word());
        }
    };
    let _ = match *layer {
        Layer::Conv2D { filters, kernel_size, activation, padding } => {
            let _ = write!(call, "{filters}, {kernel_size}");
            if padding != Padding::Valid {
                let _ = write!(call, ", padding=\"{}\"", padding.word());
            }
            activated(&mut call, activation);
            Ok(())
        }
        Layer::MaxPooling2D { pool_size } | Layer::AveragePooling2D { pool_size } => {
            write!(call, "{pool_size}")
        }
        Layer::Flatten => Ok(()),
        Layer::Dense { units, activation } => {
            let _ = write!(call, "{units}");
            activated(&mut call, activation);
            Ok(())
        }
        Layer::Dropout { rate } => write!(call, "{rate}"),
    };
    call.push(')');
    call
}

/// Defines the schedule if it needs a definition; returns the learning rate's expression.
fn schedule(code: &mut String, settings: &TrainConfig, steps: u32) -> String {
    let peak = settings.learning_rate;
    match settings.schedule {
        Schedule::Constant => peak.to_string(),
        Schedule::Cosine => {
            format!("keras.optimizers.schedules.CosineDecay({peak}, decay_steps={steps})")
        }
        Schedule::OneCycle => {
            code.push_str(ONE_CYCLE);
            format!("OneCycle({peak}, steps={steps})")
        }
    }
}

/// A schedule that goes on after the minibatches of a run that has not ended, and begins again after one that has.
const BEGUN: &str = r#"done = int(weights["training/steps"][0]) if "training/steps" in weights else 0
begin = done if done >= STEPS else 0


class Begun(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, schedule):
        self.schedule = schedule

    def __call__(self, step):
        return self.schedule(step - begin)

    def get_config(self):
        return {"schedule": self.schedule}


"#;

/// As `train::schedule` computes it.
const ONE_CYCLE: &str = r#"
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Up to the peak over 30 % of the steps, then down, along cosines (Smith and Topin 2017)."""

    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        def between(a, b, share):
            return b + (a - b) * 0.5 * (1.0 + ops.cos(3.14159265 * share))

        step = ops.cast(step, "float32")
        top, end = max(0.3 * self.steps - 1.0, 0.0), self.steps - 1.0
        start = self.peak / 25.0
        rise = between(start, self.peak, step / max(top, 1.0))
        fall = between(self.peak, start / 1e4, (step - top) / max(end - top, 1e-6))
        return ops.where(step <= top, rise, fall)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


"#;

fn compile(code: &mut String, settings: &TrainConfig, rate: &str) {
    code.push_str("model.compile(\n    optimizer=keras.optimizers.");
    let ema = match settings.ema_momentum {
        0.0 => String::new(),
        momentum => format!(", use_ema=True, ema_momentum={momentum}"),
    };
    let _ = write!(code, "{}({rate}", settings.optimizer.class_name());
    for (field, number) in Form::of(settings).optimizer_numbers() {
        let _ = write!(code, ", {}={number}", field.name());
    }
    let _ = write!(code, "{ema})");
    let loss = match settings.label_smoothing {
        0.0 => String::from("\"sparse_categorical_crossentropy\""),
        smoothing => format!("keras.losses.CategoricalCrossentropy(label_smoothing={smoothing})"),
    };
    let _ = write!(code, ",\n    loss={loss},\n    metrics=[\"accuracy\"],\n)\n");
}

fn fit(code: &mut String, settings: &TrainConfig) {
    if let Some(enough) = settings.stop_at {
        let _ = write!(
            code,
            "

class StopAt(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        self.model.stop_training = logs[\"val_accuracy\"] >= {enough}


"
        );
    }
    let _ = write!(
        code,
        "model.fit(\n    x_train,\n    y_train,\n    batch_size={},\n    epochs={},\n    ",
        settings.batch_size, settings.epochs
    );
    match settings.validation {
        0 => code.push_str("validation_data=(x_test, y_test),\n"),
        percent => {
            let _ = writeln!(code, "validation_split={},", f64::from(percent) / 100.0);
        }
    }
    let mut callbacks = Vec::new();
    if settings.ema_momentum > 0.0 {
        code.push_str("    # Inkling's average follows the weights more closely at first.\n");
        // Evaluates the average after each epoch; at the end Keras itself makes it the weights.
        callbacks.push("keras.callbacks.SwapEMAWeights()");
    }
    if settings.stop_at.is_some() {
        callbacks.push("StopAt()");
    }
    if !callbacks.is_empty() {
        let _ = writeln!(code, "    callbacks=[{}],", callbacks.join(", "));
    }
    code.push_str(")\nmodel.evaluate(x_test, y_test)\n");
}
