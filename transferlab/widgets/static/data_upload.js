// Pictures of one's own: chosen, dropped, or taken with the camera, on their way to Python.

const PIECE = 512 * 1024; // bytes of a file that are sent at once

function options(pairs) {
  return pairs.map(([value, text]) => h("option", { value: String(value) }, text));
}
/** Fill a select anew only where its options are others; a list that is open must not be rebuilt. */
function fill(select, pairs) {
  const key = JSON.stringify(pairs);
  if (select.dataset.of !== key) { select.replaceChildren(...options(pairs)); select.dataset.of = key; }
}

/** Show a value, unless somebody is just typing another one. */
function put(input, value) {
  if (focusNear(input) !== input) input.value = value ?? "";
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

/** A number that may be left open, and what it says. */
function budgetInput() {
  return h("input", { type: "number", min: 1, step: 1, placeholder: "all" });
}
function limitOf(input) {
  return input.value === "" ? null : Math.max(1, Math.round(Number(input.value)));
}

/** The controls of uploads: what the pictures show, where they come from, where they are kept. */
function uploadPane(api) {
  const common = () => ({ class_name: className.value.trim(), per_class: limitOf(uploadBudget), size: Number(uploadSize.value) || 64 });
  const openCollection = () => api.act("collection", { name: collection.value, ...common() });
  const collection = h("input", { type: "text", spellcheck: "false", onchange: openCollection });
  const known = h("datalist", { id: newId() });
  const className = h("input", { type: "text", list: known.id, placeholder: "such as cats", spellcheck: "false" });
  const uploadBudget = budgetInput(), uploadSize = h("select", {});
  for (const one of [uploadBudget, uploadSize]) one.addEventListener("change", openCollection);
  const picker = h("input", { type: "file", multiple: true, accept: "image/*,.wav,.flac,.zip", class: "tl-hidden", tabindex: -1, "aria-hidden": "true", onchange: () => { upload([...picker.files].map((file) => ({ name: file.name, file }))); picker.value = ""; } });
  const choose = h("button", { class: "tl-button", onclick: () => picker.click() }, "Choose files or a zip …");
  const camera = h("button", { class: "tl-button", onclick: () => openCamera() }, "Use the camera");
  const zone = h("div", { class: "tl-data-zone" }, h("div", { class: "tl-row" }, choose, camera), picker,
    h("p", { class: "tl-data-hint" }, "Or drop pictures, WAV or FLAC files, folders or a zip here. Folders give the classes their names."));
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress of the upload", class: "tl-data-progress" });
  const barText = h("span", { class: "tl-number tl-quiet" });
  const barRow = h("div", { class: "tl-row tl-data-sending" }, bar, barText);
  const film = h("video", { autoplay: true, playsinline: true, class: "tl-data-film", "aria-label": "What the camera sees" });
  film.muted = true;
  const take = h("button", { class: "tl-button", onclick: () => takePicture() }, "Take a picture");
  const shut = h("button", { class: "tl-button", onclick: () => closeCamera() }, "Close the camera");
  const filmBox = h("div", { class: "tl-data-filmbox", hidden: true }, film, h("div", { class: "tl-row" }, take, shut));
  const stored = h("p", { class: "tl-data-hint" });
  const element = h("div", { class: "tl-data-pane" }, labelled("These files are of", className), known, zone, filmBox, barRow,
    labelled("Kept under the name", collection), stored, labelled("Training examples a class", uploadBudget), labelled("Pixels a side", uploadSize));

  let shots = 0, stream = null, mostBytes = Infinity;
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
      api.say("Type what the files are of first: it becomes the name of their class.", "error");
      className.focus();
      return;
    }
    const tooLarge = list.filter(({ file }) => file.size > mostBytes);
    if (list.length) files.send(list.filter((one) => !tooLarge.includes(one)), common());
    if (tooLarge.length) api.say(`${tooLarge[0].name} is larger than ${Math.round(mostBytes / 1e6)} MB. Pack it in parts.`, "error");
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
      api.say(`The camera cannot be used: ${error.message || error.name}. Allow it in the browser, or choose files.`, "error");
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

  return {
    element,
    open: openCollection,
    closeCamera,
    got: files.got,
    state(now, folder) {
      mostBytes = now.collection.most_bytes;
      fill(uploadSize, now.sizes.map((size) => [size, size]));
      if (folder) { put(uploadBudget, folder.per_class); put(uploadSize, folder.size || folder.pixels); }
      put(collection, now.collection.name);
      const kept = Object.entries(now.collection.counts);
      fill(known, kept.map(([name]) => [name, name]));
      const first = kept.slice(0, 6).map(([name, count]) => `${name} ${countText(count)}`).join(", ");
      stored.textContent = kept.length ? `In ${now.collection.path}: ${first}${kept.length > 6 ? " …" : ""}` : `Files go to ${now.collection.path}, a folder for each class.`;
    },
  };
}
