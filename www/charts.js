// The charts, drawn with uPlot: a run's loss and accuracy, and all kept runs. Fetched when the trainer is ready. The
// page gives numbers and words (src/web/page/charts.rs); NaN means no point, infinity a measure that overflowed.

// As it loads, uPlot makes a number format for the browser's language. A bare machine's "C" is not a language.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}

// The axes are logarithmic, because differences that matter at the end of a run are a hundredth of those at its start.
// Accuracy's is the axis of its complement, the share that is wrong, upside down. An axis starts, ends and has lines
// only at `lines`, and always covers `span`. What a logarithmic axis has no place for, all right, stands above the last
// line, as far as `beyond`.
const curves = {
  loss: {
    turned: (loss) => loss,
    direction: 1,
    lines: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100],
    span: [0.3, 3],
    beyond: 1,
    words: (loss) => number(loss, 1000),
  },
  accuracy: {
    turned: (share) => 1 - share,
    direction: -1,
    lines: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    span: [0.2, 1],
    beyond: 2.5,
    words: (share) => `${Math.round(Math.fround(Math.fround(share) * 1000)) / 10} %`,
  },
};

// Distances between lines of the horizontal axis, in whole minibatches.
const whole = [1, 10, 100, 1e3, 1e4, 1e5].flatMap((unit) => [unit, 2 * unit, 5 * unit]);

const number = (value, steps) =>
  Math.abs(value) < 1e5 ? String(Math.round(value * steps) / steps) : value.toExponential(2).replace("+", "");

const style = (place, name) => getComputedStyle(place).getPropertyValue(name).trim();

// As large as the place's own text.
const textSize = (place) => Math.ceil(parseFloat(getComputedStyle(place).fontSize));

const font = (place, pixels = textSize(place)) => `${pixels}px ${getComputedStyle(place).fontFamily}`;

// The horizontal axis, without lines, and the vertical one.
function axes(place, x, y) {
  const scale = textSize(place) / 13;
  const sized = ({ size: room, labelSize = 0, ...rest }) => ({ size: room * scale, labelSize: labelSize * scale, ...rest });
  const both = {
    stroke: style(place, "--soft"),
    font: font(place),
    labelFont: font(place),
    grid: { stroke: style(place, "--hair"), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...both, gap: 4, ...sized(x), grid: { show: false } },
    { ...both, gap: 8, space: 32, ...sized(y) },
  ];
}

// What an axis of shares covers: all of them, a little more, and nothing that no share can be.
function around(shares) {
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const margin = Math.max(0.1 * (high - low), 0.005);
  return [Math.max(0, low - margin), Math.min(1, high + margin)];
}

const size = ({ clientWidth: width, clientHeight: height }) => ({ width, height });

const showLatest = (plot) => plot.setLegend({ idx: plot.data[0].length - 1 });

// Whether somebody points at a curve; then both show that minibatch.
const isPointedAt = () => [...marking].some(({ plot }) => plot?.over.matches(":hover"));

class Chart {
  constructor(place) {
    this.place = place;
    new ResizeObserver(() => this.fit()).observe(place);
    for (const colours of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(colours).addEventListener("change", () => this.make());
    }
  }

  fit() {
    const text = textSize(this.place);
    if (!this.plot || this.text !== text) this.make();
    else if (this.place.clientWidth) this.draw(() => this.plot.setSize(size(this.place)));
  }

  // Makes the chart again, in its current size and colours.
  make() {
    this.remove();
    if (!this.data || !this.place.clientWidth) return;
    this.text = textSize(this.place);
    this.draw(() => {
      this.plot = new globalThis.uPlot(this.options(), this.points(), this.place);
    });
  }

  // If uPlot fails, this place says so, and the page goes on.
  draw(action) {
    try {
      action();
    } catch (error) {
      console.error("uPlot:", error);
      this.plot = undefined;
      this.place.replaceChildren();
      this.say("This browser cannot draw the chart; the table has the numbers.");
    }
  }

  // Shows words in place of the chart.
  say(words) {
    this.place.append(Object.assign(document.createElement("p"), { className: "empty", textContent: words }));
  }

  // Removes the chart and its data.
  clear() {
    this.data = undefined;
    this.remove();
  }

  remove() {
    this.plot?.destroy();
    this.plot = undefined;
    this.place.replaceChildren();
  }
}

// The minibatch that is marked in the curves, and these curves.
let marked;
const marking = new Set();

class Curve extends Chart {
  constructor(place, measure) {
    super(place);
    marking.add(this);
    this.kind = curves[measure];
  }

