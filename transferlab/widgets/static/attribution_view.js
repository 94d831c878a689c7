// A card an example: the image and its maps, or the text and its shaded words, before training and now, and what the
// model answered each time.

// Orange for, blue against, as in plots/words.py; every word has its own light ground, so that it reads on a dark page too.
const FAINT = 0.12;
function shadeOf(value) {
  const end = value > 0 ? [230, 159, 0] : [86, 180, 233];
  return `rgb(${[246, 246, 244].map((from, i) => Math.round(from + (end[i] - from) * Math.min(1, Math.abs(value)))).join(",")})`;
}

function create(root, api) {
  const method = chooser("Method", (value) => api.act("choose", { method: value }));
  const target = chooser("Speaks for", (value) => api.act("choose", { target: value }));
  const stage = chooser("At", (value) => api.act("choose", { stage: value }));
  const others = h("button", { class: "tl-button", onclick: () => api.act("choose", { turn: turn + 1 }) }, "Others");
  const bar = h("span", { class: "tl-map-bar", "aria-hidden": "true" });
  const low = h("span", {});
  const high = h("span", {});
  const where = h("span", { class: "tl-quiet" });
  const cards = h("div", { class: "tl-cards" });
  const built = [];
  let turn = 0;

  const time = timeline(root, api, { paint });
  root.append(
    h("div", { class: "tl-row tl-controls" }, method.element, target.element, stage.element, others),
    time.element,
    h("div", { class: "tl-row tl-map-key" }, low, bar, high, where),
    cards);

  while (built.length < 4) built.push(card()); // so that nothing jumps when the first pictures come

  function card() {
    const parts = { title: h("div", { class: "tl-card-title" }, "…"), image: picture("Image", { smooth: true }),
      before: picture("Before", { smooth: true }), now: picture("Now", { smooth: true }),
      beforeWords: h("div", { class: "tl-answer" }), nowWords: h("div", { class: "tl-answer" }) };
    parts.before.element.append(parts.beforeWords);
    parts.now.element.append(parts.nowWords);
    parts.figures = h("div", { class: "tl-card-figures" }, parts.image.element, parts.before.element, parts.now.element);
    parts.words = ["Before", "Now"].map((when) => {
      const said = { text: h("p", { class: "tl-words" }), answer: h("div", { class: "tl-answer" }) };
      said.element = h("div", { role: "group" }, h("div", { class: "tl-quiet" }, when), said.text, said.answer);
      return said;
    });
    parts.texts = h("div", { class: "tl-card-texts", hidden: true }, ...parts.words.map((one) => one.element));
    parts.element = h("section", { class: "tl-card" }, parts.title, parts.figures, parts.texts);
    cards.append(parts.element);
    return parts;
  }

  function answer(element, facts, judged) {
    const sign = judged ? (facts.right ? "✓ " : "✕ ") : "";
    const name = `${sign}${facts.predicted}`;
    const share = percentText(facts.probability);
    const said = [name, share, facts.explained, facts.blank].join();
    if (element.dataset.said === said) return;
    element.dataset.said = said;
    element.title = facts.blank ? `The map is blank: ${facts.blank}.` : `${facts.predicted}, ${share}`;
    element.replaceChildren(h("span", { class: judged && facts.right ? "tl-right" : "tl-other" }, name), h("span", { class: "tl-number" }, share));
    if (facts.explained !== facts.predicted) element.append(h("span", { class: "tl-quiet" }, `map: ${facts.explained} ${percentText(facts.explained_probability)}`));
    if (facts.blank) element.append(h("span", { class: "tl-quiet" }, "map is blank"));
  }

  const words = (facts, when) => `${when}: answers ${facts.predicted} (${percentText(facts.probability)}). ` +
    (facts.blank ? `Nothing to see: ${facts.blank}` : `The map for ${facts.explained} is strongest ${facts.strongest}.`);

  /** A text whose words are shaded by what they add to the answer. */
  function shade(said, facts, when, judged) {
    const key = JSON.stringify([facts.words, facts.notes]);
    if (said.text.dataset.of !== key) {
      said.text.dataset.of = key;
      said.text.replaceChildren(...facts.words.map(([text, value]) => {
        if (value === null) return text;
        const style = `background:${shadeOf(value)};text-decoration:${Math.abs(value) < FAINT ? "none" : `underline ${value > 0 ? "solid" : "dotted"} 2px`}`;
        return h("span", { class: "tl-word", style, title: `${value > 0 ? "+" : ""}${value.toFixed(2)} of the strongest` }, text);
      }), ...facts.notes.map((note) => h("small", { class: "tl-quiet" }, ` (${note})`)));
      const ranked = facts.words.filter(([, value]) => value !== null).sort((a, b) => b[1] - a[1]);
      const some = (list) => list.map(([text]) => text).slice(0, 4).join(", ") || "none";
      said.element.setAttribute("aria-label", `${when}: answers ${facts.predicted} (${percentText(facts.probability)}). For ${facts.explained} speak: ` +
        `${some(ranked.filter(([, value]) => value > 0))}. Against it: ${some(ranked.filter(([, value]) => value < 0).reverse())}.`);
    }
    answer(said.answer, facts, judged);
  }

  function paintTexts({ now, before }) {
    const { texts } = (now || before).facts;
    while (built.length < texts.length) built.push(card());
    low.textContent = "against";
    high.textContent = "for the class";
    bar.dataset.signed = "words";
    where.textContent = "a line under a word: for; dots: against";
    built.forEach((one, i) => {
      one.element.hidden = i >= texts.length;
      one.figures.hidden = true;
      one.texts.hidden = false;
      if (i >= texts.length) return;
      one.title.textContent = texts[i].truth;
      if (before) shade(one.words[0], before.facts.texts[i], "Before training", before.facts.texts[i].right);
      if (now) shade(one.words[1], now.facts.texts[i], "Now", true);
    });
  }

  function paint({ now, before }) {
    const some = now || before;
    if (!some) return;
    cards.classList.toggle("tl-cards-wide", Boolean(some.facts.texts));
    if (some.facts.texts) { paintTexts({ now, before }); return; }
    const { images, signed, stage: seen } = some.facts;
    while (built.length < images.length) built.push(card());
    built.forEach((one, i) => { one.element.hidden = i >= images.length; one.figures.hidden = false; one.texts.hidden = true; });
    bar.dataset.signed = String(signed);
    low.textContent = signed ? "against" : "nothing";
    high.textContent = signed ? "for the class" : "most";
    where.textContent = seen ? `at ${seen}` : "at the pixels";
    images.forEach((facts, i) => {
      const one = built[i];
      if (one.title.textContent !== facts.truth) one.title.textContent = facts.truth;
      if (before) {
        one.image.show(before.pictures[`image ${i}`] || null, `A held-out image: ${facts.truth}`);
        one.before.show(before.pictures[i], words(before.facts.images[i], "Before training"));
        answer(one.beforeWords, before.facts.images[i], before.facts.images[i].right);
      }
      if (now) {
        one.now.show(now.pictures[i], words(facts, "Now"));
        answer(one.nowWords, facts, true);
      }
    });
  }

  return {
    state(next) {
      const { chosen, choices } = next;
      turn = chosen.turn;
      const words = choices.noun === "text";
      method.set(choices.methods, words ? choices.methods[0][0] : chosen.method);
      others.textContent = `Other ${choices.noun}s`;
      stage.element.hidden = words;
      target.set(choices.targets.map((one, i) => [one, one, i < 2 ? "" : "always the class"]), choices.targets.includes(chosen.target) ? chosen.target : choices.targets[0]);
      stage.set([[null, "the deepest fine stage"], ...choices.stages.map((one) => [one, one])], choices.stages.includes(chosen.stage) ? chosen.stage : null);
      stage.select.disabled = choices.pixels;
      if (next.trouble) api.say(next.trouble, "error");
      time.state(next);
    },
    message(name, content, buffers) { time.message(name, content, buffers); },
    dispose() { time.dispose(); },
  };
}
