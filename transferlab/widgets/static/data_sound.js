// Sounds: the knobs of the world that makes them, and a player with the wave and the spectrogram.

const QUESTION_WORDS = { timbre: "Which instrument?", vowel: "Which vowel?", pitch: "Which note?" };
const SOUND_BUDGETS = [1, 2, 3, 5, 10, 20, 30, 50, 100];
const SEEN_AS = [[32, "spectrograms, 32×32"], [64, "spectrograms, 64×64"], [96, "spectrograms, 96×96"], [128, "spectrograms, 128×128"], [224, "spectrograms, 224×224"], [null, "sounds as they are"]];
const RESTS = 250; // milliseconds without another change before sounds are made anew

/** The knobs of the sound world. */
function soundPane(api) {
  let turned = {}, timer = null;
  const turn = (knobs) => {
    turned = { ...turned, ...knobs };
    clearTimeout(timer);
    timer = setTimeout(() => { timer = null; api.act("sounds", turned); turned = {}; }, RESTS);
  };
  const share = (value) => (value === 0 ? "none" : percentText(value).replace(".0%", "%"));
  const knob = (name) => (value, isFinal) => { if (isFinal) turn({ [name]: value }); };
  const task = h("select", { onchange: () => turn({ task: task.value }) });
  let budgets = SOUND_BUDGETS;
  const perClass = slider("Training sounds a class", (i) => String(budgets[i]), (i, isFinal) => { if (isFinal) turn({ per_class: budgets[i] }); }, { min: 0, max: budgets.length - 1, step: 1 });
  const snr = slider("Sound above the noise", (value) => (value >= 45 ? "no noise" : `${value} dB`), (value, isFinal) => { if (isFinal) turn({ snr: value >= 45 ? null : value }); }, { min: -10, max: 45, step: 5 });
  const room = slider("Echo of the room", share, knob("room"), { min: 0, max: 1, step: 0.1 });
  const detune = slider("Out of tune", share, knob("detune"), { min: 0, max: 1, step: 0.1 });
  const seen = h("select", { onchange: () => turn({ pixels: JSON.parse(seen.value) }) });
  const seed = h("input", { type: "number", min: 0, max: 2 ** 31, step: 1, onchange: () => turn({ seed: Math.round(Number(seed.value)) || 0 }) });
  const element = h("div", { class: "tl-data-pane" }, labelled("Question", task), perClass.element, snr.element, room.element, detune.element,
    h("p", { class: "tl-data-hint" }, "How far instruments and mouths are from the usual ones."), labelled("The network gets", seen),
    h("p", { class: "tl-data-hint" }, "Spectrograms for a network that learned from pictures; sounds for one that hears."), labelled("Seed", seed));
  return {
    element,
    state({ last, questions }) {
      const { task: asked, per_class: count, snr: above, room: echo, detune: off, seed: drawn, pixels } = last.sounds;
      fill(task, questions.map((name) => [name, QUESTION_WORDS[name] || name]));
      fill(seen, SEEN_AS.map(([value, text]) => [JSON.stringify(value), text]));
      put(task, asked);
      put(seen, JSON.stringify(pixels));
      budgets = [...new Set([...SOUND_BUDGETS, count])].sort((a, b) => a - b);
      perClass.input.max = budgets.length - 1;
      perClass.set(budgets.indexOf(count));
      snr.set(above === null ? 45 : above);
      room.set(echo);
      detune.set(off);
      put(seed, drawn);
    },
    dispose() { clearTimeout(timer); },
  };
}

