// Filters of the first layer, or a deeper stage's activation maps of one image: before, now, and what changed.

function create(root, api) {
  const stage = chooser("Look at", (value) => api.act("choose", { stage: value }));
  const another = h("button", { class: "tl-button", onclick: () => api.act("choose", { turn: turn + 1 }) }, "Another image");
  const change = h("input", { type: "checkbox", onchange: () => arrange() });
  const image = picture("The image", { smooth: true, className: "tl-filter-image" });
  const before = picture("Before training", { height: 33 });
  const now = picture("Now", { height: 33 });
  const changed = picture("What changed", { height: 33 });
  const figures = h("div", { class: "tl-filter-figures" }, image.element, before.element, now.element, changed.element);
  const words = h("p", { class: "tl-filter-words" });
  const note = h("p", { class: "tl-quiet tl-filter-note" });
  let turn = 0;
  let deep = null;

  const time = timeline(root, api, { paint });
  root.append(
    h("div", { class: "tl-row tl-controls" }, stage.element, another, h("label", { class: "tl-check" }, change, "Show what changed")),
    time.element, figures, words, note);

  function arrange() {
    changed.element.hidden = !change.checked;
    figures.dataset.panes = String(2 + Number(change.checked) + Number(deep !== null));
  }

  function paint({ now: frame, before: start }) {
    const what = deep === null ? "filters" : `maps of ${deep}`;
    const facts = frame ? frame.facts : null;
    if (start) {
      before.show(start.pictures.now, `${start.facts.channels.length} ${what} before training`);
      image.show(start.pictures.image || null, start.facts.of ? `The image that is looked at: ${start.facts.of}` : "No image");
      image.caption(start.facts.of ? `Image: ${start.facts.of}` : "Image");
    }
    if (!facts) { words.textContent = "…"; return; }
    now.show(frame.pictures.now, `${facts.channels.length} ${what}: changed by ${smallShareText(facts.moved)} since before training`);
    changed.show(frame.pictures.change, facts.factor ? `Change of the ${what}, enlarged ${facts.factor} times` : `The ${what} did not change`);
    changed.caption(facts.factor ? `What changed, ×${countText(facts.factor)}` : "Nothing changed");
    const name = deep === null ? "filter" : "channel";
    words.textContent = facts.factor
      ? `Changed by ${smallShareText(facts.moved)} in all, ${name} ${facts.most} the most.`
      : deep === null ? "Bit for bit as before training." : "The same answers as before training.";
  }

  return {
    state(next) {
      turn = next.chosen.turn;
      deep = next.choices.stages.includes(next.chosen.stage) ? next.chosen.stage : null;
      stage.set([[null, "Filters of the first layer"], ...next.choices.stages.map((one) => [one, `Activations of ${one}`])], deep);
      another.disabled = deep === null;
      image.element.hidden = deep === null;
      note.textContent = deep === null
        ? "Each filter between its own smallest and largest weight; grey is 0. Change is drawn against the filter's largest weight."
        : "The 16 channels that answered most before training; bright is as strong as the strongest place was then. Change: orange stronger, purple weaker.";
      if (next.trouble) api.say(next.trouble, "error");
      arrange();
      time.state(next);
    },
    message(name, content, buffers) { time.message(name, content, buffers); },
    dispose() { time.dispose(); },
  };
}
