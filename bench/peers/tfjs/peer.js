// TensorFlow.js from script tags, its layers API, and the backend that `?backend=` names.

import { offer } from "../harness.js";

/** The wasm backend has no kernel for a convolution's weight gradient; this one is composed of others. */
function addWeightGradient() {
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: "wasm",
    kernelFunc: ({ inputs: { x, dy } }) =>
      tf.tidy(() => {
        const images = tf.transpose(x, [3, 1, 2, 0]);
        const gradient = tf.transpose(dy, [1, 2, 0, 3]);
        return tf.transpose(tf.conv2d(images, gradient, 1, "valid"), [1, 2, 0, 3]);
      }),
  });
}

offer(async () => {
  const backend = new URLSearchParams(location.search).get("backend");
  if (backend === "wasm") {
    tf.wasm.setWasmPaths("node_modules/@tensorflow/tfjs-backend-wasm/dist/");
    addWeightGradient();
  }
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 3, activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.001), loss: "sparseCategoricalCrossentropy" });
  return {
    step: async (images, labels) => {
      const x = tf.tensor4d(images, [labels.length, 28, 28, 1]);
      const y = tf.tensor2d(Float32Array.from(labels), [labels.length, 1]);
      const loss = await model.trainOnBatch(x, y);
      tf.dispose([x, y]);
      return loss;
    },
    predict: async (image) => {
      const answer = tf.tidy(() => model.predict(tf.tensor4d(image, [1, 28, 28, 1])));
      const probabilities = await answer.data();
      answer.dispose();
      return probabilities;
    },
    threads: backend === "wasm" ? tf.wasm.getThreadsCount() : 1,
  };
});
