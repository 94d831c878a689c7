// Both accuracies over the epochs, the same run as a path in the plane of the two, and mixtures with the pretrained one.

const TARGET = { label: "target (held-out)", colour: 0, dash: DASHES[0], width: 2.5 };
const SOURCE = { label: "source kept", colour: 1, dash: DASHES[1], width: 2.5 };
const REST = 250; // milliseconds that the slider rests before a mixture is measured

function create(root, api) {
  const lines = chart({ label: "Along the run", percent: true, height: 240 });
  lines.series("held_out", TARGET);
  lines.series("source", SOURCE);
  const path = plane();
  const alpha = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 1, class: "tl-alpha", oninput: () => moved(), onchange: () => moved() });
  const field = labelled("Mix α", alpha, "tl-field tl-alpha-field");
  const said = h("p", { class: "tl-mix-words", role: "status" });
  const all = h("button", { class: "tl-button", onclick: () => api.act("measure") }, "Measure 11 mixtures");
  const keep = h("button", { class: "tl-button", onclick: () => api.act("keep", { alpha: Number(alpha.value) }) }, "Keep this mixture");
  const target = meter("Target");
  const source = meter("Source");
  const which = h("span", { class: "tl-aside" });
  const mix = h("section", { class: "tl-mix" },
    h("div", { class: "tl-chart-label" }, "After the run: between the pretrained backbone (0) and the fine-tuned one (1)"),
    h("div", { class: "tl-row" }, field, h("span", { class: "tl-mix-buttons" }, all, keep)),
    target.element, source.element, said);
  root.append(h("div", { class: "tl-forgetting" }, lines.element, path.element), mix);

  let state = { mixtures: [] };
  let timer = null;

  const observer = new IntersectionObserver((entries) => {
    api.model.send({ kind: "act", name: "visible", content: { on: entries[entries.length - 1].isIntersecting }, number: 0 });
  });
  observer.observe(root);

  function meter(name) {
    const fill = h("span", { class: "tl-meter-fill" });
    const value = h("span", { class: "tl-number tl-meter-value" }, "–");
    const text = h("span", { class: "tl-meter-name" }, name);
    const element = h("div", { class: "tl-meter" }, text, h("span", { class: "tl-meter-bar", "aria-hidden": "true" }, fill), value);
    return {
      element,
      name(words) { text.textContent = words; },
      set(share, exact) {
        fill.style.width = `${100 * (share || 0)}%`;
        element.classList.toggle("tl-near", !exact);
        value.textContent = share === undefined || share === null ? "–" : exact ? percentText(share) : "…";
      },
    };
  }

  /** The measured mixture that is nearest to the slider, and whether it stands exactly there. */
  function nearest() {
    const at = Number(alpha.value);
    let best = null;
    for (const one of state.mixtures) if (!best || Math.abs(one[0] - at) < Math.abs(best[0] - at)) best = one;
    return [best, best !== null && Math.abs(best[0] - at) < 0.0006];
  }

  const show = oncePerFrame(() => {
    const [best, exact] = nearest();
    const at = Number(alpha.value).toFixed(2);
    target.set(best ? best[1] : null, exact);
    source.set(best ? best[2] : null, exact);
    const pair = best ? `target ${percentText(best[1])}, ${sourceName()} ${percentText(best[2])}` : "";
    if (state.why_not) said.textContent = state.why_not;
    else if (exact) said.textContent = `Measured at α = ${at}: ${pair}.`;
    else if (best) said.textContent = `α = ${at} … the nearest measured is ${best[0].toFixed(2)}: ${pair}.`;
    else said.textContent = state.measuring ? "Measuring …" : "Nothing measured yet: drag the slider, or measure eleven mixtures at once.";
    alpha.setAttribute("aria-valuetext", exact ? `${at}: ${pair}` : at);
    path.draw(state.why_not ? null : best, exact);
  });

  const sourceName = () => (state.kind === "agreement" ? "agreement with the pretrained model" : "source accuracy");

  function moved() {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => { if (!state.why_not && !nearest()[1]) api.act("measure", { alpha: Number(alpha.value) }); }, REST);
  }

  function apply(next) {
    state = next;
    const agreement = next.kind === "agreement";
    lines.series("source", { label: agreement ? "agreement with the pretrained model" : "source kept" });
    source.name(agreement ? "Agreement" : "Source");
    lines.end(next.epochs || 1);
    lines.marks(next.marks);
    lines.draw();
    alpha.disabled = Boolean(next.why_not);
    all.disabled = Boolean(next.why_not) || next.measuring || next.complete;
    keep.disabled = Boolean(next.why_not);
    all.textContent = next.measuring ? `Measuring … ${next.mixtures.length}` : "Measure 11 mixtures";
    path.mixtures(next.mixtures, agreement ? "agreement with the pretrained model" : "source accuracy");
    show();
  }

  const held = new Map();
  const kept = new Map();
  function points(content) {
    if (content.reset) { lines.clear(); held.clear(); kept.clear(); }
    for (const [name, [xs, ys]] of Object.entries(content.series)) {
      lines.append(name, xs, ys);
      xs.forEach((x, i) => (name === "held_out" ? held : kept).set(x, ys[i]));
    }
    // Only moments at which both were measured; in between one would have to be made up.
    path.points([...held.keys()].filter((x) => kept.has(x)).sort((a, b) => a - b).map((x) => [kept.get(x), held.get(x)]));
    apply(content.now);
  }

  return {
    state: apply,
    message(name, content) {
      if (name === "points") points(content);
      else if (name === "state") apply(content);
    },
    dispose() { observer.disconnect(); clearTimeout(timer); lines.dispose(); path.dispose(); },
  };
}
