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

const share = document.getElementById("share-picture");
share.addEventListener("click", async () => {
  try {
    await (await import("./share.js")).share();
  } catch (error) {
    console.error(error);
    share.textContent = "The picture could not be made: try again";
  }
});
