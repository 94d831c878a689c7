// A card an image: the image, the map before training, the map now, and what the model answered each time.

function create(root, api) {
  const method = chooser("Method", (value) => api.act("choose", { method: value }));
  const target = chooser("Speaks for", (value) => api.act("choose", { target: value }));
  const stage = chooser("At", (value) => api.act("choose", { stage: value }));
  const others = h("button", { class: "tl-button", onclick: () => api.act("choose", { turn: turn + 1 }) }, "Other images");
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
    parts.element = h("section", { class: "tl-card" }, parts.title,
      h("div", { class: "tl-card-figures" }, parts.image.element, parts.before.element, parts.now.element));
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

  function paint({ now, before }) {
    const some = now || before;
    if (!some) return;
    const { images, signed, stage: seen } = some.facts;
    while (built.length < images.length) built.push(card());
    built.forEach((one, i) => { one.element.hidden = i >= images.length; });
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
      method.set(choices.methods, chosen.method);
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
