// What to train, how long, and with which numbers that have no panel of their own.

const RECIPES = [
  ["feature_extraction", "Feature extraction", "The backbone is frozen; a new head learns on its features."],
  ["last_stage", "The last stage", "The head first, then the last stage with it; everything below stays frozen."],
  ["fine_tuning", "Fine-tuning", "The head first, then everything, the stem 100 times slower than the head."],
  ["gradual_unfreezing", "Gradual unfreezing", "The head until it converges, then stage after stage from the top, ever slower."],
  ["lp_ft", "Probe, then fine-tune (LP-FT)", "A converged linear probe, then everything at one low rate."],
  ["lora", "LoRA", "The head first, then thin adapters beside every layer; pretrained weights never move."],
  ["from_scratch", "From scratch", "Random weights, for comparison: what does transfer bring?"],
  ["mine", "My own", "One phase with the freeze line and the learning rates that you set."],
];
const LENGTHS = [[0.1, "a first look"], [0.3, "short"], [0.5, "half"], [1, "full length"], [2, "twice as long"]];
const KEEPING = [["", "nothing"], ["L2SP", "L2-SP: stay near the old weights"], ["EWC", "EWC: near those that mattered"],
  ["LwF", "LwF: the old answers"], ["Replay", "Replay: a few old images"]];

function options(pairs) {
  return pairs.map(([value, text]) => h("option", { value: String(value) }, text));
}

function create(root, api) {
  const choose = (changes) => api.act("choose", changes);
  const recipe = h("select", { onchange: () => choose({ recipe: recipe.value }) }, options(RECIPES));
  const about = h("p", { class: "tl-quiet tl-about" });
  const length = h("select", { onchange: () => choose({ length: Number(length.value) }) }, options(LENGTHS));
  const number = (name, min, max) => {
    const input = h("input", { type: "number", min, max, step: 1, onchange: () => choose({ [name]: Number(input.value) }) });
    return input;
  };
  const epochs = number("epochs", 1, 500);
  const batch = number("batch_size", 2, 4096);
  const seed = number("seed", 0, 2 ** 31);
  const keep = h("select", { onchange: () => choose({ keep: keep.value || null }) }, options(KEEPING));
  const device = h("select", { onchange: () => choose({ device: device.value }) });
  const suggestions = h("datalist", { id: newId() });
  const backbone = h("input", { type: "text", list: suggestions.id, onchange: () => choose({ backbone: backbone.value }) });
  const lengthField = labelled("Length", length);
  const epochsField = labelled("Epochs", epochs);
  const deviceField = labelled("Device", device);
  root.append(
    h("div", { class: "tl-row" }, labelled("Recipe", recipe), lengthField, epochsField),
    about,
    h("details", { class: "tl-more" }, h("summary", { "data-lm-suppress-shortcuts": "true" }, "Backbone, seed and more"),
      h("div", { class: "tl-row" }, labelled("Backbone", backbone), suggestions, deviceField),
      h("div", { class: "tl-row" }, labelled("Seed", seed), labelled("Batch size", batch), labelled("Keep of the source task", keep))),
  );
  return {
    state(now) {
      recipe.value = now.recipe;
      about.textContent = RECIPES.find(([value]) => value === now.recipe)[2];
      if (![...length.options].some((one) => Number(one.value) === now.length)) length.append(h("option", { value: String(now.length) }, `× ${now.length}`));
      length.value = String(now.length);
      for (const [input, name] of [[epochs, "epochs"], [batch, "batch_size"], [seed, "seed"]]) {
        if (document.activeElement !== input) input.value = now[name];
      }
      keep.value = now.keep || "";
      if (document.activeElement !== backbone) backbone.value = now.backbone;
      backbone.disabled = now.given;
      suggestions.replaceChildren(...options(now.backbones.map((name) => [name, name])));
      device.replaceChildren(...options(now.devices.map((name) => [name, name])));
      device.value = now.device;
      deviceField.hidden = now.devices.length < 2;
      lengthField.hidden = now.recipe === "mine";
      epochsField.hidden = now.recipe !== "mine";
      for (const control of [recipe, length, epochs, batch, seed, keep, device]) control.disabled = now.busy;
      if (now.busy) backbone.disabled = true;
    },
  };
}
