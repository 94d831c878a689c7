"""The before/after card as one HTML page: a verdict, a chart, tables, the cost, and what it cannot say.

Marks differ in shape as well as in colour, the chart's numbers stand in the table below it, and every word that came
from a user's table is escaped. Nothing runs in it and nothing is asked for from elsewhere. Left out: several attributes
on one page.
"""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from transferlab.audit.card_style import STYLE
from transferlab.audit.subgroups import Comparison, Subgroup

if TYPE_CHECKING:
    from transferlab.audit.bias_audit import BiasAudit


def card_page(
    before: "BiasAudit", after: "BiasAudit", one: Comparison, other: Comparison, cost: str, limits: tuple[str, ...]
) -> str:
    """The page as text; `one` and `other` are the comparisons of the two audits that it shows.

    >>> card_page(before, after, before.main, after.main, "ten heads, 0.4 seconds", limits)
    """
    title = f"Bias audit of {before.data}, by {one.attribute}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{before.num_images:,} held-out images of {len(before.class_names)} classes; {len(one.groups)} groups.</p>",
        _section("What changed", _verdicts(one, other) + _overall(before, after, cost)),
        _section("Accuracy of each group", _chart(one, other) + _table(one, other)),
        _section("Calibration: does it know how sure it may be?", _calibration(one, other)),
    ]
    if before.shortcut or after.shortcut:
        lines = [f"<li>{when}: {_words(str(use))}.</li>" for when, use in
                 (("before", before.shortcut), ("after", after.shortcut)) if use]  # fmt: skip
        sections.append(_section("What its answers rest on", f"<ul>{''.join(lines)}</ul>"))
    remarks = list(dict.fromkeys((*before.notes, *one.remarks, *other.remarks)))
    if remarks:
        sections.append(_section("Keep in mind", _list(remarks)))
    sections.append(_section("What this audit cannot say", _list(limits)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def _verdicts(one: Comparison, other: Comparison) -> str:
    return f"<dl><dt>Before</dt><dd>{_words(one.verdict)}</dd><dt>After</dt><dd>{_words(other.verdict)}</dd></dl>"


def _overall(before: "BiasAudit", after: "BiasAudit", cost: str) -> str:
    cost = cost.strip().removesuffix(".")
    change = 100 * (after.accuracy - before.accuracy)
    moved = "as before" if abs(change) < 0.05 else f"{abs(change):.1f} points {'more' if change > 0 else 'less'}"
    return (
        f"<p><strong>What it cost.</strong> Over all images {_share(after.accuracy)} are right after the remedy, "
        f"{_share(before.accuracy)} before: {moved}.{f' {_words(cost[0].upper() + cost[1:])}.' if cost else ''}</p>"
    )


def _chart(one: Comparison, other: Comparison) -> str:
    rows = "".join(_row(a, b) for a, b in zip(one.groups, other.groups, strict=True))
    label = "; ".join(
        f"{a.name} from {a.accuracy:.1%} to {b.accuracy:.1%}" for a, b in zip(one.groups, other.groups, strict=True)
    )
    ticks = "".join(f'<span style="left:{tick}%">{tick}&#8239;%</span>' for tick in (0, 25, 50, 75, 100))
    return (
        '<p class="key" aria-hidden="true"><span class="before">○ before</span> <span class="after">◆ after</span>, '
        "with 95&#8239;% intervals</p>"
        f'<div class="chart" role="img" aria-label="Accuracy before and after: {escape(label)}.">{rows}'
        f'<div class="ticks" aria-hidden="true">{ticks}</div></div>'
    )


def _row(a: Subgroup, b: Subgroup) -> str:
    marks = _mark(a, "before", 11, "circle") + _mark(b, "after", 25, "diamond")
    grid = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="36"/>' for x in (0, 25, 50, 75, 100))
    few = " (too few to compare)" if a.is_small else ""
    return (
        f'<div class="group"><span class="name">{escape(a.name)}{few}</span>'
        f'<svg width="100%" height="36" aria-hidden="true" focusable="false">{grid}{marks}</svg></div>'
    )


def _mark(group: Subgroup, when: str, y: int, shape: str) -> str:
    low, high = (100 * end for end in group.interval)
    x = 100 * group.accuracy
    drawn = (
        f'<circle cx="{x:.2f}%" cy="{y}" r="5"/>'
        if shape == "circle"
        # A path cannot stand at a share of the width; a small picture of its own can.
        else f'<svg x="{x:.2f}%" y="{y}" overflow="visible"><path d="M0-6 6 0 0 6-6 0Z"/></svg>'
    )
    return f'<g class="{when}"><line x1="{low:.2f}%" x2="{high:.2f}%" y1="{y}" y2="{y}"/>{drawn}</g>'


def _table(one: Comparison, other: Comparison) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(a.name)}{" *" if a.is_small else ""}</th><td>{a.num_images:,}</td>'
        f"<td>{_with_interval(a)}</td><td>{_with_interval(b)}</td></tr>"
        for a, b in zip(one.groups, other.groups, strict=True)
    )
    gap = f"<td>{_gap(one)}</td><td>{_gap(other)}</td>"
    few = "<p>* too few images to be compared</p>" if any(group.is_small for group in one.groups) else ""
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Accuracy of each group, as a table"><table>'
        f'<caption>Accuracy with its 95&#8239;% interval</caption><thead><tr><th scope="col">{escape(one.attribute)}'
        '</th><th scope="col">images</th><th scope="col">before</th><th scope="col">after</th></tr></thead>'
        f'<tbody>{rows}</tbody><tfoot><tr><th scope="row">largest gap</th><td></td>{gap}</tr></tfoot>'
        f"</table></div>{few}"
    )


def _calibration(one: Comparison, other: Comparison) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(a.name)}</th><td>{a.calibration.error:.3f}</td><td>{b.calibration.error:.3f}</td>'
        f"<td>{max(a.calibration.by_luck, b.calibration.by_luck):.3f}</td></tr>"
        for a, b in zip(one.groups, other.groups, strict=True)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Calibration of each group"><table>'
        "<caption>Expected calibration error, 0 is perfect</caption><thead><tr>"
        f'<th scope="col">{escape(one.attribute)}</th><th scope="col">before</th><th scope="col">after</th>'
        f'<th scope="col">by luck alone</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _gap(comparison: Comparison) -> str:
    gap = comparison.gap
    if gap is None:
        return "no verdict"
    low, high = (f"{100 * end:z.1f}".replace("-", "−") for end in (gap.low, gap.high))
    return f"{100 * gap.value:.1f} points <small>{low} … {high}</small>"


def _with_interval(group: Subgroup) -> str:
    low, high = group.interval
    return f"{_share(group.accuracy)} <small>{100 * low:.1f} … {100 * high:.1f}</small>"


def _share(share: float) -> str:
    return f"{100 * share:.1f}&#8239;%"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _words(sentence: str) -> str:
    """A sentence, escaped, in which no line ends between a number and its sign."""
    return escape(sentence).replace(" %", "&nbsp;%")


def _list(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{_words(sentence)}</li>' for sentence in sentences)}</ul>"
