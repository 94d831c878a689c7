// A button that counts in Python, a slider, and a way to fail.

function create(root, api) {
  const count = h("output", { class: "tl-number" });
  const step = h("input", { type: "range", min: 1, max: 9, value: 1 });
  root.append(
    h("button", { class: "tl-button", onclick: () => api.act("add", { by: Number(step.value) }) }, "Count"),
    h("button", { class: "tl-button", onclick: () => api.act("stumble") }, "Stumble"),
    labelled("Step", step), count,
  );
  api.heartbeat();
  return { state(now) { count.textContent = `counted ${now.count}`; } };
}
