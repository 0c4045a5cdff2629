// Starts the trainer or a helper. The page learns of a failure from the worker's error event, which a rejected promise
// does not raise, so the error is thrown again outside of the promise.

// What may be run, where the browser has Trusted Types: scripts from this one's folder.
const here = new URL("./", location).href;
self.trustedTypes?.createPolicy("default", {
  createScriptURL: (url) => (new URL(url, here).href.startsWith(here) ? url : null),
});

// A function with one relaxed_madd.
const oneRelaxedInstruction = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 17, 65, 0, 253, 17,
  65, 0, 253, 17, 253, 133, 2, 11,
]);

function raise(error) {
  setTimeout(() => {
    throw error;
  });
}

self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  raise(event.reason);
});

const asked = location.search.slice(1);
const relaxed = asked ? asked === "relaxed-simd" : WebAssembly.validate(oneRelaxedInstruction);

const parts = [import(relaxed ? "./worker-relaxed.js" : "./worker.js")];
if (self.name === "trainer") parts.push(import("./run-store.js"));

// Not awaited: WebKit does not report a module that ends in a rejection.
Promise.all(parts)
  .then(([{ default: init }]) => init())
  .catch(raise);
