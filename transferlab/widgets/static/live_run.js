// Start, Pause, Step, Stop; how far it is; and the curves while they grow.

const STATE_WORDS = {
  ready: "ready", preparing: "getting ready", running: "training", pausing: "pausing after this batch", paused: "paused",
  stopping: "stopping after this batch", finished: "finished", stopped: "stopped", failed: "failed", replaying: "replaying",
};
const STATE_SIGNS = { running: "▶", replaying: "▶", paused: "❚❚", pausing: "❚❚", finished: "✓", stopped: "■", stopping: "■", failed: "✕" };
const ACCURACIES = {
  held_out: { label: "held-out", colour: 0, dash: DASHES[0], width: 2.5 },
  source: { label: "source kept", colour: 1, dash: DASHES[1], width: 2.5 },
  train: { label: "training", colour: 6, dash: DASHES[2], width: 1.5 },
};

function create(root, api) {
  const press = (name) => () => api.act(name);
  const start = h("button", { class: "tl-button tl-main", onclick: press("start") }, "Start");
  const pause = h("button", { class: "tl-button", onclick: () => api.act(pause.dataset.action) }, "Pause");
  const step = h("button", { class: "tl-button", title: "Train one batch", onclick: press("step") }, "Step");
  const stop = h("button", { class: "tl-button", onclick: press("stop") }, "Stop");
  const evaluate = h("button", { class: "tl-button", title: "Measure held-out and source accuracy now", onclick: press("evaluate") }, "Measure now");
  const sign = h("span", { class: "tl-sign", "aria-hidden": "true" });
  const word = h("span", { role: "status" });
  const badge = h("span", { class: "tl-badge" }, sign, word);
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the run", class: "tl-progress" });
  const where = h("span", { class: "tl-number tl-where" });
  const failure = h("div", { class: "tl-failure", role: "alert" });
  const accuracy = chart({ label: "Accuracy", percent: true, height: 262 });
  const loss = chart({ label: "Training loss", height: 110 });
  const rates = chart({ label: "Learning rates", log: true, height: 110 });
  for (const [name, look] of Object.entries(ACCURACIES)) accuracy.series(name, look);
  loss.series("loss", { label: "loss", colour: 3, width: 1.5 });
  const charts = [accuracy, loss, rates];
  const chartFor = (name) => (name.startsWith("lr/") ? rates : name === "loss" ? loss : accuracy);

  root.append(
    h("div", { class: "tl-row tl-live-buttons" }, start, pause, step, stop, evaluate, badge),
    h("div", { class: "tl-row tl-live-progress" }, bar, where),
    failure,
    h("div", { class: "tl-live-charts" }, accuracy.element, h("div", { class: "tl-live-side" }, loss.element, rates.element)),
  );
  api.heartbeat();

  function progress(now) {
    const on = ["running", "pausing", "paused"].includes(now.state);
    const resting = now.state === "paused" || now.state === "pausing";
    start.disabled = on || ["preparing", "stopping"].includes(now.state);
    start.textContent = now.state === "replaying" ? "Start live" : now.runs ? "Start again" : "Start";
    pause.disabled = !on || now.blocking;
    pause.textContent = resting ? "Go on" : "Pause";
    pause.dataset.action = resting ? "resume" : "pause";
    step.disabled = now.blocking || ["preparing", "stopping", "replaying"].includes(now.state);
    stop.disabled = !(on || now.state === "preparing" || now.state === "replaying");
    evaluate.disabled = !on;
    root.dataset.state = now.state;
    sign.textContent = STATE_SIGNS[now.state] || "○";
    if (word.textContent !== STATE_WORDS[now.state]) word.textContent = STATE_WORDS[now.state];
    badge.dataset.state = now.state;
    bar.value = now.begun ? Math.min(1, now.position / now.epochs) : 0;
    const left = now.left === null || now.left === undefined ? "" : ` · about ${secondsText(now.left)} left`;
    const phase = now.phase ? ` · ${now.phase}` : "";
    where.textContent = now.begun ? `epoch ${now.position.toFixed(1)} of ${now.epochs}${phase} · step ${countText(now.steps)}${left}` : `${now.epochs} epochs to train`;
    failure.textContent = now.failure || "";
    failure.classList.toggle("tl-shown", Boolean(now.failure));
    ACCURACIES.source.label = now.source === "agreement" ? "source agreement" : "source kept";
    accuracy.series("source", { label: ACCURACIES.source.label });
    for (const one of charts) { one.end(now.epochs || 1); one.marks(now.marks || []); one.draw(); }
  }

  function floats(view) {
    return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  }

  function points(content, buffers) {
    if (content.reset) {
      for (const one of charts) one.clear((name) => name.startsWith("past/"));
      rates.remove((name) => !content.stages.some((stage) => name === `lr/${stage}`));
      content.stages.forEach((stage, i) => rates.series(`lr/${stage}`, { label: stage, colour: i, dash: DASHES[i % DASHES.length] }));
    }
    const values = buffers.length ? floats(buffers[0]) : [];
    let at = 0;
    for (const [name, count] of content.series) {
      chartFor(name).append(name, values.subarray(at, at + count), values.subarray(at + count, at + 2 * count));
      at += 2 * count;
    }
    progress(content.now);
  }

  function overlay(content, buffers) {
    accuracy.remove((name) => name.startsWith("past/"));
    const values = buffers.length ? floats(buffers[0]) : [];
    let at = 0;
    content.runs.forEach(([name, count], i) => {
      accuracy.series(`past/${name}`, { label: name, colour: 2 + i, dash: DASHES[3 + (i % 3)], width: 1.5 });
      accuracy.append(`past/${name}`, values.subarray(at, at + count), values.subarray(at + count, at + 2 * count));
      at += 2 * count;
    });
    accuracy.draw();
  }

  return {
    state(now) { progress(now); },
    message(name, content, buffers) {
      if (name === "points") points(content, buffers);
      else if (name === "overlay") overlay(content, buffers);
      else if (name === "progress") progress(content);
    },
    dispose() { for (const one of charts) one.dispose(); },
  };
}
