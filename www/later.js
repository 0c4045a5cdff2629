// What can wait until the network has answered for the first time: the styles of charts and panels, presenting, the
// shared picture, being kept for use without a network.

// The visit is poor without them, so they are asked for until they come.
function addStyles() {
  const styles = document.createElement("link");
  styles.rel = "stylesheet";
  styles.href = new URL("./later.css", import.meta.url);
  styles.addEventListener("error", () => {
    styles.remove();
    setTimeout(addStyles, 5000);
  });
  document.head.append(styles);
}

addStyles();
for (const script of ["./present.js", "./offline.js"]) {
  // All else works without them.
  import(script).catch((error) => console.info(error));
}

document.getElementById("open-runs").addEventListener("click", async ({ currentTarget }) => {
  // What the page keeps counts once it has had time to write.
  if (currentTarget.getAttribute("aria-expanded") !== "true") return;
  (await import("./storage.js")).show();
  await import("./compare.js");
});

// Closed, it is still in the page's state, and a new one opens again.
document.getElementById("problem-close").addEventListener("click", () => {
  document.getElementById("problem").hidden = true;
});

// Shares a picture of the page; the button says for a while how that went.
async function share({ currentTarget: button }) {
  if (button.dataset.label) return;
  button.dataset.label = button.textContent;
  try {
    button.textContent = await (await import("./share.js")).share();
  } catch (error) {
    console.error(error);
    button.textContent = "No picture: try again";
  }
  document.getElementById("announce").textContent = button.textContent;
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
  }, 3000);
}

for (const id of ["share-picture", "done-share"]) document.getElementById(id).addEventListener("click", share);