  // Shows lists of equal length: minibatches, each one's measure, the smoothed measure and that of the test set.
  show(x, raw, smooth, test) {
    this.draw(() => {
      const { turned, lines, span, beyond } = this.kind;
      const shown = [...smooth, ...test].map(turned).filter(Number.isFinite);
      const [low, high] = [Math.min(span[0], ...shown), Math.max(span[1], ...shown)];
      const below = lines.findLast((line) => line <= 0.9 * low) ?? lines[0];
      const above = lines.find((line) => line >= high) ?? lines.at(-1);
      this.ends = [below / beyond, above];
      this.data = { x, measures: [raw, smooth, test] };
      if (this.plot) {
        this.plot.setData(this.points());
        if (!isPointedAt()) showLatest(this.plot);
      } else if (!this.place.hasChildNodes()) {
        this.make();
      }
    });
  }

  // Values beyond the axis are drawn at its edge; those that overflowed leave a gap.
  points() {
    const placed = (value) => (Number.isFinite(value) ? Math.max(this.kind.turned(value), this.ends[0]) : null);
    return [this.data.x, ...this.data.measures.map((values) => Array.from(values, placed))];
  }

  // Where the vertical axis has lines: at its ends, and between them as long as their words have room.
  lines({ bbox }, low, high) {
    const { direction, lines, beyond } = this.kind;
    const apart = (a, b) => (Math.log(b / a) / Math.log(high / low)) * (bbox.height / devicePixelRatio);
    const all = lines.filter((line) => low <= line && line <= high);
    if (beyond > 1) all.unshift(low);
    // From the end at the top, which is what a run is about.
    if (direction > 0) return all;
    return all.filter(
      ((last) => (line) => {
        const fits = !last || apart(last, line) > 1.1 * this.text;
        if (fits) last = line;
        return fits;
      })(),
    );
  }

  // The words beside a line.
  mark(line) {
    const { turned, words, beyond } = this.kind;
    return beyond > 1 && line === this.ends[0] ? words(turned(0)) : words(turned(line));
  }

  // Places the line at the marked minibatch.
  markMoment() {
    const line = this.plot?.over.querySelector(".moment");
    if (!line) return;
    line.hidden = marked === undefined;
    if (!line.hidden) line.style.left = `${this.plot.valToPos(Math.max(marked, 1), "x")}px`;
  }

  // A press on the curve goes back to the minibatch there, and so does dragging along it.
  goBack(plot) {
    const line = Object.assign(document.createElement("div"), { className: "moment", hidden: true });
    plot.over.append(line);
    const go = (event) => {
      const detail = Math.max(0, Math.round(plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x")));
      this.place.dispatchEvent(new CustomEvent("moment", { bubbles: true, detail }));
    };
    plot.over.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      plot.over.setPointerCapture(event.pointerId);
      go(event);
    });
    plot.over.addEventListener("pointermove", (event) => {
      if (plot.over.hasPointerCapture(event.pointerId)) go(event);
    });
  }

  // Shows the newest values in the legend unless somebody points at others.
  attend(plot) {
    plot.over.addEventListener("mouseleave", () => {
      for (const curve of marking) if (curve.plot) showLatest(curve.plot);
    });
    showLatest(plot);
  }

  // The legend's words for the measure itself, not its position on the axis. Where a line has no point, the last one
  // before counts: between two tests that is the last test.
  legend(line, at) {
    if (typeof at !== "number") return "";
    const newest = this.data.measures[line - 1].subarray(0, at + 1).findLast((value) => !Number.isNaN(value));
    if (newest === undefined) return "";
    return Number.isFinite(newest) ? this.kind.words(newest) : "–";
  }

  options() {
    const { direction } = this.kind;
    const [thin, train, test] = ["--thin", "--train", "--test"].map((name) => style(this.place, name));
    const value = (plot, _, line, at) => this.legend(line, at);
    const [hidden, dot] = [{ show: false }, { show: true, size: 7 }];
    return {
      ...size(this.place),
      pxAlign: 0,
      padding: [this.text / 2 + 2, 16, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 }, sync: { key: "run" } },
      legend: { markers: { width: 2 } },
      scales: { x: { time: false }, y: { distr: 3, dir: direction, range: () => this.ends } },
      axes: axes(
        this.place,
        { size: 24, space: 72, labelSize: 16, label: "minibatches", incrs: whole },
        {
          size: 56,
          splits: (plot, axis, low, high) => this.lines(plot, low, high),
          filter: (plot, values) => values,
          values: (plot, values) => values.map((line) => this.mark(line)),
        },
      ),
      series: [
        { label: "minibatch" },
        { label: "raw", stroke: thin, paths: () => null, points: { show: true, size: 3, width: 0, fill: thin }, value },
        { label: "smoothed", stroke: train, width: 2, points: hidden, value },
        { label: "test", stroke: test, width: 1, spanGaps: true, points: { ...dot, fill: test, stroke: test }, value },
      ],
      hooks: { ready: [(plot) => this.attend(plot), (plot) => this.goBack(plot)], draw: [() => this.markMoment()] },
    };
  }
}

