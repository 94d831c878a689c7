"""An executed lesson → a page of the site, as MyST Markdown and pictures.

An exercise is shown as a student finds it, with hints and a solution folded below it and the checker's sentence after
that. A widget is shown as a picture, and a quiz as answers that unfold. Left out: everything that needs a kernel.
"""

import base64
import json
import re
from pathlib import Path

from nbformat import NotebookNode

from transferlab.learning import lesson

WIDGET = "application/vnd.jupyter.widget-view+json"
BAR = re.compile(r"\d+%\|.*\|")  # what a progress bar leaves behind
NUMBERS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
NO_GUESS = re.compile(r"You made no guess for (.+)\. It came out as (.+)\.", re.DOTALL)
SMALL = """:::{attention}
This page was built with the lesson's *small* settings, to see that everything runs. Its figures and numbers are those
of a rehearsal: few pictures, one epoch or two. The notebook has the real ones.
:::"""
LAB_IN_WORDS = (
    "The lab in JupyterLab while it trains. On the left the recipe and the stages, from conv1 at the bottom to the "
    "head fc at the top, with the freeze line below layer4: what lies under it is hatched and marked frozen. On the "
    "right the buttons Start, Pause, Step and Stop, curves of held-out and source accuracy, of the loss and of the "
    "learning rates, and below them tabs, the one that is open with a slider for each stage's learning rate."
)
LAB = f""":::{{figure}} figures/lab.png
:alt: {json.dumps(LAB_IN_WORDS)}
:class: lab
:target: _images/lab.png

The lab, here as a picture, since no page can train; open it to see it large. In the notebook it is live.
:::"""


def page(name: str, book: NotebookNode, folder: Path, small: bool, launch: str = "") -> str:
    """The text of a lesson's page; its pictures are written to `folder`/images.

    `launch` is the address that opens the lesson on Binder.

    Raises:
        SystemExit: a solution that its checker does not accept, an error, or an output that no page can show.
    """
    made = _Page(name, folder)
    for cell in book.cells:
        made.add(cell)
    first, *others = made.parts
    about = book.metadata["transferlab"]
    links = [f"{about['minutes']} minutes", f"{{download}}`the notebook <notebooks/{name}.ipynb>`"]
    links += [f"[open it on Binder]({launch})"] * bool(launch)
    return "\n\n".join([first, " · ".join(links), *[SMALL] * small, *others]) + "\n"


class _Page:
    """The parts of a page, cell by cell."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder, self.here = name, folder, lesson(name)
        self.parts: list[str] = []
        self.pictures = 0
        (folder / "images").mkdir(parents=True, exist_ok=True)

    def add(self, cell: NotebookNode) -> None:
        if cell.cell_type == "markdown":
            self.parts.append(cell.source)
        elif "exercise" in cell.metadata:
            self.parts += [*self._exercise(cell)]
        elif cell.source == "here.quiz()":
            self.parts += self._quiz()
        elif "widget" in cell.metadata.get("tags", []):
            self.parts += [code(cell.source), LAB]
        else:
            self.parts += [code(cell.source), *self._outputs(cell)]
            if "check" in cell.metadata.get("tags", []) and "✓" not in str(cell.outputs):
                self._stop(cell, "the checker does not accept the solution")

    def _exercise(self, cell: NotebookNode) -> list[str]:
        exercise = self.here.exercise(cell.metadata["exercise"])
        parts = [code(cell.metadata["untouched"])]
        for number, hint in zip(NUMBERS, exercise.hints, strict=False):
            parts += folded(f"{number} hint", [hint], "hint")
        return parts + folded("A solution", [code(cell.source), *self._outputs(cell)], "solution")

    def _quiz(self) -> list[str]:
        quiz = self.here.quiz()
        parts = [f"**{quiz.question}**"]
        for answer, (right, sentence) in quiz.answers.items():
            parts += folded(answer, [f"{'✓' if right else '✗'} {sentence}"], "answer")
        return parts

    def _outputs(self, cell: NotebookNode) -> list[str]:
        shown = [self._output(cell, output) for output in _joined(cell.outputs)]
        return [one for one in shown if one]

    def _output(self, cell: NotebookNode, output: NotebookNode) -> str:
        if output.output_type == "error":
            self._stop(cell, f"{output.ename}: {output.evalue}")
        if output.output_type == "stream":
            if output.name == "stderr":
                self._stop(cell, f"something was written to the error stream:\n{output.text}")
            return printed(output.text)
        data = output.data
        if "image/png" in data:
            return self._picture(cell, data["image/png"], output.metadata.get("image/png", {}))
        if WIDGET in data:
            if not BAR.search(data.get("text/plain", "")):
                self._stop(cell, f"a widget that no page can show: {data.get('text/plain')}")
            return ""
        if "text/html" in data:
            return _of_guess(data.get("text/plain", "")) or f"```{{raw}} html\n{data['text/html']}\n```"
        return printed(data["text/plain"])

    def _picture(self, cell: NotebookNode, encoded: str, about: dict) -> str:
        if not about.get("alt"):
            self._stop(cell, "a figure without alternative text")
        self.pictures += 1
        path = f"images/{self.name}_{self.pictures}.png"
        (self.folder / path).write_bytes(base64.b64decode(encoded))
        width = f"\n:width: {about['width']}px" if "width" in about else ""
        return f":::{{image}} {path}\n:alt: {json.dumps(about['alt'], ensure_ascii=False)}{width}\n:::"

    def _stop(self, cell: NotebookNode, why: str) -> None:
        raise SystemExit(f"Lesson {self.name}: {why}\nin the cell\n{cell.source}")


def _of_guess(said: str) -> str:
    """What a reader is told of a guess, who has no cell to put it into; nothing where something else was said."""
    if said.startswith("Put your guess"):
        return "*Write your guess down before you read on.*"
    found = NO_GUESS.fullmatch(said)
    return f"*What was your guess? The {found[1]} came out as {found[2]}.*" if found else ""


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """What was printed in several pieces, one after the other, in one."""
    joined: list[NotebookNode] = []
    for output in outputs:
        before = joined[-1] if joined else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            joined[-1] = NotebookNode({**before, "text": before.text + output.text})
        else:
            joined.append(output)
    return joined


def _fence(text: str) -> str:
    """Backticks enough to hold what has backticks itself."""
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))


def code(source: str) -> str:
    fence = _fence(source)
    return f"{fence}python\n{source}\n{fence}"


def printed(text: str) -> str:
    """What a cell printed, in a box of its own."""
    fence = _fence(text)
    return f"{fence}{{code-block}} text\n:class: printed\n\n{text.rstrip()}\n{fence}"


def folded(title: str, parts: list[str], kind: str) -> list[str]:
    """Parts behind a line that unfolds them, by mouse or by key; no script is needed."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", title.replace("&", "&amp;").replace("<", "&lt;"))
    opening = f'```{{raw}} html\n<details class="{kind}"><summary>{shown}</summary>\n```'
    return [opening, *parts, "```{raw} html\n</details>\n```"]
