// Burn, built as its own web example is: compiled to wasm32 in release mode, with wasm-bindgen's module for
// the web.

import { offer } from "../harness.js";
import init, { Trainer } from "/target/peers/burn/web/burn_peer.js";

offer(async () => {
  await init();
  const trainer = new Trainer();
  let predictor = null;
  return {
    step: (images, labels) => trainer.step(images, Int32Array.from(labels)),
    predict: (image) => (predictor ??= trainer.freeze()).predict(image),
    threads: 1,
  };
});
