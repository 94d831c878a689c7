// The stages as a column, stem at the bottom, and the freeze line between what is frozen and what trains.
//
// While the line is dragged everything here follows it at once; Python hears of it when it is let go, because a line
// that passes through a stage on its way is no wish to train it. By the keyboard each step counts.

const LOWEST = 40; // pixels of the smallest stage: two lines of text
const TALLER = 44; // pixels that the stage with the most parameters has on top of that
const GAP = 10; // pixels between two stages, where the line lies
const EACH = 120; // milliseconds between two steps that are sent, while a key is held down

/** 4768 as "4.8k", 525568 as "526k". */
function shortText(number) {
  const [size, unit] = number < 1e3 ? [number, ""] : number < 999500 ? [number / 1e3, "k"] : number < 999.5e6 ? [number / 1e6, "M"] : [number / 1e9, "G"];
  return `${unit && size < 9.95 ? size.toFixed(1) : Math.round(size)}${unit}`;
}

function whereText(names, line) {
  if (line === 0) return "Nothing is frozen: everything trains.";
  if (line === names.length - 1) return `Only the head, ${names[line]}, trains.`;
  return `Everything below ${names[line]} is frozen.`;
}

function costText(cost, line, device) {
  if (!cost) return "What an epoch costs is not known: the stages of this network cannot be timed one by one.";
  const [first, further] = cost.map((seconds) => secondsText(seconds).replaceAll(" ", "\u00a0"));
  const where = device === "cpu" ? "" : " That is on the processor; the accelerator is quicker.";
  if (line === 0) return `An epoch takes about ${further}: nothing can be computed in advance.${where}`;
  return `About ${first} for the first epoch, then ${further} each: what is frozen is computed once.${where}`;
}