/** A player for one sound: wave above, spectrogram below, a line that moves with the sound. Nothing plays by itself. */
function soundPlayer(api) {
  let wanted = null, shown = null, of = "", samples = null, forget = [], moving = null, timer = null;
  const title = h("span", { class: "tl-sound-title" }, "Listen");
  const wave = h("canvas", { class: "tl-sound-wave", "aria-hidden": "true" });
  const image = h("img", { class: "tl-sound-image", alt: "" });
  const line = h("div", { class: "tl-sound-line", "aria-hidden": "true" });
  const scale = h("div", { class: "tl-sound-scale", "aria-hidden": "true" });
  const times = h("div", { class: "tl-sound-times tl-number", "aria-hidden": "true" });
  const audio = h("audio", { controls: true, preload: "auto", tabindex: 0 });
  const element = h("section", { class: "tl-sound", hidden: true, "aria-label": "Player" },
    h("div", { class: "tl-sound-seen" }, scale, h("div", { class: "tl-sound-pictures" }, wave, image, line), times),
    h("div", { class: "tl-sound-controls" }, title, audio, h("span", { class: "tl-data-hint" }, "Arrow keys go from sound to sound; p plays.")));

  const same = (one, other) => one && other && one.part === other.part && one.key === other.key;
  const move = () => {
    const share = audio.duration ? audio.currentTime / audio.duration : 0;
    line.style.left = `${100 * Math.min(1, share)}%`;
    line.classList.toggle("tl-shown", audio.currentTime > 0 && !audio.ended);
    moving = audio.paused ? null : requestAnimationFrame(move);
  };
  for (const name of ["play", "seeked", "pause", "ended"]) audio.addEventListener(name, () => { if (moving === null) move(); });

  function draw() {
    const sheet = samples && cleared(wave, 44);
    if (!sheet) return;
    const { context, width, colours } = sheet;
    const loudest = Math.max(1, ...Array.from({ length: 64 }, (_, i) => peak(i / 64, (i + 1) / 64)));
    context.fillStyle = colours[0];
    for (let x = 0; x < width; x += 1) {
      const half = Math.max(0.5, (20 * peak(x / width, (x + 1) / width)) / loudest);
      context.fillRect(x, 22 - half, 1, 2 * half);
    }
  }
  function peak(from, to) {
    let most = 0;
    for (let i = Math.floor(from * samples.length); i < Math.min(samples.length, Math.ceil(to * samples.length)); i += 1) most = Math.max(most, Math.abs(samples[i]));
    return most;
  }
  const observer = new ResizeObserver(draw);
  observer.observe(wave);

  /** What the sound is called: the class that it has now, which may be another than the one it came with. */
  function name(label, { key, file } = {}) {
    title.textContent = `${label}${file ? ` · ${file}` : ""}`;
    audio.setAttribute("aria-label", `Sound ${typeof key === "string" ? key : key + 1}: ${label}`);
  }

  function ask(part, key, label) {
    const one = { part, key, label };
    if (same(one, wanted)) return;
    wanted = one;
    clearTimeout(timer);
    timer = setTimeout(() => api.act("listen", { part, key }), 60); // whoever runs through with the arrows hears the last
  }

  return {
    element,
    ask,
    /** A page came: its first sound, where the one on view is not among its own. */
    page(part, tiles) {
      const mine = tiles.find(([key]) => same({ part, key }, wanted));
      if (!mine) ask(part, tiles[0][0], tiles[0][1]);
      else if (mine[1] !== wanted.label) { wanted.label = mine[1]; if (shown) name(mine[1], shown); }
    },
    play() { if (audio.src) { if (audio.paused) audio.play(); else audio.pause(); } },
    state(next) {
      const now = JSON.stringify([next.kind, next.name, next.last.sounds, next.last.folder]);
      if (now !== of) wanted = null; // other sounds have the same numbers
      of = now;
      element.hidden = !next.heard;
      if (!next.heard) audio.pause();
    },
    show(content, buffers) {
      if (wanted && !same(content, wanted)) return; // an older answer
      shown = content;
      audio.pause();
      for (const one of forget) one();
      const [sound, dropSound] = pictureUrl(buffers[0], "audio/wav");
      const [picture, dropPicture] = pictureUrl(buffers[1]);
      forget = [dropSound, dropPicture];
      audio.src = sound;
      image.src = picture;
      image.alt = content.words;
      const bytes = buffers[0];
      const whole = bytes.buffer ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : bytes;
      samples = new Int16Array(whole.slice(44)); // behind a WAV file's header
      name(wanted ? wanted.label : content.label, content);
      scale.replaceChildren(...content.ticks.map(([hertz, height]) => h("span", { style: `bottom:${100 * height}%` }, hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz`)));
      times.replaceChildren(h("span", {}, "0 s"), h("span", {}, `${Number(content.seconds.toFixed(2))} s`));
      line.classList.remove("tl-shown");
      draw();
    },
    dispose() { observer.disconnect(); clearTimeout(timer); audio.pause(); for (const one of forget) one(); },
  };
}
