"""Show a sentence under a cell: coloured in a notebook, plain anywhere else, the same words in both."""

import html
import sys

COLOURS = {
    "correct": "#1a7f37", "incorrect": "#9a6700", "not attempted": "#57606a", "error in your code": "#b3261e",
    "stale": "#9a6700", "hint": "#0550ae", "solution": "#0550ae",
}  # fmt: skip


def show(text: str, kind: str = "hint", code: str = "") -> None:
    """Display `text`; in a notebook with a coloured edge, and as plain text where it is read without a browser.

    `code` stands below it as it is, so that what is copied from there runs.

    >>> show("✓ Correct.", "correct")
    """
    plain = f"{text}\n{code}" if code else text
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(plain)
        return
    from IPython.display import display

    edge = COLOURS.get(kind, COLOURS["hint"])
    body = html.escape(text).replace("\n", "<br>").replace("  ", "&nbsp; ")
    body = "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(body.split("`")))
    if code:
        body += f'<pre style="margin:.4em 0 0;white-space:pre-wrap">{html.escape(code)}</pre>'
    shown = f'<div role="status" style="border-left:4px solid {edge};padding:.3em .8em;margin:.3em 0">{body}</div>'
    display({"text/html": shown, "text/plain": plain}, raw=True)
