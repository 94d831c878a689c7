"""Before and after a remedy, on one page that can be handed on: HTML, the same as JSON, and a figure if one is given.

    card = before_after_card(audit, audit_of_fairer, "card.html", cost=report)
    before_after_card(before, after, "card.html", figure=plots.before_after_figure(before, after))     # and card.png

The page asks for nothing from elsewhere, prints, and follows the reader's light or dark. Left out: a date, so that the
same audits give the same bytes.
"""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transferlab.audit.bias_audit import BiasAudit
from transferlab.audit.card_page import card_page
from transferlab.audit.remedies import RemedyReport
from transferlab.audit.subgroups import LEAST, Comparison
from transferlab.data.checks import described
from transferlab.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def before_after_card(
    before: BiasAudit,
    after: BiasAudit,
    path: str | Path,
    *,
    attribute: str | None = None,
    cost: RemedyReport | str = "",
    figure: "Figure | None" = None,
) -> tuple[Path, ...]:
    """Write the card and return its files: `path` (HTML), the same name with .json, and with .png if there is a figure.

        >>> before_after_card(before, after, "card.html", cost=report)
        (PosixPath('card.html'), PosixPath('card.json'))

    Both audits are of the same images, by the same groups. `attribute` chooses one of several. `cost` says what the
    remedy took: its report, or a sentence.

    Raises:
        ValueError: the audits are of other images or groups, no such attribute, or a path that is no .html.
        OSError: a file cannot be written; what stood there before is still there.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"A card is an HTML file, such as 'card.html'; you gave '{path}'.")
    one, other = compared(before, after, attribute)
    limits = cannot_say(before, one)
    page = card_page(before, after, one, other, str(cost), limits)
    values = {
        "kind": "BeforeAfterCard",
        "attribute": one.attribute,
        "before": before.to_dict(),
        "after": after.to_dict(),
        "cost": str(cost),
        "cannot_say": limits,
    }
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    parts: list[tuple[Path, bytes]] = [(path, page.encode()), (path.with_suffix(".json"), text.encode())]
    if figure is not None:
        buffer = BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
        parts.append((path.with_suffix(".png"), buffer.getvalue()))
    return tuple(write_atomically(file, _writer(content)) for file, content in parts)


def compared(before: object, after: object, attribute: str | None = None) -> tuple[Comparison, Comparison]:
    """The two comparisons that belong together.

        >>> one, other = compared(before, after)

    Raises:
        ValueError: no audits, of other images, or by other groups.
    """
    for given in (before, after):
        if not isinstance(given, BiasAudit):
            raise ValueError(
                f"Before and after are audits, bias_audit(model, images) say; you gave {described(given)}."
            )
    assert isinstance(before, BiasAudit)
    assert isinstance(after, BiasAudit)
    if (before.images_id, before.class_names) != (after.images_id, after.class_names):
        raise ValueError(
            f"The two audits are of different images ({before.data}, {before.num_images}; {after.data}, "
            f"{after.num_images}): audit both models on the same held-out images."
        )
    one = before.main if attribute is None else before[attribute]
    other = after[one.attribute]
    if [(group.name, group.num_images) for group in one.groups] != [(g.name, g.num_images) for g in other.groups]:
        raise ValueError(f"'{one.attribute}' has other groups before than after: give both audits the same table.")
    return one, other


def cannot_say(audit: BiasAudit, comparison: Comparison) -> tuple[str, ...]:
    """What nobody may read into the card, in sentences.

    >>> cannot_say(audit, audit.main)[0]
    """
    said = [
        f"It compares accuracy on {audit.num_images:,} images and by '{comparison.attribute}' alone. Groups that "
        "nobody has named, and harms that accuracy does not count, are not in it.",
        "The intervals hold the luck of which images were held out. They do not hold the luck of the training seed, "
        "nor a world that differs from these images.",
        "Before and after are the same images, so that overlapping intervals do not mean that nothing has changed.",
        "A gap says that groups are answered unequally well, not why: they may differ in their classes, too.",
        "Was the remedy chosen by these very images? Then its figures flatter it; further images would tell.",
    ]
    small = [group.name for group in comparison.groups if group.is_small]
    if small:
        names = ", ".join(f"'{name}'" for name in small[:6]) + (f" and {len(small) - 6} more" if len(small) > 6 else "")
        said.append(f"Of {names} there are fewer than {LEAST} images: nothing is said about how they are served.")
    if audit.shortcut:
        said.append(
            f"Attribution ({audit.shortcut.method}) shows where a method finds evidence. It is no proof of what the "
            "model uses."
        )
    return tuple(said)


def _writer(content: bytes) -> Callable[[Path], Any]:
    return lambda partial: partial.write_bytes(content)
