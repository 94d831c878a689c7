// The plane of target and source accuracy: a run is a path in it, its mixtures with the pretrained model another.
//
// const path = plane();  path.points([[source, target], …]);  path.mixtures([[alpha, target, source], …], "source accuracy");

/** Where an axis begins: at a quarter below all values, so that a little forgetting can be seen too. */
function lowest(values) {
  return values.length ? Math.min(0.75, Math.floor(Math.min(...values) * 4) / 4) : 0;
}

function plane() {
  const height = 240;
  const canvas = h("canvas", { role: "img", "aria-label": "Target against source accuracy", class: "tl-canvas", style: `height:${height}px` });
  const caption = h("div", { class: "tl-caption" });
  const element = h("div", { class: "tl-chart" }, h("div", { class: "tl-chart-label" }, "Target against source"), canvas, caption);
  let points = [];
  let xName = "source accuracy";
  let mixtures = [];
  let near = [null, false];
  const signs = [["○", "start"], ["■", "end"], ["◆", "mixtures"]].map(([sign, text]) => h("span", { class: "tl-key" }, h("span", { "aria-hidden": "true" }, sign), text));
  caption.append(...signs);

  function paint() {
    const ground = cleared(canvas, height);
    if (!ground) return;
    const { context, width, dark, colours, ink, faint } = ground;
    const box = { left: 46, top: 10, right: width - 12, bottom: height - 36 };
    const measured = mixtures.filter((one) => one[2] !== null);
    const low = [0, 1].map((axis) => lowest([...points, ...measured.map((one) => [one[2], one[1]])].map((point) => point[axis])));
    const px = (x) => box.left + ((x - low[0]) / (1 - low[0])) * (box.right - box.left);
    const py = (y) => box.bottom - ((y - low[1]) / (1 - low[1])) * (box.bottom - box.top);
    context.strokeStyle = faint;
    context.fillStyle = ink;
    context.lineWidth = 1;
    for (const part of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      const [x, y] = low.map((from) => from + part * (1 - from));
      context.beginPath();
      context.moveTo(box.left, py(y)); context.lineTo(box.right, py(y));
      context.moveTo(px(x), box.top); context.lineTo(px(x), box.bottom);
      context.stroke();
      context.textAlign = "right"; context.textBaseline = "middle";
      context.fillText(`${Math.round(100 * y)}%`, box.left - 6, py(y));
      context.textAlign = part === 1 ? "right" : "center"; context.textBaseline = "top";
      context.fillText(`${Math.round(100 * x)}%`, px(x) + (part === 1 ? 8 : 0), box.bottom + 4);
    }
    context.textAlign = "center";
    context.fillText(`${xName} →`, (box.left + box.right) / 2, box.bottom + 19);

    line(context, points.map(([x, y]) => [px(x), py(y)]), colours[0], [], 2.5);
    line(context, measured.map((one) => [px(one[2]), py(one[1])]), colours[3], [6, 3], 2);
    context.fillStyle = colours[3];
    for (const one of measured) diamond(context, px(one[2]), py(one[1]), 4);
    if (points.length) {
      const [start, end] = [points[0], points[points.length - 1]];
      context.fillStyle = dark ? "#111" : "#fff";
      context.strokeStyle = colours[0];
      context.lineWidth = 2;
      context.beginPath(); context.arc(px(start[0]), py(start[1]), 5, 0, 7); context.fill(); context.stroke();
      context.fillStyle = colours[0];
      context.fillRect(px(end[0]) - 5, py(end[1]) - 5, 10, 10);
    }
    const [best, exact] = near;
    if (best && best[2] !== null) {
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.setLineDash(exact ? [] : [2, 2]);
      context.beginPath(); context.arc(px(best[2]), py(best[1]), 9, 0, 7); context.stroke();
      context.setLineDash([]);
    }
    signs[2].classList.toggle("tl-absent", !measured.length);
    const [first, last] = [points[0], points[points.length - 1]];
    const at = ([x, y]) => `target ${percentText(y)} at ${xName} ${percentText(x)}`;
    canvas.setAttribute("aria-label", first ? `Target against source: from ${at(first)} to ${at(last)}` : "Target against source: nothing yet");
  }
  function line(context, places, colour, dash, lineWidth) {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    context.setLineDash(dash);
    context.beginPath();
    places.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    context.setLineDash([]);
  }
  function diamond(context, x, y, size) {
    context.beginPath();
    context.moveTo(x, y - size); context.lineTo(x + size, y); context.lineTo(x, y + size); context.lineTo(x - size, y);
    context.fill();
  }
  const later = oncePerFrame(paint);
  const resized = new ResizeObserver(() => later());
  resized.observe(canvas);
  return {
    element,
    points(given) { points = given; later(); },
    mixtures(given, name) { mixtures = given; xName = name; later(); },
    draw(best, exact) { near = [best, exact]; later(); },
    dispose() { resized.disconnect(); },
  };
}
