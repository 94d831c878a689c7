// A line chart on a canvas that grows by a few points at a time: what live curves need, and no more.
//
// const one = chart({ label: "Accuracy", percent: true });  parent.append(one.element);
// one.series("held_out", { label: "held-out", colour: 0, dash: [] });  one.append("held_out", xs, ys);  one.draw();

const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4], [1, 2]];

function niceStep(span, count) {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999);
}

function chart({ label, percent = false, log = false, height = 220, xLabel = "epochs" }) {
  const canvas = h("canvas", { role: "img", "aria-label": label, class: "tl-canvas", style: `height:${height}px` });
  const caption = h("div", { class: "tl-caption" });
  const element = h("div", { class: "tl-chart" }, h("div", { class: "tl-chart-label" }, label), canvas, caption);
  const series = new Map();
  let marks = [];
  let xEnd = 1;
  let pointer = null;
  let drawing = null; // the last drawn scales, for the pointer

  const valueText = (value) => (percent ? percentText(value) : log ? rateText(value) : value.toPrecision(3));

  function entry(name, look = {}) {
    if (!series.has(name)) {
      const key = svg("svg", { width: 26, height: 10, "aria-hidden": "true" }, svg("line", { x1: 1, y1: 5, x2: 25, y2: 5, "stroke-width": 2.5 }));
      const value = h("span", { class: "tl-number" });
      const text = h("span", {});
      const item = h("span", { class: "tl-key" }, key, text, value);
      caption.append(item);
      series.set(name, { x: [], y: [], look: { label: name, colour: series.size, dash: [], width: 2, ...look }, item, key, text, value });
    }
    const one = series.get(name);
    Object.assign(one.look, look);
    one.text.textContent = one.look.label;
    return one;
  }

  function range() {
    let [low, high] = [Infinity, -Infinity];
    let right = xEnd;
    for (const { x, y } of series.values()) {
      for (const value of y) if (!log || value > 0) { if (value < low) low = value; if (value > high) high = value; }
      if (x.length) right = Math.max(right, x[x.length - 1]);
    }
    if (percent) return [0, 1, right];
    if (low > high) return log ? [1e-5, 1e-2, right] : [0, 1, right];
    if (log) return [10 ** Math.floor(Math.log10(low) - 0.01), 10 ** Math.ceil(Math.log10(high) + 0.01), right];
    return [Math.min(0, low), high * 1.05 || 1, right];
  }

  function paint() {
    const ground = cleared(canvas, height);
    if (!ground) return;
    const { context, width, dark, colours, ink, faint } = ground;
    const [low, high, right] = range();
    const box = { left: 46, top: 8, right: width - 10, bottom: height - 20 };
    const px = (x) => box.left + (x / right) * (box.right - box.left);
    const scale = log ? (y) => Math.log10(Math.max(y, low)) : (y) => y;
    const py = (y) => box.bottom - ((scale(y) - scale(low)) / (scale(high) - scale(low))) * (box.bottom - box.top);
    drawing = { px, py, right, box };

    context.strokeStyle = faint;
    context.fillStyle = ink;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const ticks = [];
    if (log) for (let power = Math.log10(low); power <= Math.log10(high) + 1e-9; power += 1) ticks.push(10 ** power);
    else for (let step = niceStep(high - low, height < 140 ? 2 : 4), y = low; y <= high + 1e-9; y += step) ticks.push(y);
    for (const y of ticks) {
      context.beginPath();
      context.moveTo(box.left, py(y));
      context.lineTo(box.right, py(y));
      context.stroke();
      context.fillText(percent ? `${Math.round(100 * y)}%` : log ? rateText(y) : String(Number(y.toPrecision(3))), box.left - 6, py(y));
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    const xStep = niceStep(right, Math.max(2, width / 90));
    for (let x = 0; x <= right + 1e-9; x += xStep) {
      const last = x + xStep > right + 1e-9;
      context.fillText(String(Number(x.toFixed(2))) + (last && width > 220 ? ` ${xLabel}` : ""), Math.min(px(x), box.right - (last ? 24 : 0)), box.bottom + 4);
    }

    for (const mark of marks) {
      context.strokeStyle = mark.kind === "phase" ? faint : ink;
      context.setLineDash(mark.kind === "phase" ? [] : [2, 2]);
      context.lineWidth = mark.kind === "phase" ? 2 : 1;
      context.beginPath();
      context.moveTo(px(mark.x), box.top);
      context.lineTo(px(mark.x), box.bottom);
      context.stroke();
      if (mark.kind !== "phase") {
        context.setLineDash([]);
        context.fillStyle = ink;
        context.beginPath();
        context.moveTo(px(mark.x) - 4, box.top);
        context.lineTo(px(mark.x) + 4, box.top);
        context.lineTo(px(mark.x), box.top + 6);
        context.fill();
      }
    }
    context.setLineDash([]);
    if (height >= 160) {
      context.textAlign = "left";
      context.fillStyle = ink;
      let until = -1;
      for (const mark of marks.filter((one) => one.kind === "phase")) {
        const at = px(mark.x) + 4;
        if (at < until) continue;
        context.fillText(mark.text, at, box.bottom - 16);
        until = at + context.measureText(mark.text).width + 6;
      }
    }

    context.lineJoin = "round";
    for (const { x, y, look, key, item } of series.values()) {
      const colour = look.faint ? (dark ? "rgba(255,255,255,.45)" : "rgba(0,0,0,.4)") : colours[look.colour % colours.length];
      const line = key.firstChild;
      line.setAttribute("stroke", colour);
      line.setAttribute("stroke-dasharray", look.dash.join(" "));
      item.classList.toggle("tl-absent", !x.length);
      context.strokeStyle = colour;
      context.fillStyle = colour;
      context.lineWidth = look.width;
      context.setLineDash(look.dash);
      context.beginPath();
      const every = Math.max(1, Math.floor(x.length / (2 * width)));
      for (let i = 0; i < x.length; i += every) {
        if (i === 0) context.moveTo(px(x[i]), py(y[i]));
        else context.lineTo(px(x[i]), py(y[i]));
      }
      if (x.length) context.lineTo(px(x[x.length - 1]), py(y[x.length - 1]));
      context.stroke();
      context.setLineDash([]);
      if (x.length && !look.faint) {
        context.beginPath();
        context.arc(px(x[x.length - 1]), py(y[x.length - 1]), 3, 0, 7);
        context.fill();
      }
    }
    if (pointer !== null) {
      context.strokeStyle = ink;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(px(pointer), box.top);
      context.lineTo(px(pointer), box.bottom);
      context.stroke();
    }
    words();
  }

  /** The newest values, or those under the pointer, in the legend and for those who cannot see the canvas. */
  function words() {
    const said = [];
    for (const one of series.values()) {
      if (!one.x.length) { one.value.textContent = ""; continue; }
      let at = one.x.length - 1;
      if (pointer !== null) while (at > 0 && one.x[at] > pointer) at -= 1;
      one.value.textContent = valueText(one.y[at]);
      said.push(`${one.look.label} ${valueText(one.y[one.y.length - 1])}`);
    }
    const x = Math.max(0, ...[...series.values()].map((one) => (one.x.length ? one.x[one.x.length - 1] : 0)));
    canvas.setAttribute("aria-label", said.length ? `${label} after ${x.toFixed(1)} ${xLabel}: ${said.join(", ")}` : `${label}: nothing yet`);
  }

  const draw = oncePerFrame(paint);
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const share = (event.offsetX - drawing.box.left) / (drawing.box.right - drawing.box.left);
    pointer = Math.min(1, Math.max(0, share)) * drawing.right;
    draw();
  });
  canvas.addEventListener("pointerleave", () => { pointer = null; draw(); });
  const observer = new ResizeObserver(() => draw());
  observer.observe(canvas);

  return {
    element,
    canvas,
    series: entry,
    append(name, xs, ys) {
      const one = entry(name);
      for (let i = 0; i < xs.length; i += 1) { one.x.push(xs[i]); one.y.push(ys[i]); }
    },
    /** Drop all points, or with `keep` those of the series for which it is false. */
    clear(keep = () => false) {
      for (const [name, one] of series) if (!keep(name)) { one.x = []; one.y = []; }
    },
    remove(which) {
      for (const [name, one] of series) if (which(name)) { one.item.remove(); series.delete(name); }
    },
    marks(given) { marks = given; },
    end(x) { xEnd = Math.max(1, x); },
    draw,
    dispose() { observer.disconnect(); },
  };
}
