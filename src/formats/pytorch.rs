//! A network as a PyTorch script that takes its weights from its safetensors file; `tests/formats/check.py` runs it.

use std::fmt::Write as _;

use crate::config::architecture::{Activation, Layer, Shape};
use crate::config::{Augment, Form, Optimizer, Schedule, TRAIN_IMAGES, TrainConfig};
use crate::protocol::{FileFormat, NetworkInfo};

use super::python::{agree, introduction, list, save, steps};
use super::{Prediction, names_with_parameters};

/// A script that builds a network, takes its weights from its file, compares a prediction with the page's, evaluates it
/// on MNIST and, if asked, trains it on.
pub(super) fn script(info: &NetworkInfo, form: &Form, prediction: &Prediction) -> String {
    let settings = &form.settings;
    let mut code =
        introduction(info, FileFormat::PyTorch, "PyTorch", "torch torchvision safetensors");
    let _ = write!(
        code,
        r#"import math
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

file = next((word for word in sys.argv[1:] if not word.startswith("-")), "{}")
torch.manual_seed({})


class Permute(nn.Module):
    """Moves axes: PyTorch has a map's channels before its rows, Keras and the page after its columns."""

    def __init__(self, *axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        return x.permute(self.axes)


# Images are [N, 28, 28, 1]; what comes out are logits.
"#,
        FileFormat::Safetensors.file_name(),
        settings.seed
    );
    model(&mut code, settings);
    let names = names_with_parameters(&settings.architecture);
    let _ = write!(
        code,
        r#"
names = {names:?}
trainable = [layer for layer in model if isinstance(layer, (nn.Conv2d, nn.Linear))]
weights = load_file(file)
with torch.no_grad():
    for name, layer in zip(names, trainable, strict=True):
        kernel = weights[f"{{name}}/kernel"]
        layer.weight.copy_(kernel.permute(3, 2, 0, 1) if kernel.dim() == 4 else kernel.T)
        layer.bias.copy_(weights[f"{{name}}/bias"])

# A prediction of the page's: what it was shown, and its probabilities.
"#
    );
    list(&mut code, "image", &prediction.image, 28);
    list(&mut code, "expected", &prediction.probabilities, 10);
    code.push_str(
        r#"model.eval()
with torch.no_grad():
    found = model(torch.tensor(image, dtype=torch.float32).reshape(1, 28, 28, 1)).softmax(1)[0]
difference = (found - torch.tensor(expected)).abs().max().item()
"#,
    );
    agree(&mut code, "PyTorch");
    train(&mut code, settings);
    let _ = write!(
        code,
        r#"
# Inkling opens this file again.
trained = {{}}
for name, layer in zip(names, trainable):
    kernel = layer.weight.detach()
    kernel = kernel.permute(2, 3, 1, 0) if kernel.dim() == 4 else kernel.T
    trained[f"{{name}}/kernel"] = kernel.contiguous()
    trained[f"{{name}}/bias"] = layer.bias.detach()
{}"#,
        save(info, form, "PyTorch")
    );
    code
}

fn model(code: &mut String, settings: &TrainConfig) {
    let architecture = &settings.architecture;
    let outputs = architecture.shapes().unwrap_or_default();
    let inputs = std::iter::once(&architecture.input).chain(&outputs);
    code.push_str("model = nn.Sequential(\n");
    let mut channels_first = false;
    for (layer, &Shape { channels, .. }) in architecture.layers.iter().zip(inputs) {
        let is_map = !matches!(layer, Layer::Flatten | Layer::Dense { .. } | Layer::Dropout { .. });
        if is_map && !channels_first {
            code.push_str("    Permute(0, 3, 1, 2),\n");
            channels_first = true;
        }
        let (call, activation) = match *layer {
            Layer::Conv2D { filters, kernel_size, activation, padding } => {
                let padding = padding.word();
                let call = format!(
                    "nn.Conv2d({channels}, {filters}, {kernel_size}, padding=\"{padding}\")"
                );
                (call, activation)
            }
            Layer::MaxPooling2D { pool_size } => {
                (format!("nn.MaxPool2d({pool_size})"), Activation::Linear)
            }
            Layer::AveragePooling2D { pool_size } => {
                (format!("nn.AvgPool2d({pool_size})"), Activation::Linear)
            }
            Layer::Flatten => {
                if channels_first {
                    code.push_str("    Permute(0, 2, 3, 1),\n");
                }
                (String::from("nn.Flatten()"), Activation::Linear)
            }
            Layer::Dense { units, activation } => {
                (format!("nn.Linear({channels}, {units})"), activation)
            }
            Layer::Dropout { rate } => (format!("nn.Dropout({rate})"), Activation::Linear),
        };
        let _ = writeln!(code, "    {call},");
        if activation == Activation::Relu {
            code.push_str("    nn.ReLU(),\n");
        }
    }
    code.push_str(")\n");
}

fn train(code: &mut String, settings: &TrainConfig) {
    // The trainer's own amounts, where torchvision has such changes: degrees, fractions of the sides, scales.
    let varied = match settings.augment {
        Augment::Off => "",
        Augment::On => {
            "transforms.RandomAffine(12, translate=(0.05, 0.05), scale=(0.85, 1.15), shear=14), "
        }
        Augment::Gentle => {
            "transforms.RandomAffine(8, translate=(0.04, 0.04), scale=(0.9, 1.1), shear=10), "
        }
    };
    let (trained, used) = settings.split(TRAIN_IMAGES as usize);
    let optimizer = match settings.optimizer {
        Optimizer::Adam { beta_1, beta_2, epsilon } => {
            format!("betas=({beta_1}, {beta_2}), eps={epsilon}")
        }
        Optimizer::Sgd { momentum } => format!("momentum={momentum}"),
        Optimizer::RmsProp { rho, epsilon } => format!("alpha={rho}, eps={epsilon}"),
    };
    let share = match settings.schedule {
        Schedule::Constant => "    return 1.0\n",
        Schedule::Cosine => "    return 0.5 * (1.0 + math.cos(math.pi * step / steps))\n",
        Schedule::OneCycle => ONE_CYCLE,
    };
    let TrainConfig { batch_size, epochs, learning_rate, label_smoothing, ema_momentum, .. } =
        settings;
    let steps = steps(settings, TRAIN_IMAGES);
    let _ = write!(
        code,
        r#"from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

plain = transforms.Compose([transforms.ToTensor(), Permute(1, 2, 0)])
varied = transforms.Compose([{varied}transforms.ToTensor(), Permute(1, 2, 0)])
test = datasets.MNIST("mnist", train=False, download=True, transform=plain)
train = Subset(datasets.MNIST("mnist", download=True, transform=varied), range({trained}))
held_out = Subset(datasets.MNIST("mnist", download=True, transform=plain), range({trained}, {used}))


def evaluate(model, images):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in DataLoader(images, batch_size=500):
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(images)


print(f"test accuracy: {{evaluate(model, test):.4f}}")
if "--train" not in sys.argv:
    sys.exit()


def share_of_rate(step, steps={steps}):
{share}

loss = nn.CrossEntropyLoss(label_smoothing={label_smoothing})
optimizer = torch.optim.{}(model.parameters(), lr={learning_rate}, {optimizer})
# The minibatches of the run; after one that has ended, the schedule begins again.
done = int(weights["training/steps"][0]) if "training/steps" in weights else 0
begin = done if done < {steps} else 0
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share_of_rate(begin + step))
"#,
        settings.optimizer.class_name()
    );
    let averaged = *ema_momentum > 0.0;
    let shown = if averaged { "average.module" } else { "model" };
    if averaged {
        let _ = write!(
            code,
            r#"# Inkling's average follows the weights more closely at first.
keep = torch.optim.swa_utils.get_ema_multi_avg_fn({ema_momentum})
average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=keep)
"#
        );
    }
    goes_on(code, settings, averaged);
    let average = if averaged { "        average.update_parameters(model)\n" } else { "" };
    let _ = write!(
        code,
        r#"for epoch in range({epochs}):
    model.train()
    for x, y in DataLoader(train, batch_size={batch_size}, shuffle=True):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        schedule.step()
{average}    accuracy = evaluate({shown}, {})
    print(f"epoch {{epoch + 1}}: {{accuracy:.4f}}")
"#,
        if used > trained { "held_out" } else { "test" }
    );
    if let Some(enough) = settings.stop_at {
        let _ = write!(code, "    if accuracy >= {enough}:\n        break\n");
    }
    if averaged {
        code.push_str("model.load_state_dict(average.module.state_dict())\n");
    }
}

