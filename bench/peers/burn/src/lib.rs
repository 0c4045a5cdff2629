//! The reference model in Burn, compiled to WebAssembly as Burn's own web example is.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, Relu};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::prelude::*;
use burn::tensor::activation::softmax;
use wasm_bindgen::prelude::*;

/// Conv2D(32, 3x3, relu), MaxPooling2D(2), Conv2D(64, 3x3, relu), MaxPooling2D(2), Flatten, Dense(10).
#[derive(Module, Debug)]
struct Model {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    activation: Relu,
    dense: Linear,
}

impl Model {
    fn new(device: &Device) -> Self {
        Self {
            conv1: Conv2dConfig::new([1, 32], [3, 3]).init(device),
            conv2: Conv2dConfig::new([32, 64], [3, 3]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            activation: Relu::new(),
            dense: LinearConfig::new(64 * 5 * 5, 10).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(self.activation.forward(self.conv1.forward(images)));
        let x = self.pool.forward(self.activation.forward(self.conv2.forward(x)));
        self.dense.forward(x.flatten(1, 3))
    }
}

/// A network that learns, and its optimizer.
#[wasm_bindgen]
pub struct Trainer {
    device: Device,
    model: Option<Model>,
    optimizer: ModuleOptimizer,
}

#[wasm_bindgen]
impl Trainer {
    /// With random parameters.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let device = Device::flex().autodiff();
        let optimizer = AdamConfig::new().with_epsilon(1e-7).init();
        Self { model: Some(Model::new(&device)), device, optimizer }
    }

    /// One step of Adam on a minibatch, `[images][28][28]` from 0 to 1; returns the loss before it.
    pub async fn step(&mut self, images: Vec<f32>, labels: Vec<i32>) -> f32 {
        let count = labels.len();
        let images = TensorData::new(images, [count, 1, 28, 28]);
        let labels = TensorData::new(labels, [count]);
        let Some(model) = self.model.take() else { return f32::NAN };
        let logits = model.forward(Tensor::from_data(images, &self.device));
        let loss = CrossEntropyLossConfig::new().init(&self.device);
        let loss = loss.forward(logits, Tensor::from_data(labels, &self.device));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        self.model = Some(self.optimizer.step(1e-3, model, gradients));
        let loss = loss.into_data_async().await.ok();
        loss.and_then(|data| data.iter::<f32>().next()).unwrap_or(f32::NAN)
    }

    /// The current network, for predictions only.
    pub fn freeze(&self) -> Option<Predictor> {
        let model = self.model.as_ref()?.valid();
        Some(Predictor { device: self.device.clone().inner(), model })
    }
}

/// A network for predictions only.
#[wasm_bindgen]
pub struct Predictor {
    device: Device,
    model: Model,
}

#[wasm_bindgen]
impl Predictor {
    /// Probabilities of the ten classes for one image, `[28][28]`.
    pub async fn predict(&self, image: Vec<f32>) -> Vec<f32> {
        let image = TensorData::new(image, [1, 1, 28, 28]);
        let logits = self.model.forward(Tensor::from_data(image, &self.device));
        let probabilities = softmax(logits, 1).into_data_async().await;
        probabilities.map_or_else(|_| Vec::new(), |data| data.iter::<f32>().collect())
    }
}
