// Play a run of the past in all panels, faster or slower; then go on with it live.

function create(root, api) {
  let state = { runs: [], playing: null };
  const run = h("select", { onchange: () => controls() });
  const play = h("button", { class: "tl-button tl-main", onclick: () => (play.dataset.action === "pause" ? api.act("pause") : api.act("play", { number: Number(run.value) })) }, "Play");
  const stop = h("button", { class: "tl-button", onclick: () => api.act("stop") }, "Stop");
  const speed = h("select", { onchange: () => api.act("speed", { speed: speed.value === "fastest" ? "fastest" : Number(speed.value) }) });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the replay", class: "tl-replay-bar" });
  const where = h("span", { class: "tl-number tl-replay-where" });
  const epochs = h("input", { type: "number", min: 1, max: 500, step: 1, value: 10 });
  const goOn = h("button", { class: "tl-button", onclick: () => api.act("go_on", { number: Number(run.value), epochs: Number(epochs.value) }) }, "Go on live");
  const hint = h("p", { class: "tl-quiet tl-replay-hint" });
  root.append(h("div", { class: "tl-replay" },
    h("div", { class: "tl-row" }, labelled("Watch", run, "tl-field tl-replay-run"), labelled("Speed", speed)),
    h("div", { class: "tl-row" }, play, stop, bar, where),
    h("div", { class: "tl-row tl-replay-live" }, goOn, labelled("for", epochs), h("span", { class: "tl-quiet" }, "epochs, from its last state")),
    hint));

  function choices(select, pairs, keep) {
    const words = JSON.stringify(pairs);
    if (select.dataset.words === words) return;
    select.dataset.words = words;
    const before = select.value;
    select.replaceChildren(...pairs.map(([value, text]) => h("option", { value: String(value) }, text)));
    if (keep && pairs.some(([value]) => String(value) === before)) select.value = before;
  }

  function progress(playing) {
    bar.value = playing && playing.end ? Math.min(1, playing.position / playing.end) : 0;
    where.textContent = playing ? `epoch ${playing.position.toFixed(1)} of ${Number(playing.end.toFixed(1))}` : "not playing";
  }

  function controls() {
    const { playing } = state;
    const one = state.runs.find((each) => each.number === Number(run.value));
    run.disabled = Boolean(playing) || !state.runs.length;
    play.disabled = state.training || !state.runs.length;
    play.textContent = playing ? (playing.paused ? "Go on" : "Pause") : "Play";
    play.dataset.action = playing && !playing.paused ? "pause" : "play";
    stop.disabled = !playing;
    goOn.disabled = epochs.disabled = state.training || !one || !one.live;
    if (state.training) hint.textContent = "A run is on; it can be watched again afterwards.";
    else if (!state.runs.length) hint.textContent = "No run to watch yet. Train one, or open a recording under Runs.";
    else if (one && !one.live) hint.textContent = "Of this run no state of the model was kept; it can be watched only.";
    else hint.textContent = "All panels follow. Going on live is a new run, with the freeze line and the rates of the old one.";
  }

  return {
    state(next) {
      const before = state.runs.length;
      state = next;
      choices(run, next.runs.length ? next.runs.map((one) => [one.number, one.text]) : [["", "no run yet"]], true);
      if (next.playing) run.value = String(next.playing.number);
      else if (next.runs.length > before) run.value = String(next.runs[next.runs.length - 1].number);
      choices(speed, next.speeds.map((one) => [one, one === "fastest" ? "as fast as possible" : one === 1 ? "as it trained" : `${one} × as fast`]), true);
      speed.value = String(next.speed);
      controls();
      progress(next.playing);
    },
    message(name, content) {
      if (name === "progress") { state.playing = content; progress(content); }
    },
  };
}
