"""Operating controls from the keyboard alone, and noticing whether each obeys.

    found = controls(notebook.page)      # everything in the panels on view that can be operated now
    walk(notebook.page, found)           # those that Tab does not reach
    obeys(notebook.page, found[0])       # whether keys move it, or press it

What a key causes is stopped before it reaches the lab: whether Enter presses "Delete" can be told without deleting
anything. Left out: native pickers of files, which no key of a page may fill.
"""

from dataclasses import dataclass
from typing import Any

FIND = """selector => {
  document.querySelectorAll("[data-control]").forEach(one => { delete one.dataset.control });
  const wanted = ":is(button, select, textarea, summary, a[href], input:not([type=hidden]), [tabindex='0'])";
  const kind = one => {
    const [tag, type, role] = [one.localName, one.type, one.getAttribute("role")];
    if (tag === "textarea" || ["text", "number", "search"].includes(type)) return "type";
    if (type === "radio") return "choose";
    if (tag === "select" && one.options.length < 2) return "read"; // nothing to choose between
    if (tag === "select" || type === "range" || role === "slider") return "move";
    if (tag === "input") return type === "file" ? "file" : "press";
    const roles = ["button", "switch", "checkbox", "tab"];
    return ["button", "summary", "a"].includes(tag) || roles.includes(role) ? "press" : "read";
  };
  const name = one => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim() || one.outerHTML;
  // Of a group of radio buttons only the chosen one is a stop of Tab; the arrows go on from there.
  const isStop = one => one.type !== "radio" || one.checked
    || !document.querySelector(`input[name="${one.name}"]:checked`);
  return [...document.querySelectorAll(selector)].flatMap(root => [...root.querySelectorAll(wanted)])
    .filter(one => one.tabIndex >= 0 && !one.disabled && !one.closest("[inert]") && isStop(one)
      && one.checkVisibility({visibilityProperty: true}))
    .map((one, i) => { one.dataset.control = i; return [name(one).trim().slice(0, 80), kind(one), one.localName]; });
}"""
# Nobody hears what is tried out, neither the panel nor, through it, Python.
DEAFEN = """() => {
  window.pressed = false;
  window.caught = event => {
    if (event.type === "click" && event.target.type !== "radio") { event.preventDefault(); window.pressed = true; }
    event.stopImmediatePropagation();
  };
  for (const type of ["click", "input", "change"]) window.addEventListener(type, window.caught, true);
}"""
HEAR = """() => {
  for (const type of ["click", "input", "change"]) window.removeEventListener(type, window.caught, true);
  return window.pressed;
}"""
# Of radio buttons the one that has the focus, of anything else the value.
VALUE = """one => one.type === "radio" ? document.activeElement.outerHTML
  : String(one.getAttribute("aria-valuenow") ?? one.value)"""
# A value may be the last one already; each key with the one that takes it back.
MOVES = {"ArrowRight": "ArrowLeft", "ArrowLeft": "ArrowRight", "ArrowDown": "ArrowUp", "ArrowUp": "ArrowDown"}


@dataclass(frozen=True)
class Control:
    """One control; `kind` says how it is operated: "press", "move", "choose", "type", "file" or "read"."""

    name: str
    kind: str
    tag: str
    place: Any


def controls(page: Any, selector: str = ".tl-panel") -> list[Control]:
    """Everything in the panels on view that can be operated now, in the order of the page."""
    return [
        Control(name, kind, tag, page.locator(f'[data-control="{number}"]'))
        for number, (name, kind, tag) in enumerate(page.evaluate(FIND, selector))
    ]


def walk(page: Any, found: list[Control]) -> list[str]:
    """Press Tab from the first control on; the names of those that it did not reach, or whose focus cannot be seen."""
    if len(found) > 1:  # by a key, because a browser draws no ring around what was focused otherwise
        found[1].place.focus()
        page.keyboard.press("Shift+Tab")
    else:
        found[0].place.focus()
    reached, unseen = set(), []
    for _ in range(2 * len(found) + 10):  # there may be stops in between that are none of these
        stop, is_seen = page.evaluate(
            "() => { const one = document.activeElement; return [one?.dataset.control ?? null, "
            "getComputedStyle(one).outlineStyle !== 'none'] }"
        )
        if stop is not None and stop not in reached:
            reached.add(stop)
            unseen += [] if is_seen or len(found) == 1 else [f"{found[int(stop)].name} (its focus cannot be seen)"]
        if len(reached) == len(found):
            break
        page.keyboard.press("Tab")
    return [one.name for number, one in enumerate(found) if str(number) not in reached] + unseen


def obeys(page: Any, control: Control) -> bool:
    """Whether the keys of its kind do something to a control; what they moved is moved back."""
    if control.kind in ("file", "read"):
        return True
    control.place.focus()
    page.evaluate(DEAFEN)
    try:
        return _does_something(page, control)
    finally:
        page.evaluate(HEAR)


def _does_something(page: Any, control: Control) -> bool:
    if control.kind == "press":
        return all(_presses(page, key) for key in _keys(control))
    before = control.place.evaluate(VALUE)
    if control.kind == "type":
        page.keyboard.press("End")
        page.keyboard.type("1")
        came = control.place.evaluate(VALUE) != before
        page.keyboard.press("Backspace")
        return bool(came)
    for key, back in MOVES.items():
        page.keyboard.press(key)
        if control.place.evaluate(VALUE) != before:
            page.keyboard.press(back)
            return True
    return False


def _keys(control: Control) -> list[str]:
    """In any page Enter does nothing on a checkbox, and Space nothing on a link."""
    return {"input": ["Space"], "a": ["Enter"]}.get(control.tag, ["Enter", "Space"])


def _presses(page: Any, key: str) -> bool:
    page.evaluate("window.pressed = false")
    page.keyboard.press(key)
    return bool(page.evaluate("window.pressed"))