class Runs extends Chart {
  // Shows runs, each with its colour's name, the length of its dashes, epochs and values, and perhaps a name, which then
  // stands at the end of its line.
  show(isAccuracy, runs) {
    this.data = { isAccuracy, runs };
    this.make();
    if (this.plot && !runs.some(([, , , values]) => values.some(Number.isFinite))) {
      this.remove();
      this.say("Nothing to draw: the numbers in these runs grew too large.");
    }
  }

  points() {
    // uPlot spans gaps only if they are undefined.
    const finite = (value) => (Number.isFinite(value) ? value : undefined);
    return globalThis.uPlot.join(this.data.runs.map(([, , x, values]) => [x, Array.from(values, finite)]));
  }

  options() {
    const { isAccuracy, runs } = this.data;
    const epochs = runs.flatMap(([, , x]) => [x[0], x.at(-1)]).filter(Number.isFinite);
    const first = epochs.length ? Math.floor(Math.min(...epochs)) : 0;
    const shown = runs.flatMap(([, , , values]) => Array.from(values)).filter(Number.isFinite);
    const word = (value) => (isAccuracy ? `${number(100 * value, 100)} %` : number(value, 1e4));
    return {
      ...size(this.place),
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [first, Math.max(first + 1, ...epochs)] },
        y: isAccuracy ? { range: around(shown) } : { distr: 3 },
      },
      axes: axes(
        this.place,
        { size: 28, space: 48, labelSize: 20, label: "epochs", incrs: [1, 2, 5, 10, 20, 50, 100] },
        // uPlot leaves some lines of a logarithmic axis without a value.
        { size: 64, values: (plot, values) => values.map((value) => (value === null ? null : word(value))) },
      ),
      series: [
        { label: "epoch" },
        ...runs.map(([name, dash, x]) => {
          const stroke = style(this.place, name);
          const points = { show: x.length < 60, size: 6, fill: stroke };
          return { stroke, width: 2, dash: dash ? [dash, 4] : undefined, spanGaps: true, points };
        }),
      ],
      hooks: { draw: [(plot) => this.label(plot)] },
    };
  }

  // Writes the names of runs above or below the ends of their lines, apart from each other.
  label({ ctx, bbox, valToPos }) {
    const ends = this.data.runs.flatMap(([colour, , x, values, name]) => {
      const last = Array.from(values).findLastIndex(Number.isFinite);
      return name && last >= 0 ? [{ colour, name, x: valToPos(x[last], "x", true), y: valToPos(values[last], "y", true) }] : [];
    });
    const text = textSize(this.place) * devicePixelRatio;
    const line = 1.25 * text;
    // Letters that take about half of the width.
    const most = Math.floor(bbox.width / line);
    ends.sort((a, b) => a.y - b.y);
    // The highest name is above its line, the others are below theirs and apart from each other.
    let last = -Infinity;
    for (const end of ends) {
      const beside = end === ends[0] ? end.y - 0.5 * line : end.y + 1.2 * line;
      last = end.at = Math.max(beside, last + line, bbox.top + line);
    }
    // What is too low pushes those above it up.
    let lowest = bbox.top + bbox.height - 4;
    for (const end of ends.toReversed()) {
      end.at = Math.min(end.at, lowest);
      lowest = end.at - line;
    }
    ctx.save();
    ctx.font = font(this.place, text);
    ctx.textAlign = "right";
    // Paper around the letters, as a line may pass behind them.
    ctx.strokeStyle = style(this.place, "--paper");
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.lineJoin = "round";
    for (const { colour, name, x, at } of ends) {
      ctx.fillStyle = style(this.place, colour);
      const words = name.length > most ? `${name.slice(0, most - 1)}…` : name;
      const right = Math.min(x, bbox.left + bbox.width) - 4;
      ctx.strokeText(words, right, at);
      ctx.fillText(words, right, at);
    }
    ctx.restore();
  }

  // A picture's URL: the chart on the page's paper, with a title above and words about each run below.
  picture(title, words) {
    if (!this.plot) return undefined;
    const chart = this.plot.ctx.canvas;
    const scale = chart.width / this.place.clientWidth;
    const line = 22 * scale;
    const canvas = document.createElement("canvas");
    canvas.width = chart.width;
    canvas.height = chart.height + line * (words.length + 2);
    const context = canvas.getContext("2d");
    context.fillStyle = style(this.place, "--paper");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(chart, 0, line);
    context.font = font(this.place, 13 * scale);
    context.fillStyle = style(this.place, "--ink");
    context.fillText(title, 8 * scale, 16 * scale);
    words.forEach((text, i) => context.fillText(text, 40 * scale, chart.height + line * (i + 2)));
    this.data.runs.forEach(([name], i) => {
      context.fillStyle = style(this.place, name);
      context.fillRect(8 * scale, chart.height + line * (i + 2) - 5 * scale, 24 * scale, 3 * scale);
    });
    return canvas.toDataURL();
  }
}

function mark(step) {
  marked = step;
  marking.forEach((curve) => curve.markMoment());
}

globalThis.charts = { Curve, Runs, mark };
