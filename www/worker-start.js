// Where the training worker begins. The page hears of a failure through the worker's error event,
// which a rejected promise does not raise: so it is thrown again outside of one.
import init from "./worker.js";

function raise(error) {
  setTimeout(() => {
    throw error;
  });
}

self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  raise(event.reason);
});

// Not awaited: WebKit says nothing of a module that ends in a rejection.
init().catch(raise);
