// The race: a guess first, then points and intervals that arrive run by run, the crossings, the rule of thumb beside.

const HEIGHT = 270;
const SIGNS = ["●", "■", "◆", "▲"];
const FARTHEST = 6; // powers of ten on the scale of the rule of thumb
const LANES = 3; // crossings whose interval is drawn; the list below has all of them

function create(root, api) {
  let state = { arms: [], curve: { lines: [], crossovers: [], needed: [], rule: [], budgets: [] }, budgets: [] };

  const budgets = h("input", { type: "text", inputmode: "numeric", oninput: () => name() });
  const seeds = h("select", {});
  const fewest = h("select", { onchange: () => allow() });
  const most = h("select", { onchange: () => allow() });
  const crossing = h("input", { type: "number", min: 1, max: 1000000, step: 1, placeholder: "–" });
  const fewestField = labelled("With the fewest wins", fewest);
  const mostField = labelled("With the most wins", most);
  const crossingField = labelled("It overtakes at", crossing);
  crossingField.append(h("span", { class: "tl-quiet" }, "a class"));
  const about = h("span", { class: "tl-aside" });
  const start = h("button", { class: "tl-button tl-main", onclick: () => begin() }, "Start the race");
  const pause = h("button", { class: "tl-button", onclick: () => api.act(state.state === "racing" ? "pause" : "resume") }, "Pause");
  const stop = h("button", { class: "tl-button", onclick: () => api.act("stop") }, "Stop");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Runs of the race that are through" });
  const status = h("span", { class: "tl-race-status" });
  const canvas = h("canvas", { role: "img", "aria-label": "Accuracy against images a class: nothing yet", class: "tl-canvas", style: `height:${HEIGHT}px` });
  const caption = h("div", { class: "tl-caption" });
  const judged = h("ul", { class: "tl-race-list", "aria-label": "Your guess" });
  const crossed = h("ul", { class: "tl-race-list", "aria-label": "Who overtakes whom" });
  const rules = h("div", { class: "tl-race-rules", role: "list", "aria-label": "The rule of thumb, and what was needed here" });
  const goal = h("p", { class: "tl-quiet tl-race-note" });
  const rows = h("tbody");
  const heads = h("tr");
  const numbers = h("details", { class: "tl-race-numbers" }, h("summary", {}, "All numbers"),
    h("div", { class: "tl-race-scroll", role: "region", tabindex: 0, "aria-label": "Accuracy of each strategy at each budget" },
      h("table", {}, h("thead", {}, heads), rows)));
  const axis = h("div", { class: "tl-race-rule tl-race-axis", "aria-hidden": "true" }, h("span", {}),
    h("span", { class: "tl-race-track" }, [["1", 0], ["1,000", 50], ["1 million", 100]].map(([text, left]) => h("span", { style: `left:${left}%` }, text))),
    h("span", { class: "tl-race-words" }, h("span", {}, "said"), h("span", {}, "needed here")));
  const judgedHead = h("div", { class: "tl-race-head" }, "Your guess");
  root.append(
    h("div", { class: "tl-title" }, "Who wins with few images, who with many?", about),
    h("div", { class: "tl-row tl-race-set" }, labelled("Images a class", budgets, "tl-field tl-race-budgets"), labelled("Seeds", seeds)),
    h("fieldset", { class: "tl-race-guess" }, h("legend", {}, "Guess first"), h("div", { class: "tl-row" }, fewestField, mostField, crossingField)),
    h("div", { class: "tl-row" }, start, pause, stop, h("span", { class: "tl-race-progress" }, bar, status)),
    h("div", { class: "tl-chart" }, h("div", { class: "tl-chart-label" }, "Held-out accuracy against images a class (dots: seeds; bars: 95% intervals)"), canvas, caption),
    h("div", { class: "tl-race-told" },
      h("div", {}, judgedHead, judged, h("div", { class: "tl-race-head" }, "Who overtakes whom"), crossed),
      h("div", {}, h("div", { class: "tl-race-head" }, "The rule of thumb, and what was needed here"), rules, axis, goal)),
    numbers);

  const racing = () => ["racing", "pausing", "paused"].includes(state.state);
  const listed = () => (budgets.value.match(/\d+/g) || []).map(Number).sort((one, other) => one - other);

  /** The questions name the budgets that they are about. */
  function name() {
    const all = listed();
    fewestField.firstChild.textContent = all.length ? `With ${countText(all[0])} a class wins` : "With the fewest wins";
    mostField.firstChild.textContent = all.length ? `With ${countText(all[all.length - 1])} a class wins` : "With the most wins";
  }

  /** A crossing lies between two: it can be guessed when they are named. */
  function allow() {
    const both = fewest.value && most.value && fewest.value !== most.value;
    crossing.disabled = racing() || !both;
    crossingField.firstChild.textContent = both ? `${capital(most.value)} overtakes at` : "It overtakes at";
    if (!both) crossing.value = "";
  }

  function begin() {
    api.act("start", {
      budgets: budgets.value, seeds: Number(seeds.value), fewest: fewest.value || null, most: most.value || null,
      crossing: crossing.disabled || crossing.value === "" ? null : Number(crossing.value),
    });
  }

  function options(select, pairs) {
    const words = JSON.stringify(pairs);
    if (select.dataset.words === words) return;
    const before = select.value;
    select.dataset.words = words;
    select.replaceChildren(...pairs.map(([value, text]) => h("option", { value }, text)));
    if (pairs.some(([value]) => String(value) === before)) select.value = before;
  }

  /** Children are made anew only where what they say has changed, so that nothing flickers or is read aloud again. */
  function filled(element, given, make) {
    const words = JSON.stringify(given);
    if (element.dataset.words === words) return;
    element.dataset.words = words;
    element.replaceChildren(...given.map(make));
  }

  const seconds = (left) => (left === null ? "" : left < 90 ? ` · about ${Math.max(1, Math.round(left))} s left` : ` · about ${Math.round(left / 60)} min left`);

  function statusText() {
    const { now, done, total } = state;
    const count = `${done} of ${total} runs`;
    if (state.state === "racing" && now) return `${count} · now ${now.arm}, ${countText(now.per_class)} a class, seed ${now.seed}${seconds(state.left)}`;
    if (state.state === "pausing") return `${count} · pauses after this run`;
    if (state.state === "paused") return `${count} · paused`;
    if (state.state === "finished") return `${count} · finished`;
    if (state.state === "stopped") return `${count} · stopped`;
    if (state.state === "failed") return state.failure;
    return state.busy ? "A run is on; the race can start when it is over." : "The same images for all; whole runs are kept.";
  }

  function update() {
    const on = racing();
    about.textContent = state.about + (state.no_scratch ? " · nobody can make your own network anew, so scratch does not race" : "");
    options(seeds, state.seeds.map((count) => [count, String(count)]));
    if (!seeds.dataset.set) { seeds.value = "3"; budgets.value = state.budgets.join(", ") || state.usual; seeds.dataset.set = "true"; }
    for (const select of [fewest, most]) options(select, [["", "no idea"], ...state.arms.map((arm) => [arm, arm])]);
    if (!fewest.dataset.set) {
      const { guess } = state; // of a race that went on before this page was opened
      [fewest.value, most.value, crossing.value] = [guess.fewest || "", guess.most || "", guess.crossing || ""];
      fewest.dataset.set = "true";
    }
    name();
    for (const one of [budgets, seeds, fewest, most]) one.disabled = on;
    allow();
    start.disabled = on || state.busy;
    pause.disabled = !on;
    pause.textContent = state.state === "racing" || !on ? "Pause" : "Resume";
    stop.disabled = !on;
    bar.value = state.total ? state.done / state.total : 0;
    status.textContent = statusText();
    tell();
    draw();
  }

  function tell() {
    const { curve } = state;
    const guessed = state.guess.fewest || state.guess.most;
    judgedHead.hidden = judged.hidden = !guessed;
    const stands = `${guessText()} ${racing() ? "Judged when the race is through." : "Not judged: the race did not come to its end."}`;
    filled(judged, state.judged.length ? state.judged : guessed ? [{ words: stands, plain: true }] : [], (one) =>
      h("li", {}, one.plain ? "" : h("span", { class: "tl-race-sign" }, one.right === true ? "✓ right: " : one.right === false ? "✗ not so: " : "~ open: "), one.words));
    const crossings = curve.crossovers.filter((one) => one.at !== null);
    const lines = [
      ...crossings.map((one, i) => [i < LANES ? `${i + 1}  ` : "", capital(one.words) + (one.sure ? "." : ". Not sure.")]),
      ...aheadThroughout(curve.crossovers).map((text) => ["", text]),
      ...curve.crossovers.filter((one) => ["falls back", "level"].includes(one.state)).map((one) => ["", `${capital(one.words)}.`]),
      ...state.failed.map((text) => ["", `Failed: ${text}`]),
    ];
    filled(crossed, lines.length ? lines : [["", "To be seen when two budgets have two seeds each."]], ([sign, text]) =>
      h("li", {}, sign ? h("span", { class: "tl-race-sign" }, sign) : "", text));
    tellRules();
    filled(heads, ["Strategy", ...curve.budgets.map(countText)], (text) => h("th", { scope: "col" }, text));
    filled(rows, curve.lines.map((line) => [line.arm, ...curve.budgets.map((budget) => cell(line, budget))]), ([arm, ...cells]) =>
      h("tr", {}, h("th", { scope: "row" }, arm), cells.map((text) => h("td", {}, text))));
    numbers.hidden = !curve.budgets.length;
  }

  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  function guessText() {
    const { fewest: first, most: last, crossing: at } = state.guess;
    const said = [first && `${first} wins with the fewest`, last && `${last} wins with the most`, at && `they cross at ${countText(at)}`];
    return `You said: ${said.filter(Boolean).join(", ")}.`;
  }

  /** Pairs that do not cross, a line for each strategy that is ahead: "frozen is ahead of all and scratch throughout". */
  function aheadThroughout(pairs) {
    const behind = new Map();
    for (const one of pairs) {
      const [winner, loser] = one.state === "behind" ? [one.arm, one.other] : one.state === "ahead" ? [one.other, one.arm] : [];
      if (winner) behind.set(winner, [...(behind.get(winner) || []), loser + (one.throughout ? "" : " (not surely)")]);
    }
    return [...behind].map(([winner, losers]) => {
      const list = losers.length > 1 ? `${losers.slice(0, -1).join(", ")} and ${losers[losers.length - 1]}` : losers[0];
      return `No crossover: ${winner} is ahead of ${list} at every budget${racing() ? " so far" : ""}.`;
    });
  }

  function cell(line, budget) {
    const i = line.budgets.indexOf(budget);
    if (i < 0) return "–";
    return line.highs[i] === null ? percentText(line.means[i]) : `${percentText(line.means[i])} ± ${(100 * (line.highs[i] - line.means[i])).toFixed(1)}`;
  }

  const place = (images) => Math.min(100, Math.max(0, (100 * Math.log10(images)) / FARTHEST));

  function tellRules() {
    const { rule, needed, target } = state.curve;
    const given = rule.filter((one) => state.arms.includes(one.arm)).map((one) => ({ ...one, found: needed.find((other) => other.arm === one.arm) || null, at: state.arms.indexOf(one.arm), dark: isDark(root) }));
    filled(rules, given, (one) => {
      const colour = seriesColours(one.dark)[one.at];
      const [from, to] = [place(one.least), one.most === null ? 100 : place(one.most)];
      const here = one.found;
      const mark = here && here.images !== null ? [
        h("span", { class: "tl-race-needed-bar", style: `left:${place(here.low)}%;width:${place(here.high) - place(here.low)}%;background:${colour}` }),
        h("span", { class: "tl-race-needed", style: `left:${place(here.images)}%;background:${colour}` })] : [];
      const needed = !here ? "" : here.images === null ? "not reached" : here.too_soon === here.num_seeds ? `≤ ${here.about}` : here.about;
      return h("div", { class: "tl-race-rule", role: "listitem" },
        h("span", { class: "tl-race-arm" }, h("span", { "aria-hidden": "true", style: `color:${colour}` }, `${SIGNS[one.at % 4]} `), one.arm),
        h("span", { class: "tl-race-track", "aria-hidden": "true" }, h("span", { class: "tl-race-bar", style: `left:${from}%;width:${to - from}%;background:${colour}` }), ...mark),
        h("span", { class: "tl-number tl-race-words" }, h("span", {}, h("span", { class: "tl-race-said" }, "said "), one.words), h("span", { class: "tl-race-here" }, h("span", { class: "tl-race-said" }, needed ? "here " : ""), needed)));
    });
    goal.textContent = target === null
      ? "Bars: images a class that practitioners name. What was needed here comes with the last run."
      : `Bars: images a class that practitioners name. Diamonds: what was needed here for ${percentText(target)}, which is 90% of the way from chance to the best.`;
  }

  const sign = (context, kind, x, y, size) => {
    context.beginPath();
    if (kind === 0) context.arc(x, y, size, 0, 7);
    else if (kind === 1) context.rect(x - size, y - size, 2 * size, 2 * size);
    else if (kind === 2) { context.moveTo(x, y - 1.4 * size); context.lineTo(x + 1.4 * size, y); context.lineTo(x, y + 1.4 * size); context.lineTo(x - 1.4 * size, y); }
    else { context.moveTo(x, y - 1.2 * size); context.lineTo(x + 1.2 * size, y + size); context.lineTo(x - 1.2 * size, y + size); }
    context.closePath();
  };

  const draw = oncePerFrame(() => {
    const ground = cleared(canvas, HEIGHT);
    if (!ground) return;
    const { context, width, dark, colours, ink, faint } = ground;
    const { curve } = state;
    const all = state.budgets.length ? state.budgets : listed();
    const [first, last] = all.length > 1 ? [all[0], all[all.length - 1]] : [5, 50];
    const box = { left: 44, top: 10, right: width - 18, bottom: HEIGHT - 24 };
    const px = (images) => box.left + 14 + (Math.log(images / first) / Math.log(last / first)) * (box.right - box.left - 28);
    const py = (share) => box.bottom - Math.min(1, Math.max(0, share)) * (box.bottom - box.top);
    const stroke = (points, colour, dash = [], wide = 1) => {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.setLineDash(dash);
      context.beginPath();
      points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.stroke();
      context.setLineDash([]);
    };
    context.textBaseline = "middle";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      stroke([[box.left, py(share)], [box.right, py(share)]], faint);
      context.fillStyle = ink;
      context.textAlign = "right";
      context.fillText(`${100 * share}%`, box.left - 6, py(share));
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    let until = -1;
    for (const budget of all) {
      const text = countText(budget);
      stroke([[px(budget), box.bottom], [px(budget), box.bottom + 4]], ink);
      if (px(budget) - context.measureText(text).width / 2 < until) continue;
      context.fillText(text, px(budget), box.bottom + 7);
      until = px(budget) + context.measureText(text).width / 2 + 6;
    }
    if (state.now) { context.fillStyle = faint; context.fillRect(px(state.now.per_class) - 12, box.top, 24, box.bottom - box.top); }
    if (curve.chance !== null && curve.chance !== undefined) {
      stroke([[box.left, py(curve.chance)], [box.right, py(curve.chance)]], ink, [1, 3]);
      context.fillStyle = ink;
      context.textAlign = "right";
      context.textBaseline = "bottom";
      context.fillText("chance", box.right, py(curve.chance) - 2);
    }
    for (const line of curve.lines) {
      const i = state.arms.indexOf(line.arm);
      const colour = colours[i % colours.length];
      const shift = (i - (state.arms.length - 1) / 2) * 5; // beside each other, so that no interval hides another
      line.budgets.forEach((budget, k) => {
        const x = px(budget) + shift;
        context.fillStyle = colour;
        context.globalAlpha = 0.5;
        for (const value of line.values[k]) { context.beginPath(); context.arc(x, py(value), 1.8, 0, 7); context.fill(); }
        context.globalAlpha = 1;
        if (line.lows[k] !== null) {
          const [low, high] = [py(line.lows[k]), py(line.highs[k])];
          stroke([[x, low], [x, high]], colour, [], 1.5);
          for (const y of [low, high]) stroke([[x - 3, y], [x + 3, y]], colour, [], 1.5);
        }
      });
      stroke(line.budgets.map((budget, k) => [px(budget) + shift, py(line.means[k])]), colour, DASHES[i % 4], 2);
      context.fillStyle = colour;
      line.budgets.forEach((budget, k) => { sign(context, i % 4, px(budget) + shift, py(line.means[k]), 4); context.fill(); });
    }
    curve.crossovers.filter((one) => one.at !== null).slice(0, LANES).forEach((one, i) => crossingMark(one, i, { context, dark, ink, px, py, box, stroke, first, last }));
    words();
  });

  /** A numbered ring where two lines cross, and below it the interval, with an arrow at an open end. */
  function crossingMark(one, i, { context, dark, ink, px, py, box, stroke, first, last }) {
    const line = state.curve.lines.find((other) => other.arm === one.arm);
    const [x, y, lane] = [px(one.at), py(heightAt(line, one.at)), box.bottom - 10 - 12 * i];
    const [from, to] = [one.low === null ? box.left + 2 : px(one.low), one.high === null ? box.right - 2 : px(one.high)];
    stroke([[x, y], [x, lane]], ink, [2, 2]);
    stroke([[from, lane], [to, lane]], ink, [], 2.5);
    for (const [open, end, way] of [[one.low === null, from, 1], [one.high === null, to, -1]]) {
      if (open) stroke([[end + 6 * way, lane - 4], [end, lane], [end + 6 * way, lane + 4]], ink, [], 1.5);
      else stroke([[end, lane - 4], [end, lane + 4]], ink, [], 1.5);
    }
    context.beginPath();
    context.arc(x, y, 8, 0, 7);
    context.fillStyle = dark ? "#111" : "#fff";
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = ink;
    context.stroke();
    context.fillStyle = ink;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(i + 1), x, y + 0.5);
  }

  function heightAt(line, at) {
    for (let k = 1; k < line.budgets.length; k += 1) {
      const [from, to] = [line.budgets[k - 1], line.budgets[k]];
      if (at >= from && at <= to) return line.means[k - 1] + (line.means[k] - line.means[k - 1]) * (Math.log(at / from) / Math.log(to / from));
    }
    return line.means[line.means.length - 1];
  }

  function words() {
    const said = [];
    const keys = state.arms.map((arm, i) => {
      const line = state.curve.lines.find((one) => one.arm === arm);
      const end = line && line.means.length ? line.means.length - 1 : -1;
      if (end >= 0) said.push(`${arm} ${percentText(line.means[end])} with ${countText(line.budgets[end])}`);
      return [i, arm, end >= 0 ? percentText(line.means[end]) : "", isDark(root)];
    });
    filled(caption, keys, ([i, arm, value, dark]) => {
      const colour = seriesColours(dark)[i];
      const key = svg("svg", { width: 34, height: 14, "aria-hidden": "true" }, svg("line", { x1: 1, y1: 7, x2: 33, y2: 7, "stroke-width": 2.5, stroke: colour, "stroke-dasharray": DASHES[i % 4].join(" ") }),
        svg("text", { x: 17, y: 12, "text-anchor": "middle", "font-size": 13, fill: colour }, SIGNS[i % 4]));
      return h("span", { class: "tl-key" }, key, h("span", {}, arm), h("span", { class: "tl-number" }, value));
    });
    const crossings = state.curve.crossovers.filter((one) => one.at !== null).map((one) => one.words);
    canvas.setAttribute("aria-label", `Accuracy against images a class: ${said.length ? [...said, ...crossings].join("; ") : "nothing yet"}`);
  }

  const observer = new ResizeObserver(() => { if (state.seeds) tellRules(); draw(); });
  observer.observe(canvas);
  return {
    state(next) { state = next; update(); },
    dispose() { observer.disconnect(); },
  };
}
