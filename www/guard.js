// Inlined in the document and written in the JavaScript of 2009, so that it runs where nothing else does: says why the
// page cannot start. start.js takes over when it runs.
(function () {
  "use strict";
  var body = null;
  var sentence = null;

  function show() {
    if (!body || !sentence || body.getAttribute("data-state") !== "loading") return;
    document.getElementById("problem-text").textContent = sentence;
    document.getElementById("problem-action").hidden = true;
    document.getElementById("problem").hidden = false;
    // Nothing in it works, and it is ugly without its style sheet.
    document.querySelector("main").hidden = true;
    body.setAttribute("data-state", "error");
    body.setAttribute("data-error", sentence);
  }

  function say(words) {
    sentence = sentence || words;
    show();
  }

  function whyMissing(address, script) {
    if (location.protocol === "file:") {
      return "Inkling cannot run from a file: browsers load its parts only from a web server. Serve the folder, for example with “npx serve”, and open the address that it prints.";
    }
    if (!/\/([^/]*\.html)?$/.test(location.pathname)) {
      return "This address lacks the slash at its end, so the browser cannot find the page’s parts. Open " + location.origin + location.pathname + "/ instead.";
    }
    if (script.status === 200 && !/javascript/i.test(script.type)) {
      return "The server sends " + address + " as “" + (script.type || "no type") + "”, but browsers run a module only as text/javascript. The server’s settings need to be fixed.";
    }
    if (script.status && script.status !== 200) {
      return "A part of the page is missing on the server (" + address + ", status " + script.status + "). If Inkling was just updated, reload; otherwise its upload is incomplete.";
    }
    return "A part of the page could not be loaded (" + address + "): the connection failed, or something here blocks scripts, as some extensions and sandboxes do. Check that and reload.";
  }

  // Requests the script again, because an error event does not contain the response.
  function explain(address) {
    var request = new XMLHttpRequest();
    request.onloadend = function () {
      say(whyMissing(address, { status: request.status, type: request.getResponseHeader("content-type") || "" }));
    };
    try {
      request.open("GET", address);
      request.send();
    } catch (error) {
      say(whyMissing(address, { status: 0, type: "" }));
    }
  }

  window.addEventListener(
    "error",
    function (event) {
      var script = event.target && event.target.tagName === "SCRIPT" ? event.target : null;
      if (script && /start\.js$/.test(script.src)) explain(script.getAttribute("src"));
      else if (/start\.js$/.test(event.filename || "") && /SyntaxError/.test(String(event.message))) say("This browser is too old for this page. Any current Firefox, Chrome, Edge or Safari can run it.");
    },
    true
  );

  document.addEventListener("DOMContentLoaded", function () {
    body = document.body;
    if (!("noModule" in document.createElement("script"))) {
      say("This browser is too old for this page. Any current Firefox, Chrome, Edge or Safari can run it.");
    }
    show();
  });
})();
