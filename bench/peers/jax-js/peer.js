// jax-js with its wasm backend: predictions in one `jit`, gradients by `valueAndGrad`, as in its own MNIST
// example. Its package of optimizers is not on npm, so Adam is written here, in a `jit` of its own.

import { offer } from "../harness.js";
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from "./node_modules/@jax-js/jax/dist/index.js";

const [BETA_1, BETA_2, EPSILON, RATE] = [0.9, 0.999, 1e-7, 1e-3];

/** Kernels are `[filters][channels][height][width]`, glorot_uniform; biases zero. */
function initialise() {
  const keys = [0, 1, 2].map((seed) => random.key(seed));
  const glorot = (key, shape, inputs, outputs) => {
    const limit = Math.sqrt(6 / (inputs + outputs));
    return random.uniform(key, shape, { minval: -limit, maxval: limit });
  };
  return {
    w1: glorot(keys[0], [32, 1, 3, 3], 9, 9 * 32),
    b1: np.zeros([32, 1, 1]),
    w2: glorot(keys[1], [64, 32, 3, 3], 9 * 32, 9 * 64),
    b2: np.zeros([64, 1, 1]),
    w3: glorot(keys[2], [1600, 10], 1600, 10),
    b3: np.zeros([10]),
  };
}

const pool = (x) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
const convolve = (x, w, b) => nn.relu(lax.convGeneralDilated(x, w, [1, 1], "VALID").add(b));

/** Logarithms of the probabilities, `[images][10]`. */
const predict = jit(({ w1, b1, w2, b2, w3, b3 }, images) => {
  let x = pool(convolve(images.reshape([-1, 1, 28, 28]), w1, b1));
  x = pool(convolve(x, w2, b2)).reshape([-1, 1600]);
  return nn.logSoftmax(np.dot(x, w3).add(b3));
});

const loss = (parameters, images, labels) => {
  const count = labels.shape[0];
  return predict(parameters, images).mul(nn.oneHot(labels, 10)).sum().mul(-1 / count);
};

/** `rate` is Adam's step size with the bias correction folded in. */
const adam = jit((parameters, means, squares, gradients, rate) => {
  means = tree.map((m, g) => m.mul(BETA_1).add(g.mul(1 - BETA_1)), means, tree.ref(gradients));
  squares = tree.map((s, g) => s.mul(BETA_2).add(np.square(g).mul(1 - BETA_2)), squares, gradients);
  const change = (p, m, s) => p.sub(m.mul(rate.ref).div(np.sqrt(s).add(EPSILON)));
  parameters = tree.map(change, parameters, tree.ref(means), tree.ref(squares));
  rate.dispose();
  return [parameters, means, squares];
});

offer(async () => {
  await init("wasm");
  defaultDevice("wasm");
  let parameters = initialise();
  let means = tree.map((p) => np.zeros(p.shape), parameters);
  let squares = tree.map((p) => np.zeros(p.shape), parameters);
  let steps = 0;
  return {
    step: async (images, labels) => {
      const x = np.array(images).reshape([labels.length, 28, 28]);
      const y = np.array(Int32Array.from(labels), { dtype: np.int32 });
      const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, y);
      steps += 1;
      const rate = np.array((RATE * Math.sqrt(1 - BETA_2 ** steps)) / (1 - BETA_1 ** steps));
      [parameters, means, squares] = adam(parameters, means, squares, gradients, rate);
      await blockUntilReady(parameters);
      return value.jsAsync();
    },
    predict: async (image) => {
      const logarithms = predict(tree.ref(parameters), np.array(image).reshape([1, 28, 28]));
      return (await logarithms.data()).map(Math.exp);
    },
    threads: typeof SharedArrayBuffer === "undefined" ? 1 : navigator.hardwareConcurrency,
  };
});
