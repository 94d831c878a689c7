"""An audit as text for the terminal: a table of the groups for each attribute, its verdict, what to keep in mind."""

from typing import TYPE_CHECKING

from transferlab.audit.subgroups import Comparison, Subgroup
from transferlab.stages.stage import aligned

if TYPE_CHECKING:
    from transferlab.audit.bias_audit import BiasAudit

LONGEST = 32  # letters of a group's name in a table


def audit_text(audit: "BiasAudit") -> str:
    """What `print(audit)` shows.

    >>> print(audit_text(audit))
    """
    low, high = audit.interval
    lines = [
        f"{audit.data}: {audit.num_correct:,} of {audit.num_images:,} right, {audit.accuracy:.1%} "
        f"(95 % interval {low:.1%} … {high:.1%}); calibration error {audit.calibration.error:.3f} "
        f"(by luck {audit.calibration.by_luck:.3f})"
    ]
    if audit.shortcut:
        lines.append(f"{audit.shortcut}.")
    lines += [f"note: {note}" for note in audit.notes]
    for comparison in audit.comparisons:
        lines += ["", comparison_text(comparison)]
    if len(audit.comparisons) > 1:
        lines += ["", "Each interval holds for its own attribute; the more attributes, the more gaps come by luck."]
    return "\n".join(lines)


def comparison_text(comparison: Comparison) -> str:
    """One attribute's groups as a table, the verdict below."""
    parts = [_table(comparison.attribute, comparison.groups)]
    if comparison.cells:
        # Calibration is left out here: no cell holds enough images for it.
        parts.append(
            "\n" + _table(f"{comparison.attribute}, class", comparison.cells, ("calibration error", "by luck"))
        )
    return "\n".join([*parts, comparison.verdict, *(f"  {remark}" for remark in comparison.remarks)])


def _table(attribute: str, groups: tuple[Subgroup, ...], without: tuple[str, ...] = ()) -> str:
    rows = []
    for one in groups:
        low, high = one.interval
        name = one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…"
        rows.append(
            {
                attribute: f"{name} *" if one.is_small else name,
                "images": f"{one.num_images:,}",
                "accuracy": f"{one.accuracy:.1%}",
                "95 % interval": f"{low:.1%} … {high:.1%}",
                "calibration error": f"{one.calibration.error:.3f}",
                "by luck": f"{one.calibration.by_luck:.3f}",
                "on the shortcut": f"{one.shortcut.mean:.0%}" if one.shortcut else "–",
            }
        )
    if all(row["on the shortcut"] == "–" for row in rows):
        without = (*without, "on the shortcut")
    header = [name for name in rows[0] if name not in without]
    text = aligned(header, [[row[name] for name in header] for row in rows])
    return f"{text}\n* too few images to be compared" if any(one.is_small for one in groups) else text
