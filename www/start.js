// Checks what the page needs, says in plain words what is missing, then loads the page's module. No top-level `await`,
// so that browsers without it get as far as that sentence.

// What may become markup or be run, where the browser has Trusted Types: figures and tables without handlers, and
// scripts from below the page's own address.
const here = new URL("./", location).href;
self.trustedTypes?.createPolicy("default", {
  createHTML: (html) =>
    /<(?!\/?(button|canvas|details|div|h4|p|section|span|summary|table|t[dhr])\b)|<\w[^>]*\son/i.test(html) ? null : html,
  createScriptURL: (url) => (new URL(url, here).href.startsWith(here) ? url : null),
});

const oneSimdInstruction = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

function hasModuleWorkers() {
  let asked = false;
  const options = {
    get type() {
      asked = true;
      return "module";
    },
  };
  try {
    // A browser without module workers never reads `type`. The address is malformed, so that no worker starts and the
    // policy has nothing to report.
    new Worker("http://[", options);
  } catch {
    // Only the question whether `type` is read matters.
  }
  return asked;
}

function whatIsMissing() {
  if (typeof WebAssembly !== "object") return "WebAssembly, which the network is written in";
  if (!WebAssembly.validate(oneSimdInstruction)) return "WebAssembly SIMD, which the network computes with";
  if (typeof Worker !== "function" || !hasModuleWorkers()) return "module workers, which the network trains in";
  if (typeof DecompressionStream !== "function") return "DecompressionStream, which unpacks the training images";
  return null;
}

function stop(sentence) {
  document.getElementById("problem-text").textContent = sentence;
  document.getElementById("problem-action").hidden = true;
  document.getElementById("problem").hidden = false;
  document.getElementById("verdict").textContent = "";
  document.body.dataset.state = "error";
  document.body.dataset.error = sentence;
}

// The tour's button has a shorter label once it has been pressed, if the browser remembers that.
const tour = document.getElementById("tour");
try {
  if (localStorage.getItem("toured")) tour.textContent = "Tour";
} catch {
  // Some browsers store nothing in private windows.
}
tour.addEventListener("click", async () => {
  tour.textContent = "Tour";
  try {
    localStorage.setItem("toured", "yes");
  } catch {
    // As above.
  }
  try {
    (await import("./tour.js")).begin();
  } catch {
    tour.textContent = "Tour (did not load: try again)";
  }
});

// After a trap in the page's module it cannot go on. Other errors are not its own: extensions throw here too.
function stopAfterATrap({ error }) {
  if (error instanceof WebAssembly.RuntimeError && document.body.dataset.state !== "error") {
    stop("The page stopped because of an error in this browser. Reload it to continue; a run in progress is lost.");
  }
}

// Once the trainer is there, or an error is: the page can answer by then, and has fetched what it needs for that.
function afterTheFirstAnswer(action) {
  const { body } = document;
  const observer = new MutationObserver(() => {
    if (!body.dataset.backend && body.dataset.state !== "error") return;
    observer.disconnect();
    action();
  });
  observer.observe(body, { attributeFilter: ["data-backend", "data-state"] });
}

async function start() {
  document.body.dataset.isolated = String(self.crossOriginIsolated === true);
  const early = import("./pad.js");
  const missing = whatIsMissing();
  if (missing) {
    stop(`This browser lacks ${missing}. Any current Firefox, Chrome, Edge or Safari has it.`);
    return;
  }
  addEventListener("error", stopAfterATrap);
  const later = () => import("./later.js").catch(() => setTimeout(later, 5000));
  afterTheFirstAnswer(later);
  try {
    const page = await import("./page.js");
    await page.default();
    (await early).handOver();
  } catch (error) {
    console.error(error);
    stop("A part of the page could not be loaded. Nothing is lost: check your connection and reload.");
  }
}

start();
