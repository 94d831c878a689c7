"""Words shaded by what they add to an answer: as HTML for a page or notebook, and as an Axes.

Orange speaks for the class and blue against it (Okabe and Ito's, told apart by colour-blind eyes); an underline, whole
for and dotted against, says the same without colour. Every word has its own light ground and dark letters, so that it
reads on a dark page as well. A text may hold anything: all of it is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from transferlab.explain.words import WordAttributions
from transferlab.plots.style import describe, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOR, AGAINST = (230, 159, 0), (86, 180, 233)  # of red, green, blue
PAPER = (246, 246, 244)
INK = "#1b1b1b"
FAINT = 0.12  # of the strongest: below it a word has no underline
SIZE, ADVANCE = 9, 0.602  # points; the width of each letter of DejaVu Sans Mono, in sizes
LINE = 0.3  # inches
LONGEST = 30  # letters of a word in the alternative text


def word_html(found: WordAttributions, title: bool = True) -> str:
    """The text as HTML with each word shaded; escaped, without a script, and with numbers on pointing.

    >>> from IPython.display import HTML
    >>> HTML(word_html(word_attributions(model, "Why is it late again?")))
    """
    strongest = _strongest(found)
    pieces, at = [], 0
    for (start, end), value in zip(found.spans, found.values, strict=True):
        pieces.append(escape(found.text[at:start]))
        strength = value / strongest
        line = "none" if abs(strength) < FAINT else "underline solid" if value > 0 else "underline dotted"
        pieces.append(
            f'<span title="{value:+.2f}" style="background:rgb{_shade(strength)};color:{INK};border-radius:3px;'
            f'padding:1px 2px 4px;text-decoration:{line} 2px;text-underline-offset:3px">'
            f"{escape(found.text[start:end])}</span>"
        )
        at = end
    if at < len(found.text):
        pieces.append(f'<span style="opacity:.75">{escape(found.text[at:])}</span>')
    head = f"<div><strong>{escape(found.target_name)}</strong>, score {found.score:.2f}</div>" if title else ""
    notes = "".join(f"<div><small>{escape(note)}</small></div>" for note in found.notes())
    own = f"color:{INK};border-radius:3px;padding:1px 4px 4px;text-underline-offset:3px"
    key = (
        f'<div><small><span style="background:rgb{FOR};{own};text-decoration:underline solid 2px">speaks for it</span> '
        f'<span style="background:rgb{AGAINST};{own};text-decoration:underline dotted 2px">speaks against it</span>'
        "</small></div>"
    )
    return (
        f'<figure role="group" aria-label="{escape(_in_words(found))}" style="margin:0;line-height:2;max-width:46rem">'
        f'{head}<div style="overflow-wrap:anywhere;white-space:pre-wrap">{"".join(pieces)}</div>{key}{notes}</figure>'
    )


def word_axes(found: WordAttributions, ax: Axes | None = None, width: int = 60) -> Axes:
    """The text on an Axes, `width` letters a line.

    >>> word_axes(word_attributions(model, "Why is it late again?")).figure.savefig("words.png")
    """
    from matplotlib.patches import Rectangle

    lines = _lines(found, width)
    title = [
        f"{found.target_name}, score {found.score:.2f}: orange, a line: for it; blue, dots: against it",
        *found.notes(),
    ]
    letter = SIZE * ADVANCE / 72  # inches
    if ax is None:
        inches = letter * (width + 2), LINE * len(lines) + 0.2 * len(title) + 0.25
        ax = new_axes(inches)
        figure: Any = ax.figure
        figure.set_layout_engine("none")  # which would change what a letter's width is
        ax.set_position((0, 0, 1, LINE * (len(lines) + 0.3) / inches[1]))
    strongest = _strongest(found)
    figure = ax.figure
    across = ax.get_position().width * figure.get_figwidth() / letter  # letters
    ax.set(xlim=(-1, across - 1), ylim=(len(lines) + 0.2, -0.1), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    for row, line in enumerate(lines):
        for column, number, letters in line:
            value = found.values[number]
            strength = value / strongest
            colour = tuple(part / 255 for part in _shade(strength))
            ax.add_patch(Rectangle((column - 0.15, row + 0.12), len(letters) + 0.3, 0.72, color=colour, linewidth=0))
            ax.text(
                column, row + 0.5, letters.replace("$", r"\$"), family="DejaVu Sans Mono", fontsize=SIZE, va="center",
                color=INK,
            )  # fmt: skip
            if abs(strength) >= FAINT:
                style = "solid" if value > 0 else "dotted"
                ax.plot([column, column + len(letters)], [row + 0.86] * 2, color=INK, linewidth=1.1, linestyle=style)
    ax.set_title("\n".join(title).replace("$", r"\$"), fontsize=8, loc="left", x=1 / across)
    describe(ax, _in_words(found))
    return ax


def _strongest(found: WordAttributions) -> float:
    return max((abs(value) for value in found.values), default=0.0) or 1.0


def _shade(strength: float) -> tuple[int, int, int]:
    """From paper to the full colour."""
    end = FOR if strength > 0 else AGAINST
    share = min(abs(strength), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(PAPER, end, strict=True))
    return red, green, blue


def _lines(found: WordAttributions, width: int) -> list[list[tuple[int, int, str]]]:
    """Line by line: at which column each word begins, its number, its letters. Longer words are cut."""
    lines: list[list[tuple[int, int, str]]] = [[]]
    column, at = 0, 0
    for number, (start, end) in enumerate(found.spans):
        apart = any(letter.isspace() for letter in found.text[at:start])
        broken = "\n" in found.text[at:start]
        letters = found.text[start:end]
        letters = letters if len(letters) <= width else letters[: width - 1] + "…"
        column += 1 if apart and lines[-1] else 0
        if lines[-1] and (broken or column + len(letters) > width):
            lines.append([])
            column = 0
        lines[-1].append((column, number, letters))
        column += len(letters)
        at = end
    return lines


def _in_words(found: WordAttributions) -> str:
    words = [word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…" for word in found.words]
    ranked = sorted(zip(words, found.values, strict=True), key=lambda pair: -pair[1])
    speaks = [f"{word} {value:+.2f}" for word, value in ranked if value > 0][:5]
    against = [f"{word} {value:+.2f}" for word, value in reversed(ranked) if value < 0][:5]
    return (
        f"What each word adds to the score of {found.target_name}, {found.score:.2f}. For it: "
        f"{', '.join(speaks) or 'none'}. Against it: {', '.join(against) or 'none'}."
    )
