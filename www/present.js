// Presenting to a class: the button, the key F, or `?present` in the address leaves only pad, network, answer, training
// and curves, as large as the screen allows.

const button = document.getElementById("present");
const isOn = () => document.body.hasAttribute("data-present");

function present(on) {
  document.body.toggleAttribute("data-present", on);
  button.setAttribute("aria-pressed", on);
  if (on) scrollTo(0, 0);
}

button.addEventListener("click", () => present(!isOn()));
addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  const busy = target.closest?.("input, select, dialog, [role=dialog]");
  if (busy || ctrlKey || metaKey || altKey) return;
  if (key === "f" || key === "F") present(!isOn());
});
if (new URLSearchParams(location.search).has("present")) present(true);
