"""The ledger as a page to read: a table of verdicts, and every claim with its figure; one file, nothing fetched."""

import base64
import html
import io
from pathlib import Path

from transferlab.claims.claim import FAILS, HOLDS, LIMITED
from transferlab.claims.drawing import claim_figure
from transferlab.claims.ledger import Entry, Ledger
from transferlab.files import write_atomically
from transferlab.plots.style import alternative_text

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c1e21; background: #fff; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.6rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding-bottom: .5rem; color: #4a4f57; }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #d8dbe0; vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; } a { color: #0b57b0; }
.holds { color: #116329; font-weight: 600; } .limits { color: #7a4d00; font-weight: 600; } .fails { color: #a3211f; font-weight: 600; }
p.source, p.made { color: #4a4f57; } pre { overflow-x: auto; background: #f3f4f6; padding: .8rem; border-radius: 6px; font-size: .82rem; }
@media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #16181c; } th, td { border-color: #3a3f47; }
caption, p.source, p.made { color: #a9b0ba; } a { color: #7db4f5; } pre { background: #22262c; }
.holds { color: #6fd08c; } .limits { color: #e3b341; } .fails { color: #ff8f87; } }
"""  # noqa: E501
KINDS = {HOLDS: "holds", LIMITED: "limits", FAILS: "fails"}


def write_page(ledger: Ledger, path: str | Path) -> Path:
    """Write the page, whole or not at all.

    >>> write_page(settle(Scale("quick")), "claims.html")
    """
    rows = "\n".join(_row(one) for one in ledger.entries)
    parts = "\n".join(_part(one) for one in ledger.entries)
    made = "; ".join(f"{name} {value}" for name, value in ledger.made_with.items())
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>What transfer learning claims, and what we measured</title><style>{STYLE}</style></head><body><main>
<h1>What transfer learning claims, and what we measured</h1>
<p>Each claim was tried on the bundled backbone and on drawn tasks. It <em>holds</em> where the whole 95 % interval of
every effect lies beyond its margin, <em>holds with limits</em> where that is so for what the claim says but not for how
far it reaches, and else <em>does not hold here</em>. Another backbone or other images may say otherwise.</p>
<table><caption>{ledger.scale}, base seed {ledger.base_seed}, {ledger.seconds / 60:.1f} minutes</caption>
<thead><tr><th scope="col">Claim</th><th scope="col">Main effect (95 % interval)</th>
<th scope="col">Verdict</th></tr></thead>
<tbody>
{rows}
</tbody></table>
{parts}
<p class="made">{html.escape(made)}. Made by: transferlab claims --{ledger.scale} --seed {ledger.base_seed}</p>
</main></body></html>
"""
    return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _row(entry: Entry) -> str:
    main = next((one for one in entry.outcome.findings if one.main), None) if entry.outcome else None
    number = entry.claim.number
    link = f'<a href="#claim-{number}">{number}. {html.escape(entry.claim.text)}</a>'
    effect = f"{html.escape(main.effect.name)}: {html.escape(main.shown)}" if main else ""
    return f"<tr><td>{link}</td><td>{effect}</td><td>{_verdict(entry)}</td></tr>"


def _part(entry: Entry) -> str:
    claim = entry.claim
    parts = [
        f'<section id="claim-{claim.number}"><h2>{claim.number}. {html.escape(claim.text)}: {_verdict(entry)}</h2>',
        f'<p class="source">{html.escape(claim.source)}. {html.escape(claim.experiment)}. {entry.seconds:.0f} s.</p>',
    ]
    if entry.outcome is None:
        parts.append(f"<p>{html.escape(entry.error)}</p>")
    else:
        figure = claim_figure(entry)
        written = io.BytesIO()
        figure.savefig(written, format="png")
        picture = base64.b64encode(written.getvalue()).decode()
        said = html.escape(alternative_text(figure), quote=True)
        parts.append(f'<img alt="{said}" src="data:image/png;base64,{picture}">')
        parts += [f"<p>{html.escape(note)}</p>" for note in entry.outcome.notes]
        tables = "".join(f"<pre>{html.escape(text)}</pre>" for text in entry.outcome.tables.values())
        parts.append(f"<details><summary>Tables</summary>{tables}</details>" if tables else "")
    return "\n".join([*parts, "</section>"])


def _verdict(entry: Entry) -> str:
    return f'<span class="{KINDS.get(entry.verdict, "fails")}">{html.escape(entry.verdict)}</span>'
