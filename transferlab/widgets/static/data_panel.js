// The images: where they come from, a grid to look through and to edit, uploads and the camera.

const CELLS = 40; // pictures on a page, as in lab/data_pages.py
const PIECE = 512 * 1024; // bytes of a file that are sent at once
const BUDGETS = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200];
const DRAGGED = 90; // milliseconds between two drawings while a slider is dragged
const TASK_WORDS = { kind: "What is it?", count: "How many beads?", position: "Where is it?", orientation: "Which way does it point?", hue: "Which colour?" };
const TARGET_WORDS = { objects: "Objects", satellite: "Satellite pictures", tissue: "Tissue under a microscope", defects: "Defects in material", thermal: "Heat pictures" };
const SOURCES = [["world", "Drawn world"], ["uploads", "My pictures"], ["folder", "Folder"], ["torchvision", "torchvision"], ["given", "From the notebook"]];

/** A slider with its name and value; `say` puts the value into words. `moved(value, isFinal)` is told of every change. */
function slider(name, say, moved, attributes) {
  const shown = h("output", { class: "tl-data-value tl-number" });
  const input = h("input", { type: "range", ...attributes, oninput: () => { show(); moved(Number(input.value), false); }, onchange: () => moved(Number(input.value), true) });
  const show = () => { shown.textContent = say(Number(input.value)); input.setAttribute("aria-valuetext", shown.textContent); };
  const id = newId();
  input.id = id;
  const element = h("div", { class: "tl-data-slider" }, h("label", { for: id }, name), input, shown);
  return { element, input, set(value) { if (focusNear(input) !== input) { input.value = value; } show(); } };
}
/** The element that has the focus, within a shadow root as well. */
function focusNear(element) {
  return element.getRootNode().activeElement;
}

/** At most one call in so many milliseconds, the last one included; `now()` drops what waits. */
function throttled(action, milliseconds) {
  let timer = null, waiting = null, last = 0;
  const call = (...given) => {
    waiting = given;
    if (timer !== null) return;
    timer = setTimeout(() => { timer = null; last = Date.now(); const late = waiting; waiting = null; if (late) action(...late); }, Math.max(0, last + milliseconds - Date.now()));
  };
  call.drop = () => { clearTimeout(timer); timer = null; waiting = null; };
  return call;
}

function options(pairs) {
  return pairs.map(([value, text]) => h("option", { value: String(value) }, text));
}
/** Fill a select anew only where its options are others; a list that is open must not be rebuilt. */
function fill(select, pairs) {
  const key = JSON.stringify(pairs);
  if (select.dataset.of !== key) { select.replaceChildren(...options(pairs)); select.dataset.of = key; }
}

