// A page of examples to select from: pictures cut out of one sprite sheet, or texts in rows.

const CELLS = 40; // pictures on a page, as in lab/data_pages.py

/** The element that has the focus, within a shadow root as well. */
function focusNear(element) {
  return element.getRootNode().activeElement;
}

/** Examples of one page to select from: a list box, so that arrows, Space and Shift do what they do elsewhere. */
function pictureGrid(act, looked, selectionChanged) {
  let tiles = [], part = "train", url = null, here = 0, anchor = 0, preview = false, noun = "picture";
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
    looked(tiles[i], part);
  }
  function go(to, event) {
    to = Math.min(Math.max(to, 0), tiles.length - 1);
    if (event.shiftKey && !preview) { range(to); } else anchor = to;
    here = to;
    mark();
    cells[to].cell.focus();
    if (!preview) looked(tiles[to], part);
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
    else if (event.key === "p" && !command) act("play");
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
    const texts = content.texts;
    list.classList.toggle("tl-data-texts", Boolean(texts));
    list.classList.toggle("tl-data-single", !(content.pages > 1)); // with more pages the height stays as it is
    const hadFocus = list.contains(focusNear(list));
    here = Math.min(here, Math.max(0, tiles.length - 1));
    cells.forEach(({ cell, name, picture }, i) => {
      cell.classList.toggle("tl-data-empty", i >= tiles.length);
      cell.setAttribute("aria-hidden", String(i >= tiles.length));
      picture.textContent = texts && i < tiles.length ? texts[i] : "";
      if (i >= tiles.length || texts) picture.style.backgroundImage = "";
      if (i >= tiles.length) { cell.removeAttribute("aria-label"); return; }
      const [key, label, was] = tiles[i];
      const changed = label !== was;
      cell.classList.toggle("tl-data-changed", changed);
      name.textContent = changed ? `↻ ${label}` : label;
      cell.title = [label, changed ? `came as ${was}` : "", typeof key === "string" ? key : ""].filter(Boolean).join(" · ");
      cell.setAttribute("aria-label", `${label}${changed ? `, came as ${was}` : ""}, ${noun} ${typeof key === "string" ? key : key + 1}${texts ? `: ${texts[i]}` : ""}`);
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
  return { element: list, show, clear, names(one) { noun = one; list.setAttribute("aria-label", `${one[0].toUpperCase()}${one.slice(1)}s`); }, pictures: () => [...selected.values()], has: () => tiles.length > 0, dispose() { if (url) url(); } };
}
