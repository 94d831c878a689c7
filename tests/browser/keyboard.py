"""Operating controls from the keyboard alone, and noticing whether each obeys.

    walk(notebook.page, controls)            # Tab reaches each of them
    assert answers_to_keys(page, control)    # and keys move or press it

A click that a key causes is stopped before it reaches the lab: whether Enter presses "Delete" can be told without deleting
anything. Left out: native pickers of files, which no key of a page may fill.
"""

from typing import Any

NAME = (
    "one => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim().slice(0, 60)"
    " || one.outerHTML.slice(0, 120)"
)
CATCH = """one => {
  one.dataset.pressed = "";
  window.caught = event => { event.preventDefault(); event.stopImmediatePropagation(); one.dataset.pressed = "yes"; };
  window.addEventListener("click", window.caught, true);
}"""
RELEASE = """one => {
  window.removeEventListener("click", window.caught, true);
  const pressed = one.dataset.pressed;
  delete one.dataset.pressed;
  return pressed;
}"""
# A value may be the last one already, and each kind of control has keys of its own.
MOVES = ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown")


def name(control: Any) -> str:
    return str(control.evaluate(NAME)).strip()


def kind(control: Any) -> str:
    """How a control is operated: "press", "move", "type" or "read"."""
    return str(control.evaluate("""one => {
        const [tag, type, role] = [one.localName, one.type, one.getAttribute("role")];
        if (tag === "textarea" || ["text", "number", "search"].includes(type)) return "type";
        if (tag === "select" || type === "range" || role === "slider") return "move";
        if (tag === "input" && ["checkbox", "radio", "file", "button"].includes(type)) return "press";
        if (["button", "summary", "a"].includes(tag) || ["button", "switch", "checkbox", "tab"].includes(role)) return "press";
        return "read";
    }"""))


def value(control: Any) -> str:
    return str(control.evaluate("one => one.getAttribute('aria-valuenow') ?? one.getAttribute('aria-valuetext') ?? one.value"))


def walk(page: Any, controls: list[Any]) -> list[str]:
    """Press Tab from the first control on; the names of those that it did not reach, or whose focus cannot be seen."""
    page.evaluate("all => all.forEach((one, i) => { one.dataset.stop = i })", controls)
    controls[0].focus()
    reached, unseen = set(), []
    for _ in range(len(controls) + 40):
        stop = page.evaluate("document.activeElement?.dataset?.stop ?? null")
        if stop is not None and stop not in reached:
            reached.add(stop)
            if not page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'"):
                unseen.append(f"{name(controls[int(stop)])} (its focus cannot be seen)")
        page.keyboard.press("Tab")
    page.evaluate("all => all.forEach(one => { delete one.dataset.stop })", controls)
    return [name(one) for number, one in enumerate(controls) if str(number) not in reached] + unseen


def answers_to_keys(page: Any, control: Any) -> bool:
    """Whether the keys of its kind do something to a control; what they moved is moved back."""
    how = kind(control)
    if how == "read":
        return True
    control.focus()
    if how == "press":
        return all(_presses(page, control, key) for key in ("Enter", "Space") if _is_key_of(control, key))
    before = value(control)
    if how == "type":
        page.keyboard.press("End")
        page.keyboard.type("1")
        came = value(control) != before
        page.keyboard.press("Backspace")
        return came
    for key in MOVES:
        page.keyboard.press(key)
        if value(control) != before:
            page.keyboard.press({"ArrowRight": "ArrowLeft", "ArrowUp": "ArrowDown"}.get(key, "ArrowRight"))
            return True
    return False


def _is_key_of(control: Any, key: str) -> bool:
    """Enter does nothing on a checkbox, Space nothing on a link, in any page."""
    tag = control.evaluate("one => one.localName")
    return not (key == "Enter" and tag == "input") and not (key == "Space" and tag == "a")


def _presses(page: Any, control: Any, key: str) -> bool:
    control.evaluate(CATCH)
    page.keyboard.press(key)
    return control.evaluate(RELEASE) == "yes"
