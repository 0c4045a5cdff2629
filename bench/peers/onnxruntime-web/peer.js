// onnxruntime-web's build for WebAssembly with its defaults; it can only predict.

import { offer } from "../harness.js";
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

offer(async () => {
  const session = await ort.InferenceSession.create("/target/peers/model.onnx");
  return {
    predict: async (image) => {
      const input = new ort.Tensor("float32", image, [1, 28, 28, 1]);
      const { probabilities } = await session.run({ image: input });
      return probabilities.data;
    },
    threads: ort.env.wasm.numThreads,
  };
});
