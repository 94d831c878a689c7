// What the views into a model share: the time slider, the pictures of a run, asking for those that are missing.
//
// const time = timeline(root, api, { paint({ now, before, position }) { … } });   root.append(time.element);
// Pictures are decoded when they come, and painted from memory while the slider moves.

const SENDS_A_SECOND = 20;
const BREATH = 80; // milliseconds between pictures that nobody waits for, in which the kernel answers other panels
const BEFORE = "before";

/** A share that may be tiny: 0.00049 as "0.049%". */
function smallShareText(share) {
  if (share === null || share === undefined) return "–";
  return share > 0 && share < 0.1 ? `${Number((100 * share).toPrecision(2))}%` : percentText(share);
}

/** A figure with a canvas: show(image, words) paints a picture into it, or clears it with null. */
function picture(caption, { smooth = false, className = "", width = 64, height = 64 } = {}) {
  const canvas = h("canvas", { role: "img", "aria-label": caption, class: `tl-picture ${smooth ? "" : "tl-pixels"}`, width, height });
  const text = h("figcaption", {}, caption);
  const element = h("figure", { class: `tl-figure ${className}` }, canvas, text);
  return {
    element,
    canvas,
    caption(words) { if (text.textContent !== words) text.textContent = words; },
    show(image, words) {
      const context = canvas.getContext("2d");
      if (image && (canvas.width !== image.width || canvas.height !== image.height)) {
        canvas.width = image.width;
        canvas.height = image.height;
      }
      context.clearRect(0, 0, canvas.width, canvas.height);
      if (image) context.drawImage(image, 0, 0);
      canvas.setAttribute("aria-label", words);
    },
  };
}

/** A select that keeps its elements while the choices stay the same. */
function chooser(label, onchange) {
  const select = h("select", { onchange: () => onchange(JSON.parse(select.value)) });
  let known = "";
  return {
    element: labelled(label, select),
    select,
    /** `options` are [value, text, group?]. */
    set(options, value) {
      const wanted = JSON.stringify(options);
      if (wanted !== known) {
        known = wanted;
        select.replaceChildren();
        const groups = new Map();
        for (const [one, text, group] of options) {
          const option = h("option", { value: JSON.stringify(one) }, text);
          if (!group) { select.append(option); continue; }
          if (!groups.has(group)) { groups.set(group, h("optgroup", { label: group })); select.append(groups.get(group)); }
          groups.get(group).append(option);
        }
      }
      const chosen = JSON.stringify(value === undefined ? null : value);
      if (select.value !== chosen) select.value = chosen;
    },
  };
}