function create(root, api) {
  let now = null; // the newest state
  let shown = 0; // the line on view: the one of the state, or the one that is asked for
  let asked = null; // a line that Python has not answered yet
  let dragged = false;
  let built = ""; // which stages the column was built for
  let rows = []; // stem first
  let places = []; // of the line above so many frozen stages, in pixels from the top
  let later = null; // a step that waits to be sent
  let sentAt = 0;

  const where = h("span", {});
  const waiting = h("span", { class: "tl-quiet" });
  const column = h("div", { class: "tl-stages" });
  const grip = h("span", { class: "tl-line-grip" }, svg("svg", { width: 12, height: 18, "aria-hidden": "true" },
    svg("path", { d: "M6 1 L10 6 H2 Z M6 17 L2 12 H10 Z", fill: "currentColor" }), svg("path", { d: "M1 9 H11", stroke: "currentColor", "stroke-width": 2 })));
  const line = h("div", { class: "tl-line", role: "slider", tabindex: 0, "aria-label": "Freeze line", "aria-orientation": "vertical",
    "aria-valuemin": 0, title: "Drag the freeze line: what is below it is frozen" }, h("span", { class: "tl-line-reach" }), grip);
  const out = h("div", { class: "tl-flow" });
  const into = h("div", { class: "tl-flow" });
  const count = h("p", { class: "tl-number" });
  const share = h("div", {});
  const cost = h("p", { class: "tl-freeze-cost" });
  const bn = h("select", { onchange: () => api.act("bn", { bn: bn.value }) },
    h("option", { value: "frozen" }, "keeps what it learned before"), h("option", { value: "train" }, "follows the new images"));
  const phases = h("ol", { class: "tl-phases" });
  const phasesTitle = h("div", { class: "tl-quiet" });
  const legend = h("p", { class: "tl-freeze-key" });
  const frame = h("div", { class: "tl-freeze" },
    h("div", {}, h("p", { class: "tl-freeze-where" }, where, " ", waiting), out, column, into),
    h("div", { class: "tl-freeze-facts" },
      h("div", {}, count, h("div", { class: "tl-share", "aria-hidden": "true" }, share)),
      cost,
      labelled("BatchNorm of frozen stages", bn, "tl-field tl-freeze-bn"),
      h("div", {}, phasesTitle, phases),
      legend));
  root.append(frame);

  const names = () => now.stages.map((stage) => stage.name);
  const isFixed = () => now.busy && !now.training;

  function build() {
    const most = Math.max(...now.stages.map((stage) => stage.parameters), 1);
    const widest = Math.max(...now.stages.map((stage) => volume(stage.shape)), 1);
    let top = GAP / 2;
    const heights = now.stages.map((stage) => Math.round(LOWEST + TALLER * Math.sqrt(stage.parameters / most)));
    column.replaceChildren(line);
    rows = now.stages.map((stage) => {
      const name = h("button", { type: "button", class: "tl-stage-name", title: stage.name, onclick: () => open(stage.name) }, stage.name);
      const state = h("span", { class: "tl-stage-state" });
      const from = h("button", { type: "button", class: "tl-from-here", onclick: () => ask(names().indexOf(stage.name)) });
      const width = stage.shape ? `${Math.max(8, 100 * Math.sqrt(volume(stage.shape) / widest))}%` : "30%";
      const shape = stage.shape ? stage.shape.join("×") : "";
      const size = h("span", { class: "tl-stage-size", title: `${countText(stage.parameters)} parameters${shape ? `; ${shape} values come out` : ""}` },
        `${shortText(stage.parameters)}${shape ? ` · ${shape}` : ""}`);
      const element = h("div", { class: "tl-stage" },
        h("div", { class: "tl-stage-block", "aria-hidden": "true", onclick: () => open(stage.name) }, h("span", { style: `width:${width}` })),
        h("div", { class: "tl-stage-text" }, name, size), h("div", { class: "tl-stage-side" }, state, from));
      return { element, name, state, from };
    });
    places = new Array(rows.length);
    for (let i = rows.length - 1; i >= 0; i -= 1) {
      rows[i].element.style.top = `${top}px`;
      rows[i].element.style.height = `${heights[i]}px`;
      top += heights[i] + GAP;
      places[i] = top - GAP / 2;
    }
    column.style.height = `${top - GAP / 2}px`;
    column.append(...rows.map((row) => row.element).reverse());
    line.setAttribute("aria-valuemax", rows.length - 1);
  }

  function volume(shape) {
    return shape ? shape.reduce((product, length) => product * length, 1) : 0;
  }

  function open(stage) {
    if (now.opens) api.act("stage", { stage });
  }

  /** Everything that depends on where the line is. */
  function draw() {
    const stages = now.stages;
    const text = whereText(names(), shown);
    where.textContent = text;
    waiting.textContent = now.training && !dragged && (asked !== null || !now.obeyed) ? "From the next batch on." : "";
    line.style.top = `${places[shown]}px`;
    line.setAttribute("aria-valuenow", shown);
    line.setAttribute("aria-valuetext", shown === 0 ? "nothing is frozen" : `everything below ${stages[shown].name} is frozen`);
    line.setAttribute("aria-disabled", isFixed());
    rows.forEach(({ element, name, state, from }, i) => {
      const frozen = i < shown;
      element.toggleAttribute("data-frozen", frozen);
      state.textContent = frozen ? "❄ frozen" : `▲ trains${stages[i].rate ? ` at ${rateText(stages[i].rate)}` : ""}`;
      from.textContent = i === shown ? "the line is here" : "train from here";
      from.setAttribute("aria-label", i === shown ? `Trains from ${stages[i].name} on` : `Train from ${stages[i].name} on: ${from.textContent}`);
      from.disabled = i === shown || isFixed();
      name.disabled = !now.opens;
      if (now.opens) name.setAttribute("aria-label", `${stages[i].name}: look inside`);
      else name.removeAttribute("aria-label");
    });
    const total = stages.reduce((sum, stage) => sum + stage.parameters, 0);
    const trains = stages.slice(shown).reduce((sum, stage) => sum + stage.parameters, 0);
    count.textContent = `${countText(trains)} parameters train, ${percentText(trains / total)} of all`;
    count.title = `${countText(trains)} of ${countText(total)} parameters`;
    share.style.width = `${(100 * trains) / total}%`;
    cost.textContent = costText(now.costs[shown], shown, now.device);
  }

  function drawPhases() {
    const many = now.phases.length > 1;
    phasesTitle.textContent = many ? `The recipe moves the line in ${now.phases.length} phases:` : "One phase, with this line:";
    while (phases.children.length > now.phases.length) phases.lastChild.remove();
    while (phases.children.length < now.phases.length) {
      phases.append(h("li", { class: "tl-phase" }, h("div", { class: "tl-phase-cells", "aria-hidden": "true" }), h("b", {}), h("span", {}), h("span", { class: "tl-hidden" })));
    }
    now.phases.forEach((phase, i) => {
      const [cells, name, epochs, hidden] = phases.children[i].children;
      const on = phase.name === now.phase;
      const from = many || !now.phase ? phase.line : shown;
      if (on) phases.children[i].setAttribute("aria-current", "step");
      else phases.children[i].removeAttribute("aria-current");
      phases.children[i].style.flex = `${phase.epochs} 1 60px`;
      cells.replaceChildren(...now.stages.map((_, j) => h("span", j < (on ? shown : from) ? { "data-frozen": true } : {})).reverse());
      name.textContent = `${on ? "▶ " : ""}${phase.name === "mine" ? "your own" : phase.name}`;
      epochs.textContent = `${phase.most ? "≤" : ""}${phase.epochs}\u00a0epoch${phase.epochs === 1 ? "" : "s"}`;
      epochs.title = phase.most ? "ends earlier once the training loss no longer falls" : "";
      hidden.textContent = `. ${whereText(names(), phase.line)}`;
    });
  }

  function send() {
    later = null;
    sentAt = performance.now();
    if (asked !== null) api.act("line", { stage: now.stages[asked].name });
  }

  /** Put the line above so many stages, and tell Python: the first step at once, those of a held key not all. */
  function ask(place) {
    if (isFixed() || place < 0 || place >= rows.length) return;
    if (place === shown && asked === null && place === now.line) return draw();
    shown = asked = place;
    draw();
    drawPhases();
    if (later === null) later = setTimeout(send, Math.max(0, EACH - (performance.now() - sentAt)));
  }

  line.addEventListener("keydown", (event) => {
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 1, PageDown: -1 };
    const last = rows.length - 1;
    const place = event.key === "Home" ? 0 : event.key === "End" ? last : event.key in steps ? shown + steps[event.key] : null;
    if (event.key === "Escape" && dragged) drop(false);
    if (place === null) return;
    event.preventDefault();
    event.stopPropagation();
    ask(Math.min(last, Math.max(0, place)));
  });
  line.addEventListener("pointerdown", (event) => {
    if (isFixed() || event.button !== 0) return;
    event.preventDefault();
    line.focus({ preventScroll: true });
    line.setPointerCapture(event.pointerId);
    dragged = true;
    line.setAttribute("data-dragged", "");
  });
  line.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const y = event.clientY - column.getBoundingClientRect().top;
    const place = places.reduce((best, at, i) => (Math.abs(at - y) < Math.abs(places[best] - y) ? i : best), 0);
    if (place === shown) return;
    shown = place;
    draw();
  });
  function drop(counts) {
    if (!dragged) return;
    dragged = false;
    line.removeAttribute("data-dragged");
    const place = shown;
    shown = asked ?? now.line;
    if (counts && place !== shown) ask(place);
    else draw();
  }
  line.addEventListener("pointerup", () => drop(true));
  line.addEventListener("pointercancel", () => drop(false));
  line.addEventListener("lostpointercapture", () => drop(false));

  return {
    state(newest) {
      now = newest;
      const key = JSON.stringify(now.stages.map((stage) => [stage.name, stage.parameters, stage.shape]));
      if (later === null) asked = null; // what was asked for is answered by this state
      if (key !== built) {
        built = key;
        dragged = false;
        asked = null;
        line.removeAttribute("data-dragged");
        build();
      }
      if (!dragged && asked === null) shown = now.line;
      frame.toggleAttribute("data-opens", now.opens);
      out.textContent = `↑ answers for ${now.classes} classes come out`;
      const size = now.goes_in.map((one) => (now.noun === "image" ? one : countText(one))).join("×");
      into.textContent = `↑ ${now.noun}s go in, ${size}${{ text: " tokens", sound: " samples" }[now.noun] || ""}`;
      legend.textContent = `Heights: parameters. Widths: values that come out for one ${now.noun}. Both as square roots, so that small stages stay visible.`;
      bn.value = now.bn;
      bn.disabled = now.busy;
      draw();
      drawPhases();
    },
    dispose() { clearTimeout(later); },
  };
}
