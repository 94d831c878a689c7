// A slider over the exponent for each stage, the head on top; behind it what lr_find suggests, below it the rate of now.

const LEAST = -6; // exponents at the ends of a slider
const MOST = -1;
const NOTCH = 0.05; // of the exponent: 20 notches a decade are finer than anybody can tell apart
const PAUSE = 50; // milliseconds between two values while a slider is dragged

function exponent(rate) {
  return Math.min(MOST, Math.max(LEAST, Math.log10(rate)));
}
function percentOf(rate) {
  return (100 * (exponent(rate) - LEAST)) / (MOST - LEAST);
}
function exactText(rate) {
  const [digits, power] = Number(rate.toPrecision(3)).toExponential().split("e");
  return `${digits}e${Number(power)}`;
}

/** Sends the values of a control that is dragged: no more than Python answers, and the last one in any case. */
function sender(send) {
  let wanted = null;
  let underway = false;
  let timer = null;
  let sentAt = 0;
  function go() {
    timer = null;
    if (wanted === null || underway) return;
    const value = wanted;
    wanted = null;
    underway = true;
    sentAt = performance.now();
    send(value);
  }
  const soon = () => { if (timer === null && !underway) timer = setTimeout(go, Math.max(0, PAUSE - (performance.now() - sentAt))); };
  return {
    want(value) { wanted = value; soon(); },
    answered() { underway = false; if (wanted !== null) soon(); },
    get busy() { return underway || wanted !== null; },
    stop() { clearTimeout(timer); },
  };
}

