// Where the training worker begins. The page hears of a failure through the worker's error event,
// which a rejected promise does not raise: so it is thrown again outside of one.
import init from "./worker.js";

self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  setTimeout(() => {
    throw event.reason;
  });
});

await init();
