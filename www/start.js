// Loads the page's wasm module.
import init from "./page.js";

await init();
