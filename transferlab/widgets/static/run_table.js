// Every run as a row, sortable by each column; one of them is chosen, and what can be done with it stands below.

const PART = 2 ** 20; // bytes that go through the page at a time, as in run_files.py

const COLUMNS = [
  { key: "number", name: "Run", value: (row) => row.number },
  { key: "recipe", name: "Recipe", value: (row) => row.recipe.toLowerCase(), left: true },
  { key: "held_out", name: "Held-out", value: (row) => row.held_out, title: "Held-out accuracy with its 95% interval" },
  { key: "source", name: "Source", value: (row) => row.source_after ?? -1, title: "Accuracy on the source task, before and after" },
  { key: "trained", name: "Trained", value: (row) => row.depth, left: true },
  { key: "rates", name: "Rates", value: (row) => row.highest, title: "The lowest and the highest learning rate" },
  { key: "data", name: "Data", value: (row) => row.data.toLowerCase(), left: true },
  { key: "epochs", name: "Epochs", value: (row) => row.epochs },
  { key: "seed", name: "Seed", value: (row) => row.seed },
  { key: "seconds", name: "Time", value: (row) => row.seconds },
];
const TRAINED_WIDTH = 12;

function create(root, api) {
  let state = { rows: [] };
  let sorted = { key: "number", up: false }; // the newest is on top
  let chosen = null; // the number of the run whose details are on view
  let wanted = null; // the same for a run that is still to come
  let download = null;
  let upload = null;
  const lines = new Map(); // number → the row's elements

  const headers = COLUMNS.map((column) => {
    const arrow = h("span", { class: "tl-arrow", "aria-hidden": "true" });
    const button = h("button", { class: "tl-sort", title: column.title, onclick: () => sortBy(column.key) }, column.name, arrow);
    const cell = h("th", { scope: "col", class: column.left ? "tl-left" : "" }, button);
    return { column, cell, arrow };
  });
  const body = h("tbody");
  const table = h("table", { class: "tl-runs" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "tl-pick" }, h("span", { class: "tl-hidden" }, "Overlay"), h("span", { "aria-hidden": "true", title: "Draw its curve behind" }, "∿")), headers.map((one) => one.cell))),
    body);
  const scroll = h("div", { class: "tl-runs-scroll", role: "region", "aria-label": "All runs", tabindex: 0 }, table);
  const empty = h("p", { class: "tl-runs-empty tl-quiet" }, "No run yet. Press Start, or open a recording below.");

  const about = h("p", { class: "tl-runs-about" });
  const note = h("input", { type: "text", maxlength: 200, placeholder: "what was this run for?", onchange: () => api.act("note", { number: chosen, text: note.value }) });
  const show = h("button", { class: "tl-button", onclick: () => api.act("show", { number: shownNow() ? null : chosen }) }, "Show in the panels");
  const replay = h("button", { class: "tl-button", onclick: () => api.act("replay", { number: chosen }) }, "Replay");
  const remove = h("button", { class: "tl-button", onclick: () => api.act("delete", { number: chosen }) }, "Delete");
  const what = h("select", {},
    h("option", { value: "recording" }, "recording, to replay"), h("option", { value: "record" }, "record, as JSON"),
    h("option", { value: "safetensors" }, "model, as safetensors"), h("option", { value: "onnx" }, "model, as ONNX"));
  const keep = h("button", { class: "tl-button", onclick: () => save("folder") }, "Save");
  const fetched = h("button", { class: "tl-button", onclick: () => save("page") }, "Download");
  const detail = h("section", { class: "tl-runs-detail", "aria-label": "The chosen run" },
    about,
    h("div", { class: "tl-row" }, labelled("Note", note, "tl-field tl-runs-note"), show, replay, remove),
    h("div", { class: "tl-row" }, labelled("Write its", what), h("span", { class: "tl-row" }, keep, fetched)));

  const undo = h("button", { class: "tl-button", onclick: () => api.act("undo") }, "Undo");
  const gone = h("span", { role: "status" });
  const deleted = h("div", { class: "tl-row tl-runs-deleted" }, gone, undo);
  const file = h("input", { type: "file", accept: ".transferlab", onchange: () => begin(file.files[0]) });
  const path = h("input", { type: "text", placeholder: "transferlab-runs/run-1.transferlab", onkeydown: (event) => { if (event.key === "Enter") open(); } });
  const openButton = h("button", { class: "tl-button", onclick: () => open() }, "Open");
  root.append(scroll, empty, deleted, detail,
    h("div", { class: "tl-row tl-runs-open" }, labelled("Open a recording", file, "tl-field tl-runs-file"), labelled("or its path", path, "tl-field tl-runs-path"), openButton));

  const row = () => state.rows.find((one) => one.number === chosen) || null;
  const shownNow = () => Boolean(row()?.shown);
  const open = () => api.act("open", { path: path.value });

  function save(where) {
    api.act("save", { number: chosen, what: what.value, where });
    api.say("Writing …");
  }

  function sortBy(key) {
    sorted = { key, up: sorted.key === key ? !sorted.up : ["recipe", "data", "seed"].includes(key) };
    arrange();
  }

  function choose(number) {
    chosen = number;
    wanted = null;
    details();
    for (const [one, line] of lines) mark(line, one);
  }

  function mark(line, number) {
    line.element.classList.toggle("tl-chosen", number === chosen);
    line.button.setAttribute("aria-pressed", String(number === chosen));
  }

  /** Put the rows in order; one that has the focus keeps it. */
  function arrange() {
    const { value } = COLUMNS.find((one) => one.key === sorted.key);
    const order = [...state.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return ((x > y) - (x < y) || a.number - b.number) * (sorted.up ? 1 : -1);
    });
    for (const { column, cell, arrow } of headers) {
      const on = column.key === sorted.key;
      cell.setAttribute("aria-sort", on ? (sorted.up ? "ascending" : "descending") : "none");
      arrow.textContent = on ? (sorted.up ? "▲" : "▼") : "";
    }
    const now = order.map((one) => lines.get(one.number).element);
    if (now.some((element, i) => body.children[i] !== element)) {
      const focused = body.contains(document.activeElement) ? document.activeElement : null;
      body.append(...now);
      focused?.focus();
    }
  }

  function line(number) {
    const pick = h("input", { type: "checkbox", "aria-label": `Draw the curve of run ${number} behind`, onchange: () => compare() });
    const button = h("button", { class: "tl-run-number", "aria-label": `Choose run ${number}`, onclick: () => choose(number) }, `#${number}`);
    const cells = COLUMNS.slice(1).map((column) => h("td", { class: column.left ? "tl-left" : "" }));
    const element = h("tr", { onclick: (event) => { if (!event.target.closest("input, button")) choose(number); } },
      h("td", { class: "tl-pick" }, pick), h("th", { scope: "row" }, button), cells);
    return { element, pick, button, cells };
  }

  function compare() {
    api.act("compare", { numbers: [...lines].filter(([, one]) => one.pick.checked).map(([number]) => number) });
  }

  function fill(one, data) {
    const [low, high] = data.interval;
    const source = data.source_after === null ? "–" : `${percentText(data.source_before)} → ${percentText(data.source_after)}`;
    const epochs = Number(data.epochs.toFixed(1));
    const texts = [
      [data.recipe, data.note || (data.recorded ? "from a recording" : data.backbone)],
      [percentText(data.held_out), `${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)}%`],
      [source, data.source_kind === "agreement" ? "agreement" : ""],
      [data.trained, data.by_hand ? `${data.by_hand} × by hand` : ""],
      [data.rates.map(rateText).join(" … ") || "–", ""],
      [data.data, `${countText(data.num_train)} images`],
      [String(epochs), data.stopped ? "stopped" : ""],
      [String(data.seed), ""],
      [secondsText(data.seconds), ""],
    ];
    texts.forEach(([first, second], i) => {
      const cell = one.cells[i];
      const words = `${first}\n${second}`;
      if (cell.dataset.words === words) return;
      cell.dataset.words = words;
      cell.replaceChildren(h("span", { class: "tl-first", title: first.length > TRAINED_WIDTH ? first : null }, first), second ? h("span", { class: "tl-second", title: second }, second) : "");
    });
    one.pick.checked = data.compared;
    one.element.classList.toggle("tl-shown-run", data.shown);
    one.button.textContent = `${data.shown ? "▸" : ""}#${data.number}`;
  }

  function details() {
    const data = row();
    detail.hidden = !data;
    if (!data) return;
    const [low, high] = data.interval;
    const guess = data.guess === null ? "" : ` You had guessed ${percentText(data.guess)}.`;
    const kept = data.has_state ? "" : " Its weights are not here, so it can be watched and not exported.";
    about.textContent = `Run ${data.number}: ${data.recipe} on ${data.data}, ${data.trained}. Held-out ${percentText(data.held_out)} (95%: ${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)}% on ${countText(data.num_held_out)} images).${guess}${kept}`;
    if (document.activeElement !== note) note.value = data.note;
    show.textContent = data.shown ? "Show the newest again" : "Show in the panels";
    show.disabled = replay.disabled = state.busy;
    for (const option of what.options) option.disabled = !data.has_state && ["safetensors", "onnx"].includes(option.value);
    if (what.selectedOptions[0]?.disabled) what.value = "recording";
    keep.title = `Into the folder ${state.folder}/, beside the notebook`;
  }

  function apply(next) {
    state = next;
    const there = new Set(next.rows.map((one) => one.number));
    for (const [number, one] of lines) if (!there.has(number)) { one.element.remove(); lines.delete(number); }
    for (const data of next.rows) {
      if (!lines.has(data.number)) lines.set(data.number, line(data.number));
      fill(lines.get(data.number), data);
    }
    const newest = next.rows.length ? next.rows[next.rows.length - 1].number : null;
    if (wanted !== null && there.has(wanted)) choose(wanted);
    else if (!there.has(chosen)) choose(newest);
    else choose(chosen);
    arrange();
    scroll.hidden = !next.rows.length;
    empty.hidden = Boolean(next.rows.length);
    deleted.classList.toggle("tl-on", next.deleted !== null);
    undo.hidden = next.deleted === null;
    gone.textContent = next.deleted === null ? "" : `Run ${next.deleted} was deleted.`;
  }

  // Files go through the page in parts, one after the other, so that nothing else has to wait for them.

  const quietly = (name, content, buffers = []) => api.model.send({ kind: "act", name, content, number: 0 }, undefined, buffers);

  function receive(content, buffers) {
    if (!download || content.name !== download.name || content.part !== download.parts.length) return;
    const view = buffers[0];
    download.parts.push(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    if (download.parts.length < download.count) {
      api.say(`Downloading ${download.name}: ${Math.round((100 * download.parts.length) / download.count)}%`);
      quietly("more", { name: download.name, part: download.parts.length });
      return;
    }
    const url = URL.createObjectURL(new Blob(download.parts, { type: "application/octet-stream" }));
    const link = h("a", { href: url, download: download.name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    api.say(`Downloaded ${download.sentence}`);
    download = null;
  }

  async function begin(given) {
    if (!given) return;
    upload = { file: given, count: Math.max(1, Math.ceil(given.size / PART)) };
    await send(0);
  }

  async function send(part) {
    const { file: given, count } = upload;
    api.say(`Reading ${given.name}: ${Math.round((100 * part) / count)}%`);
    const bytes = await given.slice(part * PART, (part + 1) * PART).arrayBuffer();
    quietly("upload", { name: given.name, part, parts: count }, [bytes]);
    if (part + 1 === count) file.value = "";
  }

  return {
    state(next) { apply(next); },
    message(name, content, buffers) {
      if (name === "file") {
        download = { name: content.name, count: content.parts, sentence: content.sentence, parts: [] };
        quietly("more", { name: content.name, part: 0 });
      } else if (name === "part") receive(content, buffers);
      else if (name === "got" && upload) send(content.part);
      else if (name === "added") { wanted = content.number; apply(state); }
    },
  };
}
