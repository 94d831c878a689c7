// A row a stage with its bars at one moment; below, the measure that is chosen as lines over the epochs.

const MEASURES = {
  weights: { label: "Weights moved", title: "How far the weights moved, in % of their size", percent: false, text: smallShareText },
  similarity: { label: "Same as before", title: "How alike what the stage makes of images stayed (CKA)", percent: true, text: percentText },
  between: { label: "Classes apart", title: "Share of the variance that lies between the classes", percent: true, text: percentText },
};

function create(root, api) {
  const measure = chooser("Lines show", (value) => { shown = value; arrange(); });
  const rows = new Map();
  const table = h("tbody", {});
  const charts = {};
  const lines = h("div", { class: "tl-drift-lines" });
  const note = h("p", { class: "tl-quiet tl-drift-note" });
  let shown = "weights";
  let stages = [];
  let drawn = []; // the pictures and positions that the charts hold

  for (const [name, look] of Object.entries(MEASURES)) {
    charts[name] = chart({ label: look.title, percent: look.percent, height: 190 });
    lines.append(charts[name].element);
  }
  measure.set(Object.entries(MEASURES).map(([name, look]) => [name, look.label]), shown);

  const time = timeline(root, api, { paint });
  root.append(time.element,
    h("div", { class: "tl-drift" },
      h("div", {},
        h("table", { class: "tl-drift-table" },
          h("caption", { class: "tl-hidden" }, "Drift of each stage"),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Stage"), ...Object.values(MEASURES).map((look) => h("th", { scope: "col" }, look.label)))),
          table),
        note),
      h("div", { class: "tl-drift-side" }, measure.element, lines)));
  arrange();

  function arrange() {
    for (const [name, one] of Object.entries(charts)) { one.element.hidden = name !== shown; one.draw(); }
  }

  function row(stage) {
    const cells = {};
    const parts = [];
    for (const name of Object.keys(MEASURES)) {
      const fill = h("span", { class: `tl-fill tl-fill-${name}` });
      const tick = h("span", { class: "tl-tick", hidden: true });
      const value = h("span", { class: "tl-number" }, "–");
      cells[name] = { fill, tick, value };
      parts.push(h("td", {}, h("span", { class: "tl-bar", "aria-hidden": "true" }, fill, tick), value));
    }
    const element = h("tr", {}, h("th", { scope: "row" }, ...stage.split(".").flatMap((part, i) => (i ? [".", h("wbr"), part] : [part]))), ...parts);
    table.append(element);
    return { cells, element };
  }

  function paint({ now, before, position, frames, positions, epochs }) {
    const largest = Math.max(1e-4, ...[...frames.values()].flatMap((one) => one.facts.stages.map((stage) => stage.weights || 0)));
    const began = new Map((before ? before.facts.stages : []).map((stage) => [stage.stage, stage]));
    for (const facts of (now || before || { facts: { stages: [] } }).facts.stages) {
      if (!rows.has(facts.stage)) rows.set(facts.stage, row(facts.stage));
      for (const [name, look] of Object.entries(MEASURES)) {
        const { fill, tick, value } = rows.get(facts.stage).cells[name];
        const full = name === "weights" ? largest : 1;
        fill.style.width = `${100 * Math.min(1, (facts[name] || 0) / full)}%`;
        const start = began.get(facts.stage);
        tick.hidden = name !== "between" || !start || start.between === null;
        if (!tick.hidden) tick.style.left = `${100 * Math.min(1, start.between)}%`;
        value.textContent = look.text(facts[name]);
      }
    }
    if (now) note.textContent = `On ${now.facts.num_images} held-out ${now.facts.noun || "image"}s. The longest bar of weights is ${MEASURES.weights.text(largest)}; the thin mark is before training.`;
    curves(frames, positions, position, epochs);
  }

  function curves(frames, positions, position, epochs) {
    const known = positions.filter((one) => frames.has(one));
    const key = [frames, known.join()];
    for (const [name, one] of Object.entries(charts)) {
      if (key[0] !== drawn[0] || key[1] !== drawn[1]) {
        one.clear();
        for (const at of known) {
          for (const facts of frames.get(at).facts.stages) {
            if (facts[name] !== null) one.append(facts.stage, [at], [name === "weights" ? 100 * facts[name] : facts[name]]);
          }
        }
      }
      one.end(epochs || 1);
      one.marks(position === undefined ? [] : [{ x: position, kind: "here", text: "" }]);
      one.draw();
    }
    drawn = key;
  }

  return {
    state(next) {
      if (String(next.choices.stages) !== String(stages)) {
        stages = next.choices.stages;
        for (const { element } of rows.values()) element.remove();
        rows.clear();
        for (const stage of stages) rows.set(stage, row(stage));
        drawn = [];
        for (const one of Object.values(charts)) {
          one.remove(() => true);
          stages.forEach((stage, i) => one.series(stage, { label: stage, colour: i, dash: DASHES[i % DASHES.length] }));
        }
      }
      if (next.trouble) api.say(next.trouble, "error");
      time.state(next);
    },
    message(name, content, buffers) { time.message(name, content, buffers); },
    dispose() { time.dispose(); for (const one of Object.values(charts)) one.dispose(); },
  };
}
