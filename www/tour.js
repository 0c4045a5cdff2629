// The guided tour of the page, in seven steps. Loaded on demand.

const steps = [
  ["#pad", "Draw a digit here", "Use a mouse, a finger or a pen. The network answers while you draw."],
  ["#bars", "The network’s answer", "The network sees your drawing scaled and centred to 28 by 28 pixels. The bars show how likely it thinks each digit is."],
  ["#train", "Let it learn", "Train starts a new network that knows nothing yet. It learns from 60,000 handwritten digits, here in this tab, and keeps guessing your drawing as it learns."],
  ["#settings", "How it learns", "Epochs, batch size, learning rate: press a ? to see what each one means. The page’s address keeps your settings, so a link shares them."],
  [".curves", "Progress", "The loss should fall and the accuracy rise. After each epoch the network is tested on 10,000 digits it has never trained on."],
  [".doors", "More to explore", "Look inside shows every layer and where each number comes from. Test shows which digits the network gets wrong. The others teach it your handwriting, build other networks and compare runs."],
  ["footer", "Everything stays here", "Nothing is sent anywhere: drawing, training and the network all stay in this tab."],
];

const card = document.getElementById("tour-card");
const part = (name) => document.getElementById(`tour-${name}`);
let at = 0;

function show(step) {
  document.querySelector(".tour-here")?.classList.remove("tour-here");
  at = step;
  const [selector, title, text] = steps[at];
  const target = document.querySelector(selector);
  target.classList.add("tour-here");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // On a phone the card covers the lower half.
  const block = innerWidth < 640 ? "start" : "center";
  target.scrollIntoView({ block, behavior: still ? "instant" : "smooth" });
  part("title").textContent = title;
  part("text").textContent = text;
  part("count").textContent = `${at + 1} of ${steps.length}`;
  part("back").hidden = at === 0;
  part("end").hidden = at === steps.length - 1;
  part("next").textContent = at === steps.length - 1 ? "Done" : "Next";
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
