// Has the browser keep the site, by service-worker.js, and able to install it, once the trainer is there: what the page
// waits for is loaded then.
// Private windows and addresses without https have no service worker, which costs nothing else.

// Milliseconds between two looks for an update by a page that stays open.
const AN_HOUR = 3_600_000;

// The page's module asks the server and says so if the site was updated.
function announce() {
  document.dispatchEvent(new Event("update"));
}

function watch(registration) {
  registration.addEventListener("updatefound", () => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => {
      if (next.state === "installed" && registration.active) announce();
    });
  });
  let looked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - looked < AN_HOUR) return;
    looked = Date.now();
    registration.update().catch(() => {});
  });
}

// In the document it would have browsers fetch it, and an icon, before the network has answered.
function addManifest() {
  const link = document.createElement("link");
  link.rel = "manifest";
  link.href = new URL("./app.webmanifest", import.meta.url);
  document.head.append(link);
}

function register() {
  navigator.serviceWorker?.register("./service-worker.js").then(watch, () => {});
}

const { body } = document;
const observer = new MutationObserver(begin);
function begin() {
  if (!body.dataset.backend) return;
  observer.disconnect();
  addManifest();
  register();
}
observer.observe(body, { attributeFilter: ["data-backend"] });
begin();
