// The data: where it comes from, what is done with it, and what of it runs learn from.

const BUDGETS = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200];
const DRAGGED = 90; // milliseconds between two drawings while a slider is dragged
const TASK_WORDS = { kind: "What is it?", count: "How many beads?", position: "Where is it?", orientation: "Which way does it point?", hue: "Which colour?" };
const TARGET_WORDS = { objects: "Objects", satellite: "Satellite pictures", tissue: "Tissue under a microscope", defects: "Defects in material", thermal: "Heat pictures" };
const SOURCES = [["world", "Drawn world"], ["sounds", "Sounds"], ["uploads", "My files"], ["folder", "Folder"], ["torchvision", "torchvision"], ["given", "From the notebook"]];

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

/** At most one call in so many milliseconds, with the last arguments; `drop()` forgets the one that waits. */
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

function create(root, api) {
  let now = null, pane = null, view = { part: "train", label: "", number: 0, pages: 1, count: 0 };

  // Where the images come from.
  const sources = Object.fromEntries(SOURCES.map(([name, text]) => [name, h("button", { class: "tl-button", "aria-pressed": "false", onclick: () => choosePane(name) }, text)]));
  const aLittle = throttled((knobs) => api.act("turn_a_little", knobs), DRAGGED);
  let turned = {}, settling = null;
  const settle = () => { clearTimeout(settling); if (settling === null) return; settling = null; aLittle.drop(); api.act("turn", turned); turned = {}; };
  const turn = (knobs, rest = 0) => { clearTimeout(settling); turned = { ...turned, ...knobs }; settling = setTimeout(settle, rest); };
  const knob = (name) => (value, isFinal) => { // keys end a change each time: the whole is drawn when they rest
    aLittle({ ...turned, [name]: value });
    if (isFinal) turn({ [name]: value }, 250);
  };
  const target = h("select", { onchange: () => turn({ name: target.value }) });
  const task = h("select", { onchange: () => turn({ task: task.value }) });
  let budgets = BUDGETS;
  const perClass = slider("Training pictures a class", (i) => String(budgets[i]), (i, isFinal) => { if (isFinal) turn({ per_class: budgets[i] }, 250); }, { min: 0, max: budgets.length - 1, step: 1 });
  const gap = slider("Domain gap", (value) => (value === 0 ? "none" : percentText(value).replace(".0%", "%")), knob("domain_gap"), { min: 0, max: 1, step: 0.05 });
  const shortcut = slider("Shortcut", (value) => (value === 0 ? "none" : percentText(value).replace(".0%", "%")), knob("shortcut"), { min: 0, max: 1, step: 0.05 });
  const seed = h("input", { type: "number", min: 0, max: 2 ** 31, step: 1, onchange: () => turn({ seed: Math.round(Number(seed.value)) || 0 }) });
  const worldPane = h("div", { class: "tl-data-pane" }, labelled("Pictures of", target), labelled("Question", task), perClass.element, gap.element,
    h("p", { class: "tl-data-hint" }, "How far the look is from what the backbone knows."), shortcut.element,
    h("p", { class: "tl-data-hint" }, "How often a coloured tag gives the answer away, in training only."), labelled("Seed", seed));

  const folderBudget = budgetInput(), folderSize = h("select", {});
  const path = h("input", { type: "text", spellcheck: "false", class: "tl-data-long", placeholder: "flowers", onkeydown: (event) => { if (event.key === "Enter") openFolder(); } });
  const folderSeconds = h("input", { type: "number", min: 0.1, max: 20, step: 0.1, value: 1 });
  const seconds = labelled("Seconds of each sound", folderSeconds);
  const openFolder = () => api.act("folder", { path: path.value, per_class: limitOf(folderBudget), size: Number(folderSize.value), seconds: Number(folderSeconds.value) || 1 });
  const folderPane = h("div", { class: "tl-data-pane" }, labelled("Path", path, "tl-field tl-data-wide"),
    h("p", { class: "tl-data-hint" }, "On the computer that runs Python: one folder for each class, with pictures, or with WAV and FLAC files."),
    labelled("Training examples a class", folderBudget), labelled("Pixels a side", folderSize), seconds, h("div", {}, h("button", { class: "tl-button", onclick: openFolder }, "Open")));

  const set = h("select", {}), setBudget = budgetInput(), setLimit = budgetInput(), setSize = h("select", {});
  const openSet = () => api.act("torchvision", { name: set.value, per_class: limitOf(setBudget), limit: limitOf(setLimit), size: Number(setSize.value) });
  const setPane = h("div", { class: "tl-data-pane" }, labelled("Data set", set),
    h("p", { class: "tl-data-hint" }, "Those that lie on this disk; nothing is fetched from here."),
    labelled("Read at most", setLimit), labelled("Training pictures a class", setBudget), labelled("Pixels a side", setSize), h("div", {}, h("button", { class: "tl-button", onclick: openSet }, "Open")));

  const uploads = uploadPane(api);
  const givenHint = h("p", { class: "tl-data-hint" });
  const givenPane = h("div", { class: "tl-data-pane tl-data-given" }, givenHint);
  const sounds = soundPane(api);
  const player = soundPlayer(api);
  const panes = { world: worldPane, sounds: sounds.element, uploads: uploads.element, folder: folderPane, torchvision: setPane, given: givenPane };

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
    play: () => player.play(),
    undo: () => api.act("undo"),
    redo: () => api.act("redo"),
  };
  const grid = pictureGrid((name, value) => commands[name](value), ([key, label], part) => { if (now && now.heard) player.ask(part, key, label); }, (count) => {
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

  let editBar = null;
  const summary = h("span", { class: "tl-number" });
  const doing = h("span", { class: "tl-quiet tl-data-doing", role: "status" });
  const trouble = h("p", { class: "tl-data-trouble", role: "alert" });
  const use = h("button", { class: "tl-button tl-main", onclick: () => { settle(); api.act("use"); } });
  const used = h("span", { class: "tl-data-used", role: "status" });
  const counts = h("tbody");
  const table = h("div", { class: "tl-data-counts", tabindex: 0, role: "region", "aria-label": "Examples of each class" },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Class"), h("th", { scope: "col" }, "Training"), h("th", { scope: "col" }, "Held out"))), counts));
  const notesTitle = h("summary", { "data-lm-suppress-shortcuts": "true" });
  const notes = h("ul", { class: "tl-data-notes", tabindex: 0, "aria-label": "Notes on these" });
  const notesBox = h("details", { class: "tl-data-notebox" }, notesTitle, notes);
  const code = h("pre", { class: "tl-data-code", tabindex: 0, "aria-label": "The data as code" });
  const codeBox = h("details", {}, h("summary", { "data-lm-suppress-shortcuts": "true" }, "As code"), code);

  root.append(
    h("div", { class: "tl-row tl-data-sources", role: "group", "aria-label": "Where the data comes from" }, ...Object.values(sources)),
    h("div", { class: "tl-data-columns" },
      h("div", { class: "tl-data-left" }, ...Object.values(panes)),
      h("div", { class: "tl-data-right" },
        h("div", { class: "tl-row tl-data-use" }, use, used, doing),
        h("div", { class: "tl-data-summary" }, summary),
        trouble,
        h("div", { class: "tl-row tl-data-bar" }, parts.train, parts.held_out, labelled("Class", only), h("span", { class: "tl-data-pager" }, back, where, forth)),
        player.element,
        grid.element,
        editBar = h("div", { class: "tl-row tl-data-bar" }, number, h("span", { class: "tl-row" }, label, relabel, drop, none), h("span", { class: "tl-row tl-data-undo" }, undo, redo))),
      h("div", { class: "tl-data-more" }, table, notesBox, codeBox)),
  );

  function showPane(name) {
    pane = name;
    for (const [one, element] of Object.entries(panes)) element.hidden = one !== name;
    for (const [one, button] of Object.entries(sources)) button.setAttribute("aria-pressed", String(one === name));
    if (name !== "uploads") uploads.closeCamera();
  }
  function choosePane(name) {
    showPane(name);
    if (name === paneOf(now)) return;
    if (name === "world") api.act("turn", {});
    else if (name === "sounds") api.act("sounds", {});
    else if (name === "given") api.act("given");
    else if (name === "uploads") uploads.open();
    else if (name === "folder" && path.value) openFolder();
    else if (name === "torchvision" && now.last.torchvision) openSet();
  }
  function paneOf(state) {
    return state.collection.is_shown ? "uploads" : state.kind;
  }
  const held = (input) => focusNear(input) === input;

  return {
    state(next) {
      const moved = !now || paneOf(next) !== paneOf(now);
      now = next;
      if (pane === null || moved) showPane(paneOf(now));
      sources.given.hidden = !now.given;
      const { world, folder, torchvision } = now.last;
      const what = now.heard ? "sound" : now.noun;
      sounds.state(now);
      player.state(now);
      grid.names(what === "image" ? "picture" : what);
      use.textContent = `Use these ${what}s`;
      givenHint.textContent = `The ${now.noun}s that the notebook gave to the lab. They can be edited like any others.`;
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
      for (const select of [folderSize, setSize]) fill(select, now.sizes.map((size) => [size, size]));
      fill(set, now.sets.map((name) => [name, name]));
      if (folder && paneOf(now) === "folder") { put(path, folder.path); put(folderBudget, folder.per_class); put(folderSize, folder.size || folder.pixels); if (folder.seconds) put(folderSeconds, folder.seconds); }
      if (torchvision) { put(set, torchvision.name); put(setBudget, torchvision.per_class); put(setLimit, torchvision.limit); put(setSize, torchvision.size); }
      else if (setLimit.value === "" && !held(setLimit)) setLimit.value = now.few;
      uploads.state(now, paneOf(now) === "uploads" ? folder : null);

      const total = (part) => now.classes.reduce((sum, one) => sum + one[part], 0);
      const name = paneOf(now) === "world" ? TARGET_WORDS[world.name] || world.name : now.name;
      summary.textContent = now.classes.length ? `${name ? `${name}: ` : ""}${countText(total("train"))} to train on, ${countText(total("held_out"))} held out, ${countText(now.classes.length)} classes` : "Nothing yet";
      doing.textContent = now.task ? `${now.task} …` : "";
      trouble.textContent = now.failure;
      trouble.classList.toggle("tl-shown", Boolean(now.failure));
      parts.train.textContent = `Training ${countText(total("train"))}`;
      parts.held_out.textContent = `Held out ${countText(total("held_out"))}`;
      const names = now.classes.map((one) => one.name);
      fill(only, [["", "all classes"], ...names.map((one) => [one, one])]);
      fill(label, names.map((one) => [one, one]));
      if (!held(only)) only.value = view.label;
      table.hidden = editBar.hidden = !now.classes.length;
      const counted = JSON.stringify(now.classes);
      if (counts.dataset.of !== counted) {
        counts.replaceChildren(...now.classes.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", {}, countText(one.train)), h("td", {}, countText(one.held_out)))));
        counts.dataset.of = counted;
      }
      const left = now.left_out.map(([file, reason]) => `${file}: ${reason}`);
      if (now.num_left_out > left.length) left.push(`… and ${countText(now.num_left_out - left.length)} more`);
      const said = JSON.stringify([now.notes, left]);
      if (notes.dataset.of !== said) { notes.replaceChildren(...[...now.notes, ...left].map((one) => h("li", {}, one))); notes.dataset.of = said; }
      const leftOut = now.num_left_out ? `${countText(now.num_left_out)} ${now.num_left_out === 1 ? "file" : "files"} left out` : "";
      notesTitle.textContent = leftOut || `Notes (${now.notes.length})`;
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
        if (now && now.heard && content.tiles.length) player.page(content.part, content.tiles);
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
      } else if (name === "sound") {
        player.show(content, buffers);
      } else if (name === "edited") {
        grid.clear();
      } else if (name === "got") {
        uploads.got(content);
      } else if (name === "uploaded") {
        api.say(content.text, content.added ? "note" : "error");
      }
    },
    dispose() { uploads.closeCamera(); player.dispose(); sounds.dispose(); aLittle.drop(); clearTimeout(settling); grid.dispose(); },
  };
}