function create(root, api) {
  let now = null;
  let built = "";
  let rows = []; // stem first
  const hint = h("p", { class: "tl-rates-hint" });
  const list = h("div", { class: "tl-rates" });
  const ratio = shortcut("Head to backbone", { min: 0, max: 2, step: 0.02 }, (value) => Number((10 ** value).toPrecision(2)),
    (value) => `${value}×`, (value) => api.act("ratio", { ratio: value }));
  const decay = shortcut("Layer decay", { min: 0.3, max: 1, step: 0.01 }, (value) => value, (value) => value.toFixed(2),
    (value) => api.act("decay", { decay: value }));
  const schedule = h("select", { onchange: () => api.act("schedule", { schedule: schedule.value }) },
    h("option", { value: "one_cycle" }, "one cycle"), h("option", { value: "constant" }, "constant"));
  const search = h("button", { type: "button", class: "tl-button", onclick: () => api.act(now.search.on ? "cancel" : "search") });
  const use = h("button", { type: "button", class: "tl-button", onclick: () => api.act("use") }, "Use suggestions");
  const reset = h("button", { type: "button", class: "tl-button", onclick: () => api.act("reset") });
  const progress = h("progress", { max: 1, value: 0, "aria-label": "Progress of the search for rates" });
  const progressText = h("span", { role: "status" });
  const searching = h("div", { class: "tl-search" }, progress, progressText);
  root.append(hint, list, h("div", { class: "tl-shortcuts" }, ratio.element, decay.element),
    h("div", { class: "tl-row tl-rates-buttons" }, labelled("Schedule", schedule), search, use, reset), searching);

  function shortcut(label, range, valueOf, textOf, act) {
    const id = newId();
    const input = h("input", { type: "range", id, ...range, oninput: () => changed(false), onchange: () => changed(true) });
    const output = h("output", { for: id });
    const sending = sender(act);
    function changed(last) {
      const value = valueOf(Number(input.value));
      tell(textOf(value));
      // In a run every rate that is set is noted, for each stage: there only the last one counts.
      if (last || !now.training) sending.want(value);
    }
    function tell(text) {
      output.textContent = text;
      input.setAttribute("aria-valuetext", text);
    }
    return { element: h("div", { class: "tl-shortcut" }, h("label", { for: id }, label), input, output), input, tell, sending };
  }

  function row(stage) {
    const id = newId();
    const name = h("label", { class: "tl-rate-name", for: id, title: stage.name }, stage.name);
    const slider = h("input", { type: "range", id, min: LEAST, max: MOST, step: NOTCH });
    const number = h("input", { type: "text", inputmode: "decimal", spellcheck: "false", "aria-label": `Learning rate of ${stage.name}` });
    const word = h("span", { class: "tl-rate-word" }, "❄ frozen");
    const band = h("span", { class: "tl-rate-band" });
    const valley = h("span", { class: "tl-rate-valley" });
    const tick = h("span", { class: "tl-rate-now" });
    const decades = [1, 2, 3, 4].map((i) => h("span", { class: "tl-rate-decade", style: `left:${(100 * i) / (MOST - LEAST)}%` }));
    const suggested = h("span", {});
    const present = h("span", {});
    const sending = sender((lr) => api.act("rate", { stage: stage.name, lr }));
    const one = { name, slider, number, word, band, valley, tick, suggested, present, sending };
    slider.addEventListener("input", () => {
      const lr = Number((10 ** Number(slider.value)).toPrecision(2));
      number.value = exactText(lr);
      slider.setAttribute("aria-valuetext", exactText(lr));
      sending.want(lr);
    });
    number.addEventListener("change", () => {
      const typed = number.value.trim();
      sending.want(Number.isFinite(Number(typed)) && typed ? Number(typed) : typed); // Python says what is no rate
    });
    one.element = h("div", { class: "tl-rate" }, name,
      h("div", { class: "tl-rate-slide" }, h("div", { class: "tl-rate-marks", "aria-hidden": "true" }, decades, band, valley, tick), slider),
      h("div", {}, number, word), h("div", { class: "tl-rate-more" }, present, suggested));
    return one;
  }

  function build() {
    rows = now.stages.map(row);
    const axis = h("div", { class: "tl-rate", "aria-hidden": "true" }, h("span", {}), h("div", { class: "tl-rate-slide", style: "height:17px" },
      h("div", { class: "tl-rate-marks tl-rate-axis" }, [-6, -5, -4, -3, -2, -1].map((power, i) =>
        h("span", { style: `left:${20 * i}%`, class: i % 2 ? "tl-odd" : "" }, `1e${power}`)))));
    list.replaceChildren(...rows.map((one) => one.element).reverse(), axis);
  }

  function drawRow(one, stage) {
    one.element.toggleAttribute("data-frozen", stage.frozen);
    one.slider.disabled = stage.frozen || isFixed();
    one.number.disabled = isFixed();
    one.number.hidden = stage.frozen;
    one.word.hidden = !stage.frozen;
    if (!one.sending.busy) {
      one.slider.value = exponent(stage.rate);
      const text = exactText(stage.rate);
      one.slider.setAttribute("aria-valuetext", stage.frozen ? "frozen" : text);
      if (document.activeElement !== one.number) one.number.value = text;
    }
    place(one.tick, stage.now !== null, stage.now);
    place(one.valley, Boolean(stage.band), stage.band?.[1]);
    place(one.band, Boolean(stage.band), stage.band?.[0]);
    if (stage.band) one.band.style.width = `calc(${percentOf(stage.band[2]) - percentOf(stage.band[0])}% + 6px)`;
    one.suggested.textContent = stage.frozen ? laterText(stage) : stage.band ? bandText(stage.band) : "";
    one.present.textContent = stage.now !== null ? `▲ now ${rateText(stage.now)}` : "";
  }

  function laterText(stage) {
    return stage.later ? `${rateText(stage.rate)} in phase “${stage.later}”` : `${rateText(stage.rate)} once it trains`;
  }

  function bandText([low, valley, high]) {
    return rateText(low) === rateText(high) ? `suggested ${rateText(valley)}` : `suggested ${rateText(valley)} (${rateText(low)} … ${rateText(high)})`;
  }

  function place(mark, on, rate) {
    mark.hidden = !on;
    if (on) mark.style.left = `${percentOf(rate)}%`;
  }

  const isFixed = () => now.busy && !now.training;

  function drawShortcuts() {
    const trains = now.stages.filter((stage) => !stage.frozen);
    const head = trains[trains.length - 1];
    const below = trains.slice(0, -1);
    const off = !below.length || isFixed();
    ratio.input.disabled = decay.input.disabled = off;
    if (!below.length) {
      [ratio.input.value, decay.input.value] = [1, 1];
      ratio.tell("head only");
      decay.tell("head only");
      return;
    }
    const top = below[below.length - 1].rate;
    const factor = Math.max(1, Math.min(100, head.rate / top));
    const near = (rate, wanted) => Math.abs(Math.log(rate / wanted)) < 0.03;
    if (!ratio.sending.busy) {
      ratio.input.value = Math.log10(factor);
      ratio.tell(below.every((stage) => near(stage.rate, top)) && head.rate >= top * 0.99 ? `${Number(factor.toPrecision(2))}×` : "mixed");
    }
    const step = Math.max(0.3, Math.min(1, (below[0].rate / head.rate) ** (1 / below.length)));
    if (!decay.sending.busy) {
      decay.input.value = step;
      decay.tell(below.every((stage, i) => near(stage.rate, head.rate * step ** (below.length - i))) ? step.toFixed(2) : "mixed");
    }
  }

  function hintText() {
    if (now.training) return "A rate that you set holds from the next batch until the phase ends. ▲ is the rate of now.";
    if (isFixed()) return "A recorded run is played; its rates are on the curves.";
    return now.reset ? "Your own recipe: one phase, from the freeze line on, each stage at its rate." :
      "The recipe's own rates, at their peak. Moving one makes the recipe your own.";
  }

  function drawSearch() {
    const { on, stage, done, total, failure, missing } = now.search;
    search.textContent = on ? "Cancel search" : "Suggest rates";
    search.disabled = !on && (now.busy || !missing);
    search.title = now.busy ? "Not while a run is on" : "Raise the rate until the loss explodes, stage by stage (lr_find)";
    use.disabled = isFixed() || !now.stages.some((one) => one.band && !one.frozen);
    reset.textContent = now.reset || "Recipe's own rates";
    reset.disabled = !now.reset || now.busy;
    searching.toggleAttribute("data-still", !on);
    progress.value = total ? done / total : 0;
    progressText.textContent = on ? `${stage}: sweep ${Math.min(total, done + 1)} of ${total}` : failure || (now.stages.some((one) => one.band) ?
      "Dashed: where the loss falls best; the band: how far three sweeps differ." : "");
  }

  function draw() {
    rows.forEach((one, i) => drawRow(one, now.stages[i]));
    drawShortcuts();
    hint.textContent = hintText();
    if (document.activeElement !== schedule) schedule.value = now.schedule;
    schedule.disabled = now.busy;
    drawSearch();
  }

  return {
    state(newest) {
      now = newest;
      const key = JSON.stringify(now.stages.map((stage) => stage.name));
      if (key !== built) {
        built = key;
        build();
      }
      for (const one of [...rows, ratio, decay]) one.sending.answered();
      draw();
    },
    dispose() { for (const one of [...rows, ratio, decay]) one.sending.stop(); },
  };
}
