// Where the training worker begins.
import init from "./worker.js";

await init();