/** Pictures of one page to select from: a list box, so that arrows, Space and Shift do what they do elsewhere. */
function pictureGrid(act, selectionChanged) {
  let tiles = [], part = "train", url = null, here = 0, anchor = 0, preview = false;
  const selected = new Map(); // JSON of [part, key] → [part, key]
  const list = h("div", { class: "tl-data-grid", role: "listbox", "aria-multiselectable": "true", "aria-label": "Pictures" });
  const cells = Array.from({ length: CELLS }, (_, i) => {
    const picture = h("div", { class: "tl-data-picture" });
    const name = h("div", { class: "tl-data-name" });
    const cell = h("div", { class: "tl-data-tile", role: "option", tabindex: -1, "aria-selected": "false", onclick: (event) => click(i, event), onkeydown: (event) => key(i, event) }, picture, name);
    list.append(cell);
    return { cell, picture, name };
  });
  const nameOf = (i) => JSON.stringify([part, tiles[i][0]]);
  const columns = () => { const top = cells[0].cell.offsetTop; const next = cells.findIndex(({ cell }) => cell.offsetTop !== top); return next < 0 ? CELLS : next; };

  function mark() {
    cells.forEach(({ cell }, i) => {
      const on = i < tiles.length && !preview && selected.has(nameOf(i));
      cell.setAttribute("aria-selected", String(on));
      cell.tabIndex = i === here && i < tiles.length ? 0 : -1;
    });
    selectionChanged(selected.size);
  }
  function set(i, on) {
    if (on) selected.set(nameOf(i), [part, tiles[i][0]]);
    else selected.delete(nameOf(i));
  }
  function range(to) {
    for (let i = Math.min(anchor, to); i <= Math.max(anchor, to); i += 1) set(i, true);
  }
  function click(i, event) {
    if (preview || i >= tiles.length) return;
    if (event.shiftKey) range(i);
    else { set(i, !selected.has(nameOf(i))); anchor = i; }
    here = i;
    mark();
    cells[i].cell.focus();
  }
  function go(to, event) {
    to = Math.min(Math.max(to, 0), tiles.length - 1);
    if (event.shiftKey && !preview) { range(to); } else anchor = to;
    here = to;
    mark();
    cells[to].cell.focus();
  }
  function key(i, event) {
    const command = event.ctrlKey || event.metaKey;
    const moves = { ArrowRight: i + 1, ArrowLeft: i - 1, ArrowDown: i + columns(), ArrowUp: i - columns(), Home: 0, End: tiles.length - 1 };
    if (event.key in moves && !command) {
      if (moves[event.key] >= 0 && moves[event.key] < tiles.length) go(moves[event.key], event);
    } else if (event.key === " " || event.key === "Enter") click(i, event);
    else if (event.key === "PageDown") act("turn page", 1);
    else if (event.key === "PageUp") act("turn page", -1);
    else if (event.key === "Escape") clear();
    else if (event.key === "Delete" || event.key === "Backspace") act("drop");
    else if (command && event.key === "a") { if (!preview) tiles.forEach((_, at) => set(at, true)); mark(); }
    else if (command && event.key === "z" && !event.shiftKey) act("undo");
    else if (command && (event.key === "y" || event.key.toLowerCase() === "z")) act("redo");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function clear() { selected.clear(); mark(); }

  function show(content, buffers, isPreview) {
    preview = isPreview;
    tiles = content.tiles;
    part = content.part || part;
    list.classList.toggle("tl-data-single", !(content.pages > 1)); // with more pages the height stays as it is
    const hadFocus = list.contains(focusNear(list));
    here = Math.min(here, Math.max(0, tiles.length - 1));
    cells.forEach(({ cell, name, picture }, i) => {
      cell.classList.toggle("tl-data-empty", i >= tiles.length);
      cell.setAttribute("aria-hidden", String(i >= tiles.length));
      if (i >= tiles.length) { cell.removeAttribute("aria-label"); picture.style.backgroundImage = ""; return; }
      const [key, label, was] = tiles[i];
      const changed = label !== was;
      cell.classList.toggle("tl-data-changed", changed);
      name.textContent = changed ? `↻ ${label}` : label;
      cell.title = [label, changed ? `came as ${was}` : "", typeof key === "string" ? key : ""].filter(Boolean).join(" · ");
      cell.setAttribute("aria-label", `${label}${changed ? `, came as ${was}` : ""}, picture ${typeof key === "string" ? key : key + 1}`);
    });
    mark();
    if (hadFocus && tiles.length && focusNear(list)?.getAttribute("aria-hidden") === "true") cells[here].cell.focus();
    if (!buffers.length) return;
    const [next, forget] = pictureUrl(buffers[0]);
    const across = content.columns, down = Math.ceil(tiles.length / across), count = tiles.length;
    const sheet = new Image();
    sheet.onload = () => { // only now, so that nothing flashes while a slider is dragged
      for (let i = 0; i < count; i += 1) {
        const style = cells[i].picture.style;
        style.backgroundImage = `url("${next}")`;
        style.backgroundSize = `${100 * across}% ${100 * down}%`;
        style.backgroundPosition = `${across > 1 ? (100 * (i % across)) / (across - 1) : 0}% ${down > 1 ? (100 * Math.floor(i / across)) / (down - 1) : 0}%`;
      }
      if (url) url();
      url = forget;
    };
    sheet.src = next;
  }
  return { element: list, show, clear, pictures: () => [...selected.values()], has: () => tiles.length > 0, dispose() { if (url) url(); } };
}

/** Files to Python, a piece at a time, each after the answer to the one before. */
function sender(api, progress) {
  let answer = null, sending = false;
  const got = () => new Promise((done) => { answer = done; });
  async function send(files, common) {
    if (sending) { api.say("An upload is under way. Wait until it is done.", "error"); return; }
    sending = true;
    let stopped = false;
    api.act("begin");
    try {
      for (let i = 0; i < files.length && !stopped; i += 1) {
        const { name, file } = files[i];
        let at = 0;
        do {
          progress(i, files.length, at / Math.max(1, file.size));
          const piece = await file.slice(at, at + PIECE).arrayBuffer().catch(() => null);
          if (piece === null) break; // a folder, or a file that is gone
          const answered = got();
          api.act("piece", { file: i, name, size: file.size, at, class_name: common.class_name }, piece.byteLength ? [piece] : []);
          const { refused, stop } = await answered;
          stopped = Boolean(stop);
          if (refused) break;
          at += piece.byteLength;
        } while (at < file.size);
      }
    } finally {
      sending = false;
      progress(files.length, files.length, 0);
      api.act("finish", common);
    }
  }
  return { send, got(content) { answer?.(content); answer = null; } };
}

/** The files of a drop, those in dropped folders with their folder's name in front. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ name: file.name, file }));
  const found = [];
  const walk = async (entry, prefix) => {
    if (entry.isFile) {
      const file = await new Promise((done) => entry.file(done, () => done(null)));
      if (file) found.push({ name: prefix + file.name, file });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done) => reader.readEntries(done, () => done([])));
      if (!some.length) return;
      for (const one of some) await walk(one, `${prefix}${entry.name}/`);
    }
  };
  for (const entry of entries) await walk(entry, "");
  return found;
}

function create(root, api) {
  let now = null, pane = null, view = { part: "train", label: "", number: 0, pages: 1, count: 0 };

  // Where the images come from.
  const sources = Object.fromEntries(SOURCES.map(([name, text]) => [name, h("button", { class: "tl-button", "aria-pressed": "false", onclick: () => choosePane(name) }, text)]));
  const a_little = throttled((knobs) => api.act("turn_a_little", knobs), DRAGGED);
  const turn = (knobs) => { a_little.drop(); api.act("turn", knobs); };
  const knob = (name) => (value, isFinal) => (isFinal ? turn({ [name]: value }) : a_little({ [name]: value }));
  const target = h("select", { onchange: () => turn({ name: target.value }) });
  const task = h("select", { onchange: () => turn({ task: task.value }) });
  let budgets = BUDGETS;
  const perClass = slider("Training pictures a class", (i) => String(budgets[i]), (i, isFinal) => { if (isFinal) turn({ per_class: budgets[i] }); }, { min: 0, max: budgets.length - 1, step: 1 });
  const gap = slider("Domain gap", (value) => (value === 0 ? "none" : percentText(value).replace(".0%", "%")), knob("domain_gap"), { min: 0, max: 1, step: 0.05 });
  const shortcut = slider("Shortcut", (value) => (value === 0 ? "none" : percentText(value).replace(".0%", "%")), knob("shortcut"), { min: 0, max: 1, step: 0.05 });
  const seed = h("input", { type: "number", min: 0, max: 2 ** 31, step: 1, onchange: () => turn({ seed: Math.round(Number(seed.value)) || 0 }) });
  const worldPane = h("div", { class: "tl-data-pane" }, labelled("Pictures of", target), labelled("Question", task), perClass.element, gap.element,
    h("p", { class: "tl-data-hint" }, "How far the look is from what the backbone knows."), shortcut.element,
    h("p", { class: "tl-data-hint" }, "How often a coloured tag gives the answer away, in training only."), labelled("Seed", seed));

  const budget = () => h("input", { type: "number", min: 1, step: 1, placeholder: "all" });
  const limitOf = (input) => (input.value === "" ? null : Math.max(1, Math.round(Number(input.value))));
  const sizeSelect = () => h("select", {});
  const folderBudget = budget(), folderSize = sizeSelect();
  const path = h("input", { type: "text", spellcheck: "false", class: "tl-data-long", placeholder: "flowers", onkeydown: (event) => { if (event.key === "Enter") openFolder(); } });
  const openFolder = () => api.act("folder", { path: path.value, per_class: limitOf(folderBudget), size: Number(folderSize.value) });
  const folderPane = h("div", { class: "tl-data-pane" }, labelled("Path", path, "tl-field tl-data-wide"),
    h("p", { class: "tl-data-hint" }, "On the computer that runs Python: one folder for each class, pictures in them."),
    labelled("Training pictures a class", folderBudget), labelled("Pixels a side", folderSize), h("div", {}, h("button", { class: "tl-button", onclick: openFolder }, "Open")));

  const set = h("select", {}), setBudget = budget(), setLimit = budget(), setSize = sizeSelect();
  const openSet = () => api.act("torchvision", { name: set.value, per_class: limitOf(setBudget), limit: limitOf(setLimit), size: Number(setSize.value) });
  const setPane = h("div", { class: "tl-data-pane" }, labelled("Data set", set),
    h("p", { class: "tl-data-hint" }, "Those that lie on this disk; nothing is fetched from here."),
    labelled("Read at most", setLimit), labelled("Training pictures a class", setBudget), labelled("Pixels a side", setSize), h("div", {}, h("button", { class: "tl-button", onclick: openSet }, "Open")));

  // Uploads.
  const common = () => ({ class_name: className.value.trim(), per_class: limitOf(uploadBudget), size: Number(uploadSize.value) || 64 });
  const openCollection = () => api.act("collection", { name: collection.value, ...common() });
  const collection = h("input", { type: "text", spellcheck: "false", onchange: openCollection });
  const known = h("datalist", { id: newId() });
  const className = h("input", { type: "text", list: known.id, placeholder: "such as cats", spellcheck: "false" });
  const uploadBudget = budget(), uploadSize = sizeSelect();
  for (const one of [uploadBudget, uploadSize]) one.addEventListener("change", openCollection);
  const picker = h("input", { type: "file", multiple: true, accept: "image/*,.zip", class: "tl-hidden", tabindex: -1, "aria-hidden": "true", onchange: () => { upload([...picker.files].map((file) => ({ name: file.name, file }))); picker.value = ""; } });
  const choose = h("button", { class: "tl-button", onclick: () => picker.click() }, "Choose pictures or a zip …");
  const camera = h("button", { class: "tl-button", onclick: () => openCamera() }, "Use the camera");
  const zone = h("div", { class: "tl-data-zone" }, h("div", { class: "tl-row" }, choose, camera), picker,
    h("p", { class: "tl-data-hint" }, "Or drop pictures, folders or a zip here. Folders give the classes their names."));
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the upload", class: "tl-data-progress" });
  const barText = h("span", { class: "tl-number tl-quiet" });
  const barRow = h("div", { class: "tl-row tl-data-sending" }, bar, barText);
  const film = h("video", { autoplay: true, playsinline: true, class: "tl-data-film", "aria-label": "What the camera sees" });
  film.muted = true;
  const take = h("button", { class: "tl-button", onclick: () => takePicture() }, "Take a picture");
  const shut = h("button", { class: "tl-button", onclick: () => closeCamera() }, "Close the camera");
  const filmBox = h("div", { class: "tl-data-filmbox", hidden: true }, film, h("div", { class: "tl-row" }, take, shut));
  const stored = h("p", { class: "tl-data-hint" });
  const uploadPane = h("div", { class: "tl-data-pane" }, labelled("These pictures show", className), known, zone, filmBox, barRow,
    labelled("Kept under the name", collection), stored, labelled("Training pictures a class", uploadBudget), labelled("Pixels a side", uploadSize));
  const givenPane = h("div", { class: "tl-data-pane" }, h("p", { class: "tl-data-hint" }, "The images that the notebook gave to the lab. They can be edited like any others."));
  const panes = { world: worldPane, uploads: uploadPane, folder: folderPane, torchvision: setPane, given: givenPane };

  let shots = 0, stream = null;
  const files = sender(api, (i, count, share) => {
    const on = i < count;
    bar.value = count ? (i + share) / count : 0;
    barText.textContent = on ? `${i + 1} of ${countText(count)}` : "";
    barRow.classList.toggle("tl-shown", on);
    for (const one of [choose, take]) one.disabled = on;
  });
  function upload(list) {
    const typed = className.value.trim();
    const folders = new Set(list.map(({ name }) => name.split("/").slice(0, -1).join("/")));
    if (typed && folders.size === 1) list = list.map(({ name, file }) => ({ name: name.split("/").pop(), file })); // as for a zip
    if (!typed && list.some(({ name }) => !name.includes("/") && !/\.zip$/i.test(name))) {
      api.say("Type what the pictures show first: it becomes the name of their class.", "error");
      className.focus();
      return;
    }
    const tooLarge = list.filter(({ file }) => file.size > now.collection.most_bytes);
    if (list.length) files.send(list.filter((one) => !tooLarge.includes(one)), common());
    if (tooLarge.length) api.say(`${tooLarge[0].name} is larger than ${Math.round(now.collection.most_bytes / 1e6)} MB. Pack it in parts.`, "error");
  }
  zone.addEventListener("dragover", (event) => { event.preventDefault(); event.stopPropagation(); zone.classList.add("tl-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("tl-over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault(); // Jupyter would take the files into its own folder
    event.stopPropagation();
    zone.classList.remove("tl-over");
    upload(await dropped(event.dataTransfer));
  });
  camera.hidden = !navigator.mediaDevices?.getUserMedia;
  async function openCamera() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 } } });
    } catch (error) {
      api.say(`The camera cannot be used: ${error.message || error.name}. Allow it in the browser, or choose pictures.`, "error");
      return;
    }
    film.srcObject = stream;
    filmBox.hidden = false;
    camera.hidden = true;
    take.focus();
  }
  function closeCamera() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    filmBox.hidden = true;
    camera.hidden = !navigator.mediaDevices?.getUserMedia;
  }
  function takePicture() {
    const side = Math.min(film.videoWidth, film.videoHeight);
    if (!side) return;
    if (!className.value.trim()) { api.say("Type what the picture shows first: it becomes the name of its class.", "error"); className.focus(); return; }
    const still = h("canvas", { width: film.videoWidth, height: film.videoHeight });
    still.getContext("2d").drawImage(film, 0, 0);
    still.toBlob((blob) => { shots += 1; files.send([{ name: `camera-${shots}.jpg`, file: blob }], common()); }, "image/jpeg", 0.92);
  }

  // The grid and what can be done with it.
  const parts = Object.fromEntries([["train", "Training"], ["held_out", "Held out"]].map(([name]) => [name, h("button", { class: "tl-button", "aria-pressed": "false", onclick: () => look({ part: name, number: 0 }) })]));
  const only = h("select", { onchange: () => look({ label: only.value, number: 0 }) });
  const back = h("button", { class: "tl-button", "aria-label": "Page before", onclick: () => look({ number: view.number - 1 }) }, "‹");
  const forth = h("button", { class: "tl-button", "aria-label": "Next page", onclick: () => look({ number: view.number + 1 }) }, "›");
  const where = h("span", { class: "tl-number tl-data-where" });
  const look = (changes) => { const wanted = { ...view, ...changes }; api.act("page", { part: wanted.part, label: wanted.label, number: wanted.number }); };
  const commands = {
    "turn page": (by) => { const number = view.number + by; if (number >= 0 && number < view.pages) look({ number }); },
    drop: () => edit("drop", {}),
    undo: () => api.act("undo"),
    redo: () => api.act("redo"),
  };
  const grid = pictureGrid((name, value) => commands[name](value), (count) => {
    number.textContent = count ? `${count} selected` : "none selected";
    for (const one of [relabel, drop, none]) one.disabled = !count;
  });
  const number = h("span", { class: "tl-number tl-data-selected", role: "status" }, "none selected");
  const label = h("select", { "aria-label": "Their class" });
  const edit = (name, content) => api.act(name, { pictures: grid.pictures(), ...content });
  const relabel = h("button", { class: "tl-button", onclick: () => edit("relabel", { label: label.value }) }, "Relabel");
  const drop = h("button", { class: "tl-button", onclick: () => edit("drop", {}) }, "Drop");
  const none = h("button", { class: "tl-button", onclick: () => grid.clear() }, "Select none");
  const undo = h("button", { class: "tl-button", onclick: () => api.act("undo") }, "Undo");
  const redo = h("button", { class: "tl-button", onclick: () => api.act("redo") }, "Redo");
  for (const one of [relabel, drop, none]) one.disabled = true;

  const summary = h("span", { class: "tl-number" });
  const doing = h("span", { class: "tl-quiet tl-data-doing", role: "status" });
  const trouble = h("p", { class: "tl-data-trouble", role: "alert" });
  const use = h("button", { class: "tl-button tl-main", onclick: () => api.act("use") }, "Use these images");
  const used = h("span", { class: "tl-data-used", role: "status" });
  const counts = h("tbody");
  const table = h("div", { class: "tl-data-counts", tabindex: 0, role: "region", "aria-label": "Pictures of each class" },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Class"), h("th", { scope: "col" }, "Training"), h("th", { scope: "col" }, "Held out"))), counts));
  const notesTitle = h("summary", { "data-lm-suppress-shortcuts": "true" });
  const notes = h("ul", { class: "tl-data-notes", tabindex: 0, "aria-label": "Notes on these images" });
  const notesBox = h("details", { class: "tl-data-notebox" }, notesTitle, notes);
  const code = h("pre", { class: "tl-data-code", tabindex: 0, "aria-label": "The images as code" });
  const codeBox = h("details", {}, h("summary", { "data-lm-suppress-shortcuts": "true" }, "As code"), code);

  root.append(
    h("div", { class: "tl-row tl-data-sources", role: "group", "aria-label": "Where the images come from" }, ...Object.values(sources)),
    h("div", { class: "tl-data-columns" },
      h("div", { class: "tl-data-left" }, ...Object.values(panes)),
      h("div", { class: "tl-data-right" },
        h("div", { class: "tl-row tl-data-use" }, use, used, doing),
        h("div", { class: "tl-data-summary" }, summary),
        trouble,
        h("div", { class: "tl-row tl-data-bar" }, parts.train, parts.held_out, labelled("Class", only), h("span", { class: "tl-data-pager" }, back, where, forth)),
        grid.element,
        h("div", { class: "tl-row tl-data-bar" }, number, h("span", { class: "tl-row" }, label, relabel, drop, none), h("span", { class: "tl-row tl-data-undo" }, undo, redo))),
      h("div", { class: "tl-data-more" }, table, notesBox, codeBox)),
  );

  function showPane(name) {
    pane = name;
    for (const [one, element] of Object.entries(panes)) element.hidden = one !== name;
    for (const [one, button] of Object.entries(sources)) button.setAttribute("aria-pressed", String(one === name));
    if (name !== "uploads" && stream) closeCamera();
  }
  function choosePane(name) {
    showPane(name);
    if (name === paneOf(now)) return;
    if (name === "world") api.act("turn", {});
    else if (name === "given") api.act("given");
    else if (name === "uploads") openCollection();
    else if (name === "folder" && path.value) openFolder();
    else if (name === "torchvision" && now.last.torchvision) openSet();
  }
  function paneOf(state) {
    return state.kind === "folder" && state.last.folder?.path === state.collection.path ? "uploads" : state.kind;
  }
  const held = (input) => focusNear(input) === input;
  const put = (input, value) => { if (!held(input)) input.value = value ?? ""; };

  return {
    state(next) {
      const moved = !now || paneOf(next) !== paneOf(now);
      now = next;
      if (pane === null || moved) showPane(paneOf(now));
      sources.given.hidden = !now.given;
      const { world, folder, torchvision } = now.last;
      fill(target, now.targets.map((name) => [name, TARGET_WORDS[name] || name]));
      fill(task, now.tasks.map((name) => [name, TASK_WORDS[name] || name]));
      put(target, world.name);
      put(task, world.task);
      task.parentElement.hidden = world.name !== "objects";
      budgets = [...new Set([...BUDGETS, world.per_class])].sort((a, b) => a - b);
      perClass.input.max = budgets.length - 1;
      perClass.set(budgets.indexOf(world.per_class));
      gap.set(world.domain_gap);
      shortcut.set(world.shortcut);
      put(seed, world.seed);
      for (const select of [folderSize, setSize, uploadSize]) fill(select, now.sizes.map((size) => [size, size]));
      fill(set, now.sets.map((name) => [name, name]));
      if (folder && paneOf(now) === "folder") { put(path, folder.path); put(folderBudget, folder.per_class); put(folderSize, folder.size); }
      if (folder && paneOf(now) === "uploads") { put(uploadBudget, folder.per_class); put(uploadSize, folder.size); }
      if (torchvision) { put(set, torchvision.name); put(setBudget, torchvision.per_class); put(setLimit, torchvision.limit); put(setSize, torchvision.size); }
      else if (setLimit.value === "" && !held(setLimit)) setLimit.value = now.few;
      put(collection, now.collection.name);
      const kept = Object.entries(now.collection.counts);
      const key = JSON.stringify(kept);
      if (known.dataset.of !== key) { known.replaceChildren(...kept.map(([name]) => h("option", { value: name }))); known.dataset.of = key; }
      stored.textContent = kept.length ? `In ${now.collection.path}: ${kept.slice(0, 6).map(([name, count]) => `${name} ${countText(count)}`).join(", ")}${kept.length > 6 ? " …" : ""}` : `Pictures go to ${now.collection.path}, a folder for each class.`;

      const total = (part) => now.classes.reduce((sum, one) => sum + one[part], 0);
      const name = paneOf(now) === "world" ? TARGET_WORDS[world.name] || world.name : now.name;
      summary.textContent = now.classes.length ? `${name ? `${name}: ` : ""}${countText(total("train"))} to train on, ${countText(total("held_out"))} held out, ${countText(now.classes.length)} classes` : "No images yet";
      doing.textContent = now.task ? `${now.task} …` : "";
      trouble.textContent = now.failure;
      trouble.classList.toggle("tl-shown", Boolean(now.failure));
      parts.train.textContent = `Training ${countText(total("train"))}`;
      parts.held_out.textContent = `Held out ${countText(total("held_out"))}`;
      const names = now.classes.map((one) => one.name);
      fill(only, [["", "all classes"], ...names.map((one) => [one, one])]);
      fill(label, names.map((one) => [one, one]));
      if (!held(only)) only.value = view.label;
      const counted = JSON.stringify(now.classes);
      if (counts.dataset.of !== counted) {
        counts.replaceChildren(...now.classes.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", {}, countText(one.train)), h("td", {}, countText(one.held_out)))));
        counts.dataset.of = counted;
      }
      const left = now.left_out.map(([file, reason]) => `${file}: ${reason}`);
      if (now.num_left_out > left.length) left.push(`… and ${countText(now.num_left_out - left.length)} more`);
      const said = JSON.stringify([now.notes, left]);
      if (notes.dataset.of !== said) { notes.replaceChildren(...[...now.notes, ...left].map((one) => h("li", {}, one))); notes.dataset.of = said; }
      const files_ = now.num_left_out ? `${countText(now.num_left_out)} ${now.num_left_out === 1 ? "file" : "files"} left out` : "";
      notesTitle.textContent = files_ || `Notes (${now.notes.length})`;
      notesBox.hidden = !now.notes.length && !left.length;
      code.textContent = now.code;
      undo.disabled = !now.undoes;
      redo.disabled = !now.redoes;
      undo.title = now.undoes ? `Undo: ${now.undoes}` : "";
      redo.title = now.redoes ? `Redo: ${now.redoes}` : "";
      use.disabled = now.in_use || Boolean(now.task) || Boolean(now.failure);
      const edits = now.edits ? `, ${now.edits} edited` : "";
      used.textContent = now.in_use ? `✓ in use${edits}` : now.busy ? `○ not in use${edits}; a run is on` : `○ not in use yet${edits}`;
    },
    message(name, content, buffers) {
      if (name === "page") {
        const other = content.part !== view.part;
        view = { part: content.part, label: content.label, number: content.number, pages: content.pages, count: content.count };
        if (other) grid.clear();
        grid.show(content, buffers, false);
        for (const [one, button] of Object.entries(parts)) button.setAttribute("aria-pressed", String(one === view.part));
        if (!held(only)) only.value = view.label;
        where.textContent = `${view.number + 1} of ${view.pages}`;
        back.disabled = view.number === 0;
        forth.disabled = view.number + 1 >= view.pages;
      } else if (name === "preview") {
        grid.clear();
        grid.show({ ...content, tiles: content.labels.map((one, i) => [i, one, one]) }, buffers, true);
        where.textContent = "examples";
        back.disabled = forth.disabled = true;
      } else if (name === "edited") {
        grid.clear();
      } else if (name === "got") {
        files.got(content);
      } else if (name === "uploaded") {
        api.say(content.text, content.added ? "note" : "error");
      }
    },
    dispose() { closeCamera(); a_little.drop(); grid.dispose(); },
  };
}
