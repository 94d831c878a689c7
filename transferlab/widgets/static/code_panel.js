// The script of what is set, to read, to copy, to keep.

function create(root, api) {
  const code = h("pre", { class: "tl-code", tabindex: 0, role: "region", "aria-label": "The code of what is set" });
  const copied = h("span", { class: "tl-quiet", role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied.textContent = "copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copied.textContent = "selected: press Ctrl+C";
    }
  };
  const save = () => {
    const link = h("a", { href: URL.createObjectURL(new Blob([code.textContent], { type: "text/x-python" })), download: "transfer.py" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  root.append(
    h("div", { class: "tl-row" },
      h("button", { class: "tl-button", onclick: copy }, "Copy"),
      h("button", { class: "tl-button", onclick: save }, "Save as transfer.py"), copied),
    code,
  );
  return {
    state(now) {
      if (code.textContent === now.code) return;
      code.textContent = now.code;
      copied.textContent = "";
    },
  };
}
