// Test's map: points on a canvas, which glide to where the network now has them. Fetched when Test opens. The page gives
// places, digits and answers (src/web/page/panels/evaluate/map.rs).

// What the map covers, from its middle: the points' mean square distance from it is 1.
const REACH = 2.1;

// Milliseconds in which points glide.
const GLIDE = 400;

// The farthest that a press may be from its point, in CSS pixels.
const NEAR = 16;

const room = document.querySelector("#judge-map");
const canvas = document.querySelector("#judge-map-canvas");
const still = matchMedia("(prefers-reduced-motion: reduce)");

let points; // {places, digits, answers}
let before; // where they glide from
let since = 0;
let pen; // where the drawing lies
let chosen; // the index of a point
let kept; // the points, drawn once for many places of the pen
let asked = false;

const isMistake = (i) => points.digits[i] !== points.answers[i];

const style = (name) => getComputedStyle(room).getPropertyValue(name).trim();

const share = () => (still.matches ? 1 : Math.min(1, (performance.now() - since) / GLIDE));

// Where a coordinate was on its way, if it has come this far.
const at = (i, way) => before[i] + (points.places[i] - before[i]) * way * (2 - way);

function show(places, digits, answers) {
  const way = points ? share() : 1;
  const glides = points?.places.length === places.length;
  before = glides ? Float32Array.from(places, (_, i) => at(i, way)) : places;
  points = { places, digits, answers };
  since = performance.now();
  if (chosen >= digits.length) chosen = undefined;
  say();
  draw();
}

function drawing(place) {
  pen = place;
  askFrame();
}

// Has everything drawn again.
function draw() {
  kept = undefined;
  askFrame();
}

// Asks for a frame in which the map is drawn: the points only if they are not kept, and what lies above them.
function askFrame() {
  if (asked || !points) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    paint();
  });
}

function paint() {
  const size = fit();
  if (!size) return;
  const way = share();
  const context = canvas.getContext("2d");
  const place = (i) => [position(at(2 * i, way), size), position(-at(2 * i + 1, way), size)];
  context.clearRect(0, 0, size, size);
  if (kept) {
    context.drawImage(kept, 0, 0);
  } else {
    paintPoints(context, place);
    if (way === 1) kept = keep();
  }
  paintAbove(context, place, size);
  if (way < 1) draw();
}

const position = (coordinate, size) => (0.5 + coordinate / (2 * REACH)) * size;

// Gives the canvas its pixels; returns the length of its side, or nothing where it has none.
function fit() {
  const size = Math.round(canvas.clientWidth * devicePixelRatio);
  if (size && canvas.width !== size) {
    canvas.width = canvas.height = size;
    kept = undefined;
  }
  return size;
}

function paintPoints(context, place) {
  const radius = 2.2 * devicePixelRatio;
  const colours = Array.from({ length: 10 }, (_, digit) => style(`--digit-${digit}`));
  context.globalAlpha = 0.75;
  for (let i = 0; i < points.digits.length; i++) {
    context.fillStyle = colours[points.digits[i]];
    dot(context, place(i), radius);
    context.fill();
  }
  context.globalAlpha = 1;
  context.strokeStyle = style("--ink");
  context.lineWidth = 1.2 * devicePixelRatio;
  for (let i = 0; i < points.digits.length; i++) {
    if (!isMistake(i)) continue;
    dot(context, place(i), 1.8 * radius);
    context.stroke();
  }
  paintDigits(context, place);
}

// Each digit stands in the middle of its points.
function paintDigits(context, place) {
  context.font = `700 ${20 * devicePixelRatio}px ${getComputedStyle(room).fontFamily}`;
  [context.textAlign, context.textBaseline] = ["center", "middle"];
  [context.fillStyle, context.strokeStyle, context.lineWidth] = [style("--ink"), style("--sheet"), 4 * devicePixelRatio];
  for (let digit = 0; digit < 10; digit++) {
    const of = [...points.digits.keys()].filter((i) => points.digits[i] === digit).map(place);
    if (!of.length) continue;
    const middle = [0, 1].map((axis) => of.reduce((sum, point) => sum + point[axis], 0) / of.length);
    context.strokeText(digit, ...middle);
    context.fillText(digit, ...middle);
  }
}

function paintAbove(context, place, size) {
  context.lineWidth = 2 * devicePixelRatio;
  if (chosen !== undefined) {
    context.strokeStyle = style("--test");
    dot(context, place(chosen), 9 * devicePixelRatio);
    context.stroke();
  }
  if (pen) {
    const inside = (coordinate) => Math.max(-0.97 * REACH, Math.min(0.97 * REACH, coordinate));
    dot(context, [position(inside(pen[0]), size), position(inside(-pen[1]), size)], 8 * devicePixelRatio);
    [context.fillStyle, context.strokeStyle] = [style("--train"), style("--sheet")];
    context.fill();
    context.stroke();
  }
}

function dot(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function keep() {
  const copy = document.createElement("canvas");
  copy.width = copy.height = canvas.width;
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}

function say() {
  const mistakes = [...points.digits.keys()].filter(isMistake).length;
  const words = chosen === undefined
    ? `${points.digits.length.toLocaleString("en")} test images, ${mistakes} of them mistakes. Press a point.`
    : `Test image ${chosen}: a ${points.digits[chosen]}, read as ${points.answers[chosen]}.`;
  document.querySelector("#judge-map-words").textContent = words;
  document.querySelector("#judge-map-look").setAttribute("aria-disabled", chosen === undefined);
}

function choose(index) {
  chosen = index;
  say();
  askFrame();
}

function look() {
  if (chosen !== undefined) room.dispatchEvent(new CustomEvent("look", { detail: chosen }));
}

canvas.addEventListener("click", ({ offsetX, offsetY }) => {
  if (!points) return;
  const way = share();
  const side = canvas.clientWidth;
  const distance = (i) =>
    Math.hypot(position(at(2 * i, way), side) - offsetX, position(-at(2 * i + 1, way), side) - offsetY);
  const closest = [...points.digits.keys()].reduce((best, i) => (distance(i) < distance(best) ? i : best), 0);
  choose(distance(closest) <= NEAR ? closest : undefined);
});

document.querySelector("#judge-map-next").addEventListener("click", () => {
  const mistakes = [...(points?.digits.keys() ?? [])].filter(isMistake);
  choose(mistakes.find((i) => i > (chosen ?? -1)) ?? mistakes[0]);
});

document.querySelector("#judge-map-look").addEventListener("click", look);

new ResizeObserver(() => draw()).observe(canvas);
for (const colours of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(colours).addEventListener("change", () => draw());
}

globalThis.testMap = { show, drawing };
