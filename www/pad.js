// The pad before WebAssembly runs: keeps and shows what is drawn, and draws it again once the page listens.

const pad = document.getElementById("pad");
const kinds = ["pointerdown", "pointermove", "pointerup", "pointercancel"];
const kept = [];
let from = null;

// Where the pointer is, in sides of the pad: the pad may be elsewhere when it is drawn again.
function place({ clientX, clientY }) {
  const { left, top, width } = pad.getBoundingClientRect();
  return [(clientX - left) / width, (clientY - top) / width];
}

// As the page does it, but with straight lines.
function show([x, y]) {
  const context = pad.getContext("2d");
  context.strokeStyle = getComputedStyle(pad).color;
  context.lineCap = "round";
  context.lineWidth = 0.055 * pad.width;
  context.beginPath();
  context.moveTo(from[0] * pad.width, from[1] * pad.width);
  context.lineTo(x * pad.width, y * pad.width);
  context.stroke();
  from = [x, y];
}

function keep(event) {
  const { type, pointerId, pointerType, button, buttons } = event;
  if (document.body.dataset.state === "error") return;
  if (type === "pointerdown") {
    if (button !== 0 || from) return;
    if (!kept.length) pad.width = pad.height = Math.round(pad.clientWidth * devicePixelRatio);
    event.preventDefault();
    pad.setPointerCapture(pointerId);
    from = place(event);
    document.getElementById("hint").hidden = true;
  } else if (!from || pointerId !== kept.at(-1).pointerId) {
    return;
  }
  const coalesced = type === "pointermove" ? (event.getCoalescedEvents?.() ?? []) : [];
  for (const each of coalesced.length ? coalesced : [event]) {
    const at = place(each);
    kept.push({ type, pointerId, pointerType, button, buttons, at });
    show(at);
  }
  if (type !== "pointerdown" && type !== "pointermove") from = null;
}

for (const kind of kinds) pad.addEventListener(kind, keep);

// Gives the page, which listens now, all that was drawn; a stroke that is being drawn goes on there.
export function handOver() {
  for (const kind of kinds) pad.removeEventListener(kind, keep);
  const { left, top, width } = pad.getBoundingClientRect();
  for (const { type, at: [x, y], ...pointer } of kept.splice(0)) {
    const options = { ...pointer, bubbles: true, clientX: left + x * width, clientY: top + y * width };
    pad.dispatchEvent(new PointerEvent(type, options));
  }
}

// Ctrl+Z or Cmd+Z takes the last stroke away, Escape all of them, unless a field or a dialog has the keys.
addEventListener("keydown", (event) => {
  const { key, ctrlKey, metaKey, altKey, shiftKey, target, defaultPrevented } = event;
  if (defaultPrevented || altKey || shiftKey || target.closest("input, select, textarea, dialog")) return;
  const command = ctrlKey || metaKey;
  if (command && key === "z") {
    event.preventDefault();
    document.getElementById("undo").click();
  } else if (!command && key === "Escape" && !document.querySelector("dialog[open], #tour-card:not([hidden])")) {
    if (target === document.body || target.closest(".draw")) document.getElementById("clear").click();
  }
});
