// Keeps the site in the browser, so that it works without a network from the second visit on, and isolates it where the
// host sends no headers. offline.js registers it; where a browser refuses it, all else works.
//
// Each build has a cache of its own, named after the build, and a file is only ever asked for by the path that contains
// its build, so two builds cannot mix. The document comes from the network as long as there is one. A new build is kept
// beside the old one, and the browser activates its service worker when no tab uses the one before, whose cache then
// goes. It never takes over an open page and never reloads one. The parts of the data set are kept by the trainer
// (src/web/worker/dataset.rs).
//
// Written by hand: of a library such as Workbox only the two loops below would be used.

// xtask fills in the build's ID, and the files of the build with their hashes.
const build = "";
const files = {};

// Where the site is. Other sites of this origin have caches too.
const place = new URL("./", self.location);
const caching = `inkling-site ${place.pathname} `;

// Milliseconds to wait for the document before the one that is kept is shown.
const PATIENCE = 3000;

// With these headers workers share memory. Hosts like GitHub Pages send none.
function isolated(response) {
  // A redirect, which the browser follows, can only be passed on.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

async function whole(address, options) {
  const response = await fetch(address, options);
  if (!response.ok) throw new Error(`${address}: status ${response.status}`);
  return response;
}

// One after the other, most of them from the browser's own cache, as the page has other things to load. The document is
// last: a cache that has it has everything.
async function keep() {
  const cache = await caches.open(caching + build);
  for (const [file, integrity] of Object.entries(files)) {
    const address = `./build/${build}/${file}`;
    if (await cache.match(address)) continue;
    await cache.put(address, isolated(await whole(address, { integrity })));
  }
  const html = await whole("./", { cache: "no-store" });
  if (!(await html.clone().text()).includes(`data-build="${build}"`)) throw new Error("the site was updated meanwhile");
  await cache.put("./", isolated(html));
}

async function kept() {
  return (await caches.keys()).filter((name) => name.startsWith(caching));
}

// Those of other builds, when no page uses them any more.
async function forget() {
  const others = (await kept()).filter((name) => name !== caching + build);
  await Promise.all(others.map((name) => caches.delete(name)));
}

// The document of the newest build that is kept as a whole.
async function newest() {
  for (const name of (await kept()).reverse()) {
    const html = await (await caches.open(name)).match("./");
    if (html) return html;
  }
}

async function page(request) {
  const answer = fetch(request).then(isolated);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const first = await Promise.race([answer, late]).catch(() => undefined);
  if (first && first.status < 500) return first;
  return (await newest().catch(() => undefined)) ?? answer;
}

async function file(request) {
  const options = { ignoreSearch: true, ignoreVary: true };
  const copy = await caches.match(request, options).catch(() => undefined);
  return copy ?? isolated(await fetch(request));
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forget()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = request.url.startsWith(place.href) ? request.url.slice(place.href.length).replace(/[?#].*/, "") : null;
  if (request.method !== "GET" || path === null) return;
  if (path.startsWith("build/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && ["", "index.html"].includes(path)) event.respondWith(page(request));
});