function timeline(root, api, { paint }) {
  const ask = (name, content) => api.model.send({ kind: "act", name, content, number: 0 }); // clears no sentence
  const slider = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, class: "tl-time", oninput: () => dragged(), onchange: () => dragged() });
  const field = labelled("Time", slider, "tl-field tl-time-field");
  const where = h("span", { class: "tl-number tl-time-where" });
  const newest = h("button", { class: "tl-button", onclick: () => { at = null; moved(); } }, "Newest");
  const follow = h("input", { type: "checkbox", onchange: () => ask("follow", { on: follow.checked }) });
  const which = h("span", { class: "tl-quiet" });
  const element = h("div", { class: "tl-timeline" },
    h("div", { class: "tl-row tl-time-row" }, field, where, newest),
    h("div", { class: "tl-row" }, h("label", { class: "tl-check" }, follow, "Follow the training"), which));

  const nothing = h("p", { class: "tl-nothing", hidden: true });
  root.prepend(nothing);
  let state = { turn: -1, positions: [], training: false };
  let frames = new Map();
  let refused = new Set();
  let asked = null;
  let at = null; // in epochs; null is the newest
  let timer = null;
  let onScreen = false;

  function forget() {
    for (const { pictures } of frames.values()) for (const one of Object.values(pictures)) one.close();
    frames = new Map();
    refused = new Set();
    asked = null;
  }

  /** Where the slider stands: an index into the positions. */
  function index() {
    const last = state.positions.length - 1;
    if (at === null) return last;
    let best = 0;
    state.positions.forEach((one, i) => { if (Math.abs(one - at) < Math.abs(state.positions[best] - at)) best = i; });
    return Math.max(0, best);
  }

  /** The position to show: while a run is followed the newest that there is a picture of, not the newest of all. */
  function wanted() {
    if (at === null && state.training) {
      const known = state.positions.filter((one) => frames.has(one));
      if (known.length) return known[known.length - 1];
    }
    return state.positions[index()];
  }

  function missing() {
    const position = wanted();
    if (position !== undefined && !frames.has(position)) return position;
    if (!frames.has(BEFORE)) return BEFORE;
    if (state.training) return undefined; // anything more would cost the run
    return state.positions.find((one) => !frames.has(one) && !refused.has(one));
  }

  function fetchMissing() {
    const position = missing();
    if (!onScreen || asked !== null || position === undefined || refused.has(position) || state.turn < 0) return;
    asked = position;
    ask("look", { position: position === BEFORE ? null : position });
  }

  const show = oncePerFrame(() => {
    const position = wanted();
    const now = frames.get(position) || null;
    slider.max = Math.max(0, state.positions.length - 1);
    slider.value = index();
    slider.disabled = state.positions.length < 2;
    const words = position === undefined ? "no pictures yet" : `epoch ${Number(position.toFixed(2))}${state.epochs ? ` of ${state.epochs}` : ""}`;
    slider.setAttribute("aria-valuetext", words);
    where.textContent = now || position === undefined || refused.has(position) ? words : `${words} …`;
    newest.disabled = at === null;
    paint({ now, before: frames.get(BEFORE) || null, position, frames, positions: state.positions, epochs: state.epochs });
  });

  function moved() {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => { timer = null; ask("scrub", { at }); }, 1000 / SENDS_A_SECOND);
    fetchMissing();
  }
  function dragged() {
    const i = Number(slider.value);
    at = i === state.positions.length - 1 ? null : state.positions[i];
    moved();
  }

  async function keep(content, buffers) {
    const { turn, position, facts, names } = content;
    const key = position === null ? BEFORE : position;
    if (turn === state.turn && asked === key) asked = null;
    if (turn !== state.turn) return;
    const decoded = await Promise.all(names.map((_, i) => createImageBitmap(new Blob([buffers[i]], { type: "image/png" }))));
    if (turn !== state.turn) { for (const one of decoded) one.close(); return; }
    frames.set(key, { facts, pictures: Object.fromEntries(names.map((name, i) => [name, decoded[i]])) });
    if (key !== BEFORE && !state.positions.includes(key)) state.positions = [...state.positions, key].sort((a, b) => a - b);
    show();
    if (missing() === wanted()) fetchMissing();
    else setTimeout(fetchMissing, BREATH);
  }

  const observer = new IntersectionObserver((entries) => {
    onScreen = entries[entries.length - 1].isIntersecting;
    ask("visible", { on: onScreen });
    fetchMissing();
  });
  observer.observe(root);

  return {
    element,
    frames: () => frames,
    state(next) {
      if (next.turn !== state.turn) forget();
      if (state.training && !next.training) asked = null; // what was asked of a run that is over is not answered
      state = next;
      if (timer === null) at = next.at; // not while it is dragged
      follow.checked = next.follows;
      nothing.textContent = next.nothing || "";
      nothing.hidden = !next.nothing;
      root.toggleAttribute("data-nothing", Boolean(next.nothing));
      which.textContent = next.which;
      show();
      fetchMissing();
    },
    message(name, content, buffers) {
      if (name === "frame") keep(content, buffers);
      else if (name === "scrub") { at = content.at; show(); fetchMissing(); }
      else if (name === "nothing" && content.turn === state.turn) {
        asked = null;
        refused.add(content.position === null ? BEFORE : content.position);
        if (at !== null && content.position === wanted()) api.say(content.text);
        show();
        fetchMissing();
      }
    },
    show,
    dispose() { observer.disconnect(); clearTimeout(timer); forget(); },
  };
}