/// Python that takes over where the run ended, if the file says with which optimizer state.
fn goes_on(code: &mut String, settings: &TrainConfig, averaged: bool) {
    let (momentum, velocity) = match settings.optimizer {
        Optimizer::Adam { .. } => ("exp_avg", "exp_avg_sq"),
        // Keras' momentum has the rate and the sign in it.
        Optimizer::Sgd { .. } => ("momentum_buffer", ""),
        Optimizer::RmsProp { .. } => ("", "square_avg"),
    };
    let scale = match settings.optimizer {
        Optimizer::Sgd { .. } => {
            format!(" / -({} * share_of_rate(max(done - 1, 0)))", settings.learning_rate)
        }
        _ => String::new(),
    };
    let _ = write!(
        code,
        r#"

def as_here(tensor, like):
    """A tensor of the file in PyTorch's order."""
    if tensor.dim() == 4:
        tensor = tensor.permute(3, 2, 0, 1)
    elif tensor.dim() == 2:
        tensor = tensor.T
    return tensor.contiguous().to(like)


if done:
    for name, layer in zip(names, trainable):
        for part, parameter in (("kernel", layer.weight), ("bias", layer.bias)):
            state = {{"step": torch.tensor(float(done))}}
            for slot, key, scale in (("momentum", "{momentum}", 1.0{scale}), ("velocity", "{velocity}", 1.0)):
                if key:
                    state[key] = as_here(weights[f"training/{{slot}}/{{name}}/{{part}}"], parameter) * scale
            optimizer.state[parameter] = state
            if f"training/parameters/{{name}}/{{part}}" in weights:
                with torch.no_grad():
                    parameter.copy_(as_here(weights[f"training/parameters/{{name}}/{{part}}"], parameter))
"#
    );
    if averaged {
        code.push_str(
            "    average.n_averaged.fill_(done)
",
        );
    }
    code.push_str(
        "    print(f\"Goes on after {done} minibatches, with the optimizer's state.\")\n\n",
    );
}

/// As `train::schedule` computes it.
const ONE_CYCLE: &str = r#"    """Up to the peak over 30 % of the steps, then down, along cosines (Smith and Topin 2017)."""

    def between(a, b, share):
        return b + (a - b) * 0.5 * (1.0 + math.cos(math.pi * share))

    top, end, start = max(0.3 * steps - 1.0, 0.0), steps - 1.0, 1.0 / 25.0
    if step <= top:
        return between(start, 1.0, step / max(top, 1.0))
    return between(1.0, start / 1e4, (step - top) / max(end - top, 1e-6))
"#;
