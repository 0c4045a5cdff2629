// In Runs: two runs side by side. It offers the choice; the page asks the trainer, and gives what comes of it to
// `comparison.show`: JSON as src/app/panels/runs/compare.rs writes it, and the images in it.

const place = document.getElementById("compare");
const rows = document.getElementById("runs-rows");
const button = document.getElementById("compare-start");
const notice = document.getElementById("notice");

const SIDE = 28;
// As in src/web/page/panels/runs/chart.rs.
const COLOURS = 6;
const DASH = 6;

function make(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const choose = (label) => {
  const select = make("select", { autocomplete: "off" });
  return [make("label", {}, [`${label} `, select]), select];
};
const [[firstLabel, first], [secondLabel, second]] = [choose("Compare"), choose("with")];
const status = make("p", { className: "aside", role: "status" });
const result = make("div");
place.prepend(make("div", { className: "choice" }, [firstLabel, secondLabel, button]), status, result);

// Offers the runs of the table. A choice stays as long as its run does; at first it is the two newest.
function offer() {
  const runs = Array.from(rows.children, (row) => [row.dataset.key, row.querySelector("th input").value]);
  place.hidden = runs.length < 2;
  [first, second].forEach((select, at) => {
    const before = runs.some(([key]) => key === select.value) ? select.value : (runs[1 - at]?.[0] ?? "");
    select.replaceChildren(...runs.map(([key, name]) => new Option(name, key)));
    select.value = before;
  });
  settle();
}

function settle() {
  const why = first.value === second.value ? "Choose two different runs" : "";
  button.setAttribute("aria-disabled", String(Boolean(why)));
  button.title = why;
  if (why) {
    delete button.dataset.first;
  } else {
    Object.assign(button.dataset, { first: first.value, second: second.value });
  }
}

// Names are inputs, whose values are set without a change of the document.
new MutationObserver(offer).observe(rows, { childList: true });
rows.addEventListener("change", offer);
place.addEventListener("focusin", ({ target }) => target.tagName === "SELECT" && offer());
for (const select of [first, second]) select.addEventListener("change", settle);
button.addEventListener("click", () => {
  if (button.dataset.first) status.textContent = "Both networks read the 10,000 test images, which takes some seconds.";
});
// If it is refused, the page says why.
new MutationObserver(() => (status.textContent = "")).observe(notice, { attributes: true });

function style(key) {
  return `--run-${(Number(BigInt(key) >> 16n) % COLOURS) + 1}`;
}

function swatch(name, dashed) {
  const mark = make("span", { className: "swatch" });
  mark.setAttribute("aria-hidden", "true");
  mark.style.borderTopColor = `var(${name})`;
  if (dashed) mark.style.borderTopStyle = "dashed";
  return mark;
}

function table(caption, heads, lines) {
  const cell = (tag, scope, content) => {
    const made = make(tag, {}, [content].flat());
    if (scope) made.scope = scope;
    return made;
  };
  const body = lines.map(({ name, values }) =>
    make("tr", {}, [cell("th", "row", name), ...values.map((value) => cell("td", "", value))]),
  );
  const head = make("tr", {}, [make("td"), ...heads().map((content) => cell("th", "col", content))]);
  const made = make("table", {}, [make("thead", {}, [head]), make("tbody", {}, body)]);
  return make("div", {}, [make("h4", { textContent: caption }), made]);
}

function paint(canvas, pixels) {
  const context = canvas.getContext("2d");
  const [red, green, blue] = getComputedStyle(document.body).color.match(/[0-9.]+/g).map(Number);
  const image = context.createImageData(SIDE, SIDE);
  pixels.forEach((ink, at) => image.data.set([red, green, blue, 255 * ink], 4 * at));
  context.putImageData(image, 0, 0);
}

function figure(image, pixels, { names, marks }) {
  const canvas = make("canvas", { width: SIDE, height: SIDE });
  paint(canvas, pixels);
  const readings = image.read.map((digit, at) => {
    const line = make("span", {}, [marks()[at], `${digit}, ${image.sure[at]}`]);
    line.title = `${names[at]} reads ${digit}, ${image.sure[at]} sure`;
    return line;
  });
  return make("figure", {}, [canvas, make("figcaption", {}, [make("span", { textContent: `is ${image.label}` }), ...readings])]);
}

let shown;

function show(text, images) {
  shown = [text, images];
  const compared = JSON.parse(text);
  const { names, keys } = compared;
  const colours = keys.map(style);
  const dashed = [false, colours[0] === colours[1]];
  const marks = () => colours.map((colour, at) => swatch(colour, dashed[at]));
  const heads = () => marks().map((mark, at) => [mark, names[at]]);
  status.textContent = "";
  const same = { name: "Nothing: they differ by chance only", values: ["", ""] };
  const settings = compared.settings.length ? compared.settings : [same];
  const figures = make("div", {}, [table("Settings that differ", heads, settings), table("Figures", heads, compared.figures)]);
  const places = compared.curves.map(() => make("div", { className: "curve" }));
  const curves = compared.curves.map(({ name }, at) => make("div", {}, [make("h4", { textContent: name }), places[at]]));
  result.replaceChildren(make("div", { className: "pair" }, [figures, ...curves]));
  let next = 0;
  for (const group of compared.groups) {
    const count = group.count.toLocaleString("en");
    const some = group.images.length < group.count ? `, the ${group.images.length} most confident` : "";
    const tiles = group.images.map((image) => {
      const from = SIDE * SIDE * next++;
      return figure(image, images.subarray(from, from + SIDE * SIDE), { names, marks });
    });
    result.append(make("h4", { textContent: `${group.title}: ${count} test images${some}` }));
    result.append(make("div", { className: "images" }, tiles));
  }
  draw(compared.curves, places, { names, colours, dashed });
  result.firstChild.scrollIntoView({ block: "nearest" });
}

function draw(curves, places, { names, colours, dashed }) {
  curves.forEach(({ accuracy, lines }, at) => {
    const chart = new globalThis.charts.Runs(places[at]);
    const named = lines.map(([epochs, values], run) => [
      colours[run],
      dashed[run] ? DASH : 0,
      Float64Array.from(epochs),
      Float64Array.from(values, (value) => value ?? NaN),
      names[run],
    ]);
    chart.show(accuracy, named);
  });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shown && show(...shown));

offer();
globalThis.comparison = { show };
