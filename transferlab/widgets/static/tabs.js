// A row of buttons, one for each panel below; the one that is on view is pressed.

function create(root, api) {
  const row = h("div", { class: "tl-row tl-tabs" });
  const buttons = new Map();
  root.append(row);
  return {
    state(now) {
      for (const name of now.names) {
        if (!buttons.has(name)) {
          const button = h("button", { class: "tl-button", onclick: () => api.act("show", { name }) }, name);
          buttons.set(name, button);
          row.append(button);
        }
        buttons.get(name).setAttribute("aria-pressed", String(name === now.shown));
      }
    },
  };
}
