// For the trainer: keeps the run that is on in the browser's store, so that it can go on after its tab is gone, and
// reaches what else is kept there. A lock that ends with this worker tells other tabs whose run is on.

import { createStore, del, delMany, entries, get, keys, set, setMany } from "./idb-keyval-module.js";

// The page's store, too.
const store = createStore("inkling", "kept");
const PREFIX = "resume/";
const momentsOf = (key) => `resume-moments/${key}`;

// Interrupted runs that are kept beside the one that is offered.
const SPARE = 2;

// The run that is on here, and what ends its lock.
let own = null;
let unlock = () => {};
// What is to be written next.
let next = null;
let busy = Promise.resolve();

// Where there are no locks, as outside of https, a tab whose run is on counts up a number beside it.
const BEAT = "resume-beat/";
const BEATS = 1000;
const PATIENCE = 3000;

// One thing after another, whatever became of the one before.
function inOrder(act) {
  const result = busy.then(act);
  busy = result.catch(() => {});
  return result;
}

const forget = (key) => delMany([key, momentsOf(key)], store);

async function heldKeys() {
  if (navigator.locks) return (await navigator.locks.query()).held.map(({ name }) => name);
  return [];
}

async function isHeldElsewhere(key) {
  if (navigator.locks) return false;
  const beat = () => get(BEAT + key, store);
  const before = await beat();
  if (before === undefined) return false;
  await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  return (await beat()) !== before;
}

function beat(key) {
  const timer = setInterval(() => set(BEAT + key, Date.now(), store), BEATS);
  return () => {
    clearInterval(timer);
    return del(BEAT + key, store);
  };
}

// Whether this worker has the run's lock now.
async function lock(key) {
  unlock();
  unlock = () => {};
  if (!navigator.locks) {
    if (await isHeldElsewhere(key)) return false;
    unlock = beat(key);
    return true;
  }
  return new Promise((resolve, reject) => {
    const held = (lock) => {
      resolve(Boolean(lock));
      return lock && new Promise((release) => (unlock = release));
    };
    navigator.locks.request(key, { ifAvailable: true }, held).catch(reject);
  });
}

self.runStore = {
  // A new run is on.
  begin() {
    const key = `${PREFIX}${Date.now()}-${Math.random().toString(36).slice(2)}`;
    own = key;
    next = null;
    return inOrder(() => lock(key));
  },

  // Keeps the run as it is now, unless something newer comes before it is written, and its moments if there are new
  // ones. Returns why those were refused; the run may still find room.
  keep(bytes, moments) {
    const key = own;
    if (!key) return busy;
    const mine = (next = { bytes, moments: moments ?? next?.moments });
    return inOrder(async () => {
      if (next !== mine || own !== key) return undefined;
      next = null;
      const run = { bytes, saved: Date.now() };
      let refusal;
      if (mine.moments) {
        try {
          await setMany([[key, run], [momentsOf(key), mine.moments]], store);
          return undefined;
        } catch (error) {
          refusal = error;
        }
      }
      await set(key, run, store);
      return refusal;
    });
  },

  // The run is over.
  end() {
    const key = own;
    own = next = null;
    if (!key) return busy;
    return inOrder(async () => {
      await forget(key);
      if (!own) unlock();
    });
  },

  // The newest run that was interrupted and is on in no tab: its key and bytes.
  find() {
    return inOrder(async () => {
      const all = await keys(store);
      const held = new Set(await heldKeys());
      const free = [];
      // Keys begin with the time at which the run began.
      for (const key of all.filter((key) => String(key).startsWith(PREFIX)).reverse()) {
        if (key !== own && !held.has(key) && !(await isHeldElsewhere(key))) free.push(key);
      }
      for (const key of free.slice(1 + SPARE)) await forget(key);
      if (!free.length) return undefined;
      const value = await get(free[0], store);
      return [free[0], value?.bytes instanceof Uint8Array ? value.bytes : new Uint8Array()];
    });
  },

  // Goes on with an interrupted run: its bytes and its moments; undefined if it is on in another tab now, or is gone.
  take(key) {
    return inOrder(async () => {
      const locked = await lock(key);
      const value = locked && (await get(key, store));
      if (!value) {
        unlock();
        return undefined;
      }
      own = key;
      return [value.bytes, await get(momentsOf(key), store)];
    });
  },

  forget: (key) => inOrder(() => forget(key)),

  value: (key) => get(key, store),

  // Keys that begin like this, with their values.
  entries: async (prefix) => (await entries(store)).filter(([key]) => String(key).startsWith(prefix)),

  // Adds keys and values, all or none.
  add: (added) => setMany(added, store),
};
