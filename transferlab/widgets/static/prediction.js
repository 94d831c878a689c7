// Guess first: a number, or a curve drawn with the pointer or typed at some epochs; afterwards the result beside it.

const GRID = 50; // places of a drawn curve
const MOST_KNOTS = 6; // places where a curve can be typed
const HEIGHT = 220;

function create(root, api) {
  let state = { verdicts: [], measured: [], given: null };
  let mode = "number";
  let curve = null; // accuracies at 0, 1/GRID, … 1
  let touched = false; // something was guessed that Python does not know yet

  const name = newId();
  const radio = (value, text) => {
    const id = newId();
    const input = h("input", { type: "radio", name, id, value, checked: value === mode, onchange: () => { mode = value; touched = true; update(); } });
    return [input, h("label", { for: id }, text)];
  };
  const [asNumber, numberLabel] = radio("number", "a number");
  const [asCurve, curveLabel] = radio("curve", "a curve");
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: 50, oninput: () => set(Number(slider.value)) });
  const exact = h("input", { type: "number", min: 0, max: 100, step: 0.1, value: 50, onchange: () => set(Number(exact.value)) });
  const numberRow = h("div", { class: "tl-row tl-guess-row" }, labelled("Held-out accuracy at the end", slider, "tl-field tl-guess-slider"), exact, h("span", {}, "%"));
  exact.setAttribute("aria-label", "Held-out accuracy at the end, in percent");
  let epochs = []; // where the curve can be typed
  let knots = [];
  const knotRow = h("div", { class: "tl-knot-row" });
  const curveRow = h("fieldset", { class: "tl-knots" }, h("legend", {}, "Draw it on the chart, or type it (%)"), knotRow);

  const canvas = h("canvas", { role: "img", "aria-label": "Guess", class: "tl-canvas tl-guess-canvas", style: `height:${HEIGHT}px` });
  const caption = h("div", { class: "tl-caption" });
  const keep = h("button", { class: "tl-button tl-main", onclick: () => send() }, "Keep this guess");
  const withdraw = h("button", { class: "tl-button", onclick: () => api.act("withdraw") }, "Take it back");
  const status = h("p", { class: "tl-guess-status", role: "status" });
  const words = h("p", { class: "tl-guess-words" });
  const rows = h("tbody");
  const history = h("div", { class: "tl-guess-history", role: "region", tabindex: 0, "aria-label": "Guesses so far" },
    h("table", {}, h("thead", {}, h("tr", {}, ["Run", "Guess", "Result", "Off by", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "tl-hidden" }, "Picture"))))), rows));
  const learning = h("p", { class: "tl-quiet tl-guess-words" });
  root.append(
    h("div", { class: "tl-row" }, h("span", {}, "How well will the next run do? Guess"), h("span", { class: "tl-guess-radio" }, asNumber, numberLabel, asCurve, curveLabel)),
    h("div", { class: "tl-guess-controls" }, numberRow, curveRow),
    h("div", { class: "tl-chart" }, canvas, caption),
    h("div", { class: "tl-row" }, keep, withdraw, status),
    words, history, learning);

  const blank = () => Array.from({ length: GRID + 1 }, (_, i) => {
    const chance = 1 / Math.max(2, state.classes || 2);
    return chance + (Number(exact.value) / 100 - chance) * (1 - Math.exp((-4 * i) / GRID)) / (1 - Math.exp(-4));
  });
  const clamp = (value, low, high) => Math.min(high, Math.max(low, Number.isFinite(value) ? value : low));

  function set(percent) {
    const value = clamp(percent, 0, 100);
    slider.value = value;
    exact.value = value;
    touched = true;
    update();
  }

  /** Where the knot number k lies in the drawn curve. */
  const place = (k) => Math.round((epochs[k] / (state.epochs || 1)) * GRID);

  /** Whole epochs of a run of so many, few enough for a row. */
  function some(whole) {
    const count = Math.min(MOST_KNOTS - 1, Math.max(1, whole));
    return Array.from({ length: count + 1 }, (_, k) => Math.round((k * whole) / count));
  }

  function placeKnots() {
    const next = some(state.epochs || 1);
    if (next.join() === epochs.join()) return;
    epochs = next;
    knots = epochs.map((_, k) => h("input", { type: "number", min: 0, max: 100, step: 1, onchange: (event) => bend(k, Number(event.target.value)) }));
    knotRow.replaceChildren(...knots.map((input, k) => labelled(`epoch ${epochs[k]}`, input, "tl-field tl-knot")));
  }

  /** A curve that goes through `percent` at knot number k, straight to the knots beside it. */
  function bend(k, percent) {
    if (!curve) curve = blank();
    const at = place(k);
    const value = clamp(percent, 0, 100) / 100;
    for (const other of [k - 1, k + 1]) {
      if (other < 0 || other >= epochs.length) continue;
      const [there, end] = [place(other), curve[place(other)]];
      for (let i = Math.min(at, there); i <= Math.max(at, there); i += 1) curve[i] = end + ((value - end) * (i - there)) / (at - there);
    }
    touched = true;
    update();
  }

  function send() {
    touched = false;
    if (mode === "number") api.act("guess", { accuracy: Number(exact.value) / 100, curve: [] });
    else api.act("guess", { accuracy: curve[GRID], curve: curve.map((value, i) => [i / GRID, value]) });
  }

  function update() {
    const locked = Boolean(state.training);
    placeKnots();
    if (mode === "curve" && !curve) curve = blank();
    numberRow.hidden = mode !== "number";
    curveRow.hidden = mode !== "curve";
    for (const one of [asNumber, asCurve, slider, exact, ...knots, keep]) one.disabled = locked;
    withdraw.disabled = locked || !state.given;
    slider.setAttribute("aria-valuetext", `${exact.value}%`);
    knots.forEach((input, k) => { if (curve) input.value = Math.round(100 * curve[place(k)]); });
    canvas.classList.toggle("tl-drawable", mode === "curve" && !locked);
    const guess = state.given;
    if (locked) status.textContent = guess ? `Your guess stands: ${percentText(guess.accuracy)}. Now watch.` : "No guess for this run.";
    else if (guess && !touched) status.textContent = `Kept for the next run: ${percentText(guess.accuracy)}${guess.curve.length ? ", with its curve" : ""}.`;
    else status.textContent = guess ? "Changed, and not kept yet." : "Not kept yet. Start works without a guess, too.";
    draw();
  }

  const last = () => state.verdicts[state.verdicts.length - 1] || null;

  const draw = oncePerFrame(() => {
    const ground = cleared(canvas, HEIGHT);
    if (!ground) return;
    const { context, width, dark, colours, ink, faint } = ground;
    const box = area();
    const px = (share) => box.left + share * (box.right - box.left);
    const py = (value) => box.bottom - value * (box.bottom - box.top);
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const value of [0, 0.25, 0.5, 0.75, 1]) {
      context.strokeStyle = faint;
      context.beginPath();
      context.moveTo(box.left, py(value));
      context.lineTo(box.right, py(value));
      context.stroke();
      context.fillStyle = ink;
      context.fillText(`${100 * value}%`, box.left - 6, py(value));
    }
    context.textBaseline = "top";
    const verdict = last();
    const showsResult = verdict && !touched && !state.given;
    const whole = (showsResult ? verdict.epochs : state.epochs) || 1;
    some(whole).forEach((epoch, k, all) => {
      const isLast = k === all.length - 1;
      context.textAlign = isLast ? "right" : "center";
      context.fillText(isLast ? `${epoch} epochs` : String(epoch), isLast ? box.right + 8 : px(epoch / whole), box.bottom + 5);
    });
    const line = (points, colour, dash, wide) => {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.setLineDash(dash);
      context.beginPath();
      points.forEach(([share, value], i) => (i ? context.lineTo(px(share), py(value)) : context.moveTo(px(share), py(value))));
      context.stroke();
      context.setLineDash([]);
    };
    const said = [];
    const keys = [];
    const guessed = showsResult ? verdict.curve : mode === "curve" ? curve.map((value, i) => [i / GRID, value]) : [];
    const end = showsResult ? verdict.guess : mode === "curve" ? curve[GRID] : Number(exact.value) / 100;
    if (guessed.length) line(guessed, colours[4], [6, 3], 2.5);
    else line([[0, end], [1, end]], colours[4], [6, 3], 1.5);
    context.fillStyle = colours[4];
    context.fillRect(px(1) - 5, py(end) - 5, 10, 10);
    said.push(`guess ${percentText(end)}`);
    keys.push(["▪", showsResult ? `guess for run ${verdict.number}` : "your guess", colours[4], percentText(end)]);
    if (showsResult) {
      line(state.measured, colours[0], [], 2.5);
      const [x, value] = state.measured[state.measured.length - 1];
      const [low, high] = verdict.interval;
      line([[x, low], [x, high]], colours[0], [], 1.5);
      context.fillStyle = colours[0];
      context.beginPath();
      context.arc(px(x), py(value), 4.5, 0, 7);
      context.fill();
      said.push(`result ${percentText(verdict.result)}`);
      keys.push(["●", `held-out of run ${verdict.number}`, colours[0], percentText(verdict.result)]);
    }
    canvas.setAttribute("aria-label", `Accuracy over the run: ${said.join(", ")}`);
    caption.replaceChildren(...keys.map(([sign, text, colour, value]) => h("span", { class: "tl-key" }, h("span", { "aria-hidden": "true", style: `color:${colour}` }, sign), h("span", {}, text), h("span", { class: "tl-number" }, value))));
  });

  const area = () => ({ left: 46, top: 8, right: canvas.clientWidth - 14, bottom: HEIGHT - 22 });

  let pen = null;
  function drawTo(event) {
    const box = area();
    const at = clamp(Math.round(((event.offsetX - box.left) / (box.right - box.left)) * GRID), 0, GRID);
    const value = clamp((box.bottom - event.offsetY) / (box.bottom - box.top), 0, 1);
    const from = pen || [at, value];
    for (let i = Math.min(from[0], at); i <= Math.max(from[0], at); i += 1) {
      curve[i] = from[0] === at ? value : from[1] + ((value - from[1]) * (i - from[0])) / (at - from[0]);
    }
    pen = [at, value];
    touched = true;
    update();
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (mode !== "curve" || state.training) return;
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    drawTo(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (pen) drawTo(event); });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { pen = null; });

  /** Guess and result of a past run on one small line from 0 to 100 %. */
  function picture(one) {
    const at = (value) => 4 + 112 * value;
    return svg("svg", { width: 120, height: 16, "aria-hidden": "true", class: "tl-guess-picture" },
      svg("line", { x1: 4, x2: 116, y1: 8, y2: 8, class: "tl-guess-axis" }),
      svg("line", { x1: at(one.interval[0]), x2: at(one.interval[1]), y1: 8, y2: 8, class: "tl-guess-interval" }),
      svg("circle", { cx: at(one.result), cy: 8, r: 4, class: "tl-guess-result" }),
      svg("rect", { x: at(one.guess) - 4, y: 4, width: 8, height: 8, class: "tl-guess-mark" }));
  }

  const signed = (points) => `${points > 0 ? "+" : points < 0 ? "−" : ""}${Math.abs(points).toFixed(1)}`;

  function past() {
    const text = JSON.stringify(state.verdicts);
    if (rows.dataset.words === text) return;
    rows.dataset.words = text;
    rows.replaceChildren(...[...state.verdicts].reverse().map((one) => {
      const off = 100 * (one.guess - one.result);
      return h("tr", {}, h("th", { scope: "row" }, `#${one.number}`), h("td", {}, percentText(one.guess)), h("td", {}, percentText(one.result)),
        h("td", {}, one.within ? `${signed(off)} ✓` : signed(off)), h("td", {}, picture(one)));
    }));
  }

  const observer = new ResizeObserver(() => draw());
  observer.observe(canvas);
  return {
    state(next) {
      const count = state.verdicts.length;
      state = next;
      if (next.verdicts.length > count) touched = false; // the result is what there is to see now
      words.textContent = last() ? last().words : "";
      history.hidden = !next.verdicts.length;
      learning.textContent = next.learning;
      past();
      update();
    },
    dispose() { observer.disconnect(); },
  };
}
