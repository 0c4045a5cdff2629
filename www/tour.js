// The guided tour of the page, in five steps. Loaded on demand.

const steps = [
  ["#pad", "Draw a digit here", "The network answers while you draw."],
  ["#bars", "The network’s answer", "The longer a bar, the likelier it thinks that digit is."],
  ["#train", "Let it learn", "Press Train: a new network that knows nothing learns from 60,000 digits, here in this tab, and keeps guessing yours."],
  [".curves", "Progress", "The loss falls and the accuracy rises. Drag along a curve to go back in time."],
  [".doors", "More to explore", "See every layer, ask it for a 7, find its mistakes, teach it your handwriting, or build another network."],
];

const card = document.getElementById("tour-card");
const part = (name) => document.getElementById(`tour-${name}`);
let at = 0;

// Puts the card into the first corner in which it does not cover what it is about.
function place(target) {
  const subject = target.getBoundingClientRect();
  for (const corner of ["foot", "foot-right", "head-right", "head"]) {
    card.dataset.at = corner;
    const { left, right, top, bottom } = card.getBoundingClientRect();
    if (right < subject.left || left > subject.right || bottom < subject.top || top > subject.bottom) return;
  }
  card.dataset.at = "foot";
}

function show(step) {
  document.querySelector(".tour-here")?.classList.remove("tour-here");
  at = step;
  const [selector, title, text] = steps[at];
  const target = document.querySelector(selector);
  target.classList.add("tour-here");
  // On a phone the card covers the lower half.
  target.scrollIntoView({ block: innerWidth < 640 ? "start" : "nearest", behavior: "instant" });
  part("title").textContent = title;
  part("text").textContent = text;
  part("count").textContent = `${at + 1} of ${steps.length}`;
  part("back").hidden = at === 0;
  part("end").hidden = at === steps.length - 1;
  part("next").textContent = at === steps.length - 1 ? "Done" : "Next";
  place(target);
  // The dialog is not modal: the page can be tried at each step.
  part("title").focus({ preventScroll: true });
}

function end() {
  document.querySelector(".tour-here")?.classList.remove("tour-here");
  card.hidden = true;
  const opener = document.getElementById("tour");
  opener.scrollIntoView({ block: "nearest" });
  opener.focus();
}

part("back").addEventListener("click", () => show(at - 1));
part("next").addEventListener("click", () => (at === steps.length - 1 ? end() : show(at + 1)));
part("end").addEventListener("click", end);
card.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") end();
});

export function begin() {
  card.hidden = false;
  show(0);
}
