// In Runs: how much this browser keeps for the page, and a button that deletes it.

import { clear, createStore, entries } from "./idb-keyval-module.js";

const store = createStore("inkling", "kept");
// Beginnings of the names of its caches.
const [IMAGES, SITE] = ["inkling-data", "inkling-site"];
const DRAWING = "inkling-drawing";

// Which keys of the store are what.
const SORTS = [
  ["training images", []],
  ["runs", ["run/", "weights/", "moments/", "resume/", "resume-moments/"]],
  ["drawings", ["pinned/", "mine/"]],
  ["the page", []],
];

const text = document.getElementById("storage-text");
const button = document.getElementById("storage-delete");
const question = button.textContent;

// Roughly: the lists of numbers and words in a value.
function size(value) {
  if (typeof value === "string") return 2 * value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return value && typeof value === "object" ? Object.values(value).map(size).reduce((a, b) => a + b, 0) : 8;
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

async function cachedSize(prefix) {
  let bytes = 0;
  for (const name of await namesOfCaches(prefix)) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      bytes += response ? (await response.blob()).size : 0;
    }
  }
  return bytes;
}

async function namesOfCaches(prefix) {
  return globalThis.caches ? (await caches.keys()).filter((name) => name.startsWith(prefix)) : [];
}

async function show() {
  const sizes = new Map(SORTS.map(([sort]) => [sort, 0]));
  try {
    for (const [key, value] of await entries(store)) {
      const sort = SORTS.find(([, prefixes]) => prefixes.some((prefix) => String(key).startsWith(prefix)));
      if (sort) sizes.set(sort[0], sizes.get(sort[0]) + size(value));
    }
    sizes.set("training images", await cachedSize(IMAGES));
    sizes.set("the page", await cachedSize(SITE));
  } catch {
    text.textContent = "This browser does not say what it keeps for Inkling.";
    return;
  }
  const all = [...sizes.values()].reduce((a, b) => a + b, 0);
  const each = [...sizes].map(([sort, bytes]) => `${sort} ${megabytes(bytes)}`);
  text.textContent = `This browser keeps ${megabytes(all)} MB for Inkling: ${each.join(", ")}.`;
}

async function deleteAll() {
  await clear(store);
  for (const prefix of [IMAGES, SITE]) {
    for (const name of await namesOfCaches(prefix)) await caches.delete(name);
  }
  sessionStorage.removeItem(DRAWING);
}

function stand() {
  delete button.dataset.asked;
  button.textContent = question;
}

button.addEventListener("click", async () => {
  if (["training", "paused"].includes(document.body.dataset.state)) {
    text.textContent = "A run is in progress: Reset it first.";
  } else if (!button.dataset.asked) {
    button.dataset.asked = "true";
    button.textContent = "Really delete runs, drawings and images?";
  } else {
    try {
      await deleteAll();
      location.reload();
    } catch (error) {
      text.textContent = `It could not be deleted (${error.message || error.name}).`;
    }
    stand();
  }
});
button.addEventListener("blur", stand);

export { show };
