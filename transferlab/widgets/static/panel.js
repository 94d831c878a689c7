// What every panel shares: building elements, talking to Python, saying what went wrong.
//
// A panel's own script defines  function create(root, api) → { state(s), message(name, content, buffers), dispose() }.
// `api.act(name, content, buffers)` calls do_<name> in Python. Everything is drawn in the theme's own colours, and works
// from the keyboard: Jupyter's shortcuts are told to leave focused controls alone.

const FOCUSABLE = new Set(["button", "input", "select", "textarea", "a", "summary"]);
const PATIENCE = 5000; // milliseconds without an answer before the panel says so

let elements = 0;

/** An element: h("button", {class: "tl-button", onclick: f}, "Start"). */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  // Jupyter listens to keys before the element does, and would move to another cell (ipywidgets, Notebook 7).
  if (FOCUSABLE.has(tag) || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  if (tag === "input") element.addEventListener("keydown", (event) => { // Jupyter cancels what Enter would do in a field
    if (event.key === "Enter" && ["text", "number"].includes(element.type)) { element.blur(); element.focus(); }
  });
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element of a drawing: svg("rect", {x: 0, …}). */
function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  if ("tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A name that no other element of the page has, for labels. */
function newId() {
  elements += 1;
  return `tl-${elements}-${Math.random().toString(36).slice(2, 8)}`;
}

/** A control with its visible label in front: labelled("Epochs", h("input", …)). */
function labelled(text, control, className = "tl-field") {
  const id = newId();
  control.id = id;
  return h("div", { class: className }, h("label", { for: id }, text), control);
}

/** Whether the panel stands on a dark ground; colours of a canvas cannot follow the theme by themselves. */
function isDark(element) {
  const colour = getComputedStyle(element).getPropertyValue("--tl-ground-probe") || getComputedStyle(element).color;
  const [red, green, blue] = (colour.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128; // light text stands on dark ground
}

// Okabe–Ito, as in plots/style.py; on dark ground the darker ones are lifted until they have contrast.
function seriesColours(dark) {
  return dark
    ? ["#56b4e9", "#f0a830", "#2fc897", "#ff8552", "#e59cc6", "#f0e442", "#bdbdbd"]
    : ["#0072b2", "#b36a00", "#007a5a", "#c04c00", "#a8497f", "#7a6f00", "#555555"];
}

/** An empty canvas as sharp as the screen, and the theme's colours to draw in; null while it is not on view. */
function cleared(canvas, height) {
  const width = canvas.clientWidth;
  if (!width) return null;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const dark = isDark(canvas);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setLineDash([]);
  context.font = "12px system-ui, sans-serif";
  const [ink, faint] = dark ? ["rgba(255,255,255,.87)", "rgba(255,255,255,.16)"] : ["rgba(0,0,0,.8)", "rgba(0,0,0,.12)"];
  return { context, width, dark, colours: seriesColours(dark), ink, faint };
}

/** 0.0003 as "3e-4", 0.834 as "83.4%". */
function rateText(rate) {
  if (!(rate > 0)) return "–";
  const [digits, power] = rate.toExponential(1).split("e");
  return `${digits.replace(/\.0$/, "")}e${Number(power)}`;
}
function percentText(share) {
  return share === null || share === undefined || Number.isNaN(share) ? "–" : `${(100 * share).toFixed(1)}%`;
}
function countText(number) {
  return Math.round(number).toLocaleString("en-GB");
}
function secondsText(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.095) return `${Math.max(1, Math.round(1000 * seconds))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** At most one call each time the screen is drawn, with the last arguments. */
function oncePerFrame(action) {
  let wanted = null;
  return (...given) => {
    if (wanted === null) requestAnimationFrame(() => { const last = wanted; wanted = null; action(...last); });
    wanted = given;
  };
}

/** Bytes of a picture as something an <img> can show; call the second value when it is no longer shown. */
function pictureUrl(buffer, type = "image/png") {
  const url = URL.createObjectURL(new Blob([buffer], { type }));
  return [url, () => URL.revokeObjectURL(url)];
}

function panel(create) {
  return () => ({
    render({ model, el }) {
      const body = h("div", { class: "tl-body" });
      const sentence = h("p", { class: "tl-sentence", role: "status", "aria-live": "polite" });
      const root = h("div", { class: "tl-panel", role: "group" }, body, sentence);
      el.append(root);
      const waiting = new Map();
      let numbers = 0;
      let heardAt = Date.now();

      const say = (text, tone = "note") => {
        sentence.textContent = text;
        sentence.dataset.tone = tone;
        sentence.classList.toggle("tl-shown", Boolean(text));
      };
      const quiet = () => say("The kernel does not answer: it is busy with another cell, or was restarted. " +
        "After a restart, run this cell again.", "lost");
      const send = (content, callbacks, buffers) => {
        try { model.send(content, callbacks, buffers); } catch { quiet(); } // a restarted kernel has forgotten the panel
      };
      const api = {
        model: { send },
        say,
        act(name, content = {}, buffers = []) {
          const number = (numbers += 1);
          if (sentence.dataset.tone !== "lost") say("");
          const began = performance.now();
          const late = setTimeout(quiet, PATIENCE);
          waiting.set(number, { late, began });
          send({ kind: "act", name, content, number }, undefined, buffers);
          return number;
        },
        /** Say when Python has been silent for long, although it is asked every few seconds. */
        heartbeat() {
          const timer = setInterval(() => {
            if (document.hidden) { heardAt = Date.now(); return; }
            send({ kind: "act", name: "pulse", content: {}, number: 0 });
            if (Date.now() - heardAt > 2 * PATIENCE) quiet();
          }, PATIENCE / 2);
          stops.push(() => clearInterval(timer));
        },
      };
      const stops = [];
      const own = create(body, api);

      const receive = (content, buffers) => {
        heardAt = Date.now();
        if (sentence.dataset.tone === "lost") say("");
        if (content.kind === "state") {
          root.setAttribute("aria-label", content.title);
          own.state(content.state);
        } else if (content.kind === "message") {
          own.message?.(content.name, content.content, buffers);
        } else if (content.kind === "sentence") {
          say(content.text, content.tone);
        } else if (content.kind === "done" && waiting.has(content.number)) {
          const { late, began } = waiting.get(content.number);
          clearTimeout(late);
          waiting.delete(content.number);
          root.dataset.milliseconds = (performance.now() - began).toFixed(1); // what the browser tests measure
        }
      };
      model.on("msg:custom", receive);
      send({ kind: "hello" });
      const again = setInterval(() => (root.ariaLabel ? clearInterval(again) : send({ kind: "hello" })), 1000);
      stops.push(() => clearInterval(again));
      return () => {
        model.off("msg:custom", receive);
        for (const { late } of waiting.values()) clearTimeout(late);
        for (const stop of stops) stop();
        own.dispose?.();
      };
    },
  });
}
