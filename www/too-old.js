// Runs only where start.js cannot: in a browser from before modules.
document.getElementById("problem-text").textContent =
  "This browser is too old for this page. Any current Firefox, Chrome, Edge or Safari can run it.";
document.getElementById("problem").hidden = false;
document.getElementById("verdict").textContent = "";
document.body.setAttribute("data-state", "error");
document.body.setAttribute("data-error", "This browser is too old for this page.");
