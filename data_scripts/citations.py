"""The papers that the lessons cite: their page, and a link to it wherever one is named.

`lessons/_site/papers.yaml` holds them under the words that a lesson writes, such as "Kumar et al. 2022". Left out:
reading BibTeX, and papers that only a docstring names.
"""

import re
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[1] / "lessons" / "_site" / "papers.yaml"
_NAME = r"[A-Z][\w’'-]+(?: (?!et\b)[A-Z][\w’'-]+)?"
CITED = re.compile(rf"({_NAME}(?: et\s+al\.|\s&\s{_NAME})?)\s\(?((?:19|20)\d\d)\b")


def papers() -> dict[str, dict[str, Any]]:
    """Every paper by the words that cite it."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def cited(text: str) -> list[str]:
    """What a text cites, as `papers` names it.

    >>> cited("damages features (Kumar et al. 2022), as Howard & Ruder (2018) say")
    ['Kumar et al. 2022', 'Howard & Ruder 2018']
    """
    return [" ".join(f"{who} {year}".split()) for who, year in CITED.findall(text)]


def anchor(key: str) -> str:
    """Where on the page a paper stands: 'kumar-et-al-2022'."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


def with_links(text: str) -> str:
    """The text with every paper that it names linked to its place on the page of papers.

    Raises:
        SystemExit: it names a paper that `papers.yaml` does not have.
    """

    def link(found: re.Match) -> str:
        key = " ".join(f"{found[1]} {found[2]}".split())
        if key not in papers():
            raise SystemExit(f"'{key}' is cited and does not stand in {FILE.name}.")
        return f"[{' '.join(found[0].split())}](#{anchor(key)})"

    return CITED.sub(link, text)


def page(where: dict[str, list[str]]) -> str:
    """The page of papers; `where` says for each which lessons cite it.

    Raises:
        SystemExit: a paper that no lesson cites.
    """
    lines = ["# Papers", "What the lessons lean on, in the order of the authors' names."]
    for key, paper in sorted(papers().items()):
        if not where.get(key):
            raise SystemExit(f"No lesson cites '{key}'; take it out of {FILE.name}.")
        lessons = ", ".join(f"[{name[:2]}]({name}.md)" for name in where[key])
        entry = f"{paper['authors']} ({paper['year']}). [{paper['title']}]({paper['url']}). *{paper['in']}*."
        lines.append(f"({anchor(key)})=\n{entry} Lesson{'s' * (len(where[key]) > 1)} {lessons}.")
    return "\n\n".join(lines) + "\n"
