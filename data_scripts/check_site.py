"""Look in a built site for what a reader must not meet: what comes from another host, leads nowhere, has no words.

    python data_scripts/check_site.py site

Left out: whether links to other hosts still answer, which needs a network, and what only a browser sees.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
RELATIONS = ("canonical", "next", "prev", "index", "search", "author", "license")  # of <link>, which load nothing
FOREIGN = re.compile(r"^(?:[a-z]+:)?//", re.IGNORECASE)
# What leaks from a kernel or out of Markdown that was not understood.
LEAKS = (
    "Traceback (most",
    "<Figure",
    "<matplotlib",
    "Lab(children",
    "VBox(",
    "QuizPanel(",
    " object at 0x",
    ":::",
    "```{",
    "{raw}",
)


class _Page(HTMLParser):
    """What one page loads, links to, names and says."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.wordless: list[str] = []
        self.headings: list[int] = []
        self.said: list[str] = []
        self._silent, self._printed = 0, False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in LOADS and LOADS[tag] in given:
            self.loads.append(given[LOADS[tag]])
        self.loads += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        self.loads += re.findall(r"url\(['\"]?([^'\")]+)", given.get("style", ""))
        if tag == "link" and given.get("rel", "") not in RELATIONS:
            self.loads.append(given.get("href", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "img" and not given.get("alt", "").strip():
            self.wordless.append(given.get("src", ""))
        if "onlyprint" in given.get("class", ""):
            self._printed = True  # the theme repeats the title there for paper
        if tag == "article":
            self._printed = False
        if re.fullmatch("h[1-6]", tag) and not self._printed:
            self.headings.append(int(tag[1]))
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def read(path: Path) -> _Page:
    """Read one page."""
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def faults(folder: Path) -> list[str]:
    """One line for each fault; none where the site is as it should be.

    >>> faults(Path("site"))
    []

    Raises:
        SystemExit: there is no page.
    """
    pages = {path: read(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    if not pages:
        raise SystemExit(f"There is no page in {folder}.")
    found = [
        f"{path.relative_to(folder)}: {fault}" for path, page in pages.items() for fault in _of_page(path, page, pages)
    ]
    for path in sorted(folder.rglob("*.css")):
        for target in re.findall(
            r"url\(\s*['\"]?([^'\")\s]+)|@import\s+['\"]([^'\"]+)", path.read_text(encoding="utf-8")
        ):
            if FOREIGN.match(target[0] or target[1]):
                found.append(f"{path.relative_to(folder)}: loads {target[0] or target[1]} from another host")
    return found


def _of_page(path: Path, page: _Page, pages: dict[Path, _Page]) -> list[str]:
    found = [f"loads {one} from another host" for one in page.loads if FOREIGN.match(one)]
    found += [f"the picture {one} has no words" for one in page.wordless]
    for target in [*page.loads, *page.links]:
        at = urlsplit(target)
        if at.scheme or at.netloc:
            continue
        there = (path.parent / unquote(at.path)).resolve() if at.path else path.resolve()
        if not there.exists():
            found.append(f"{target} leads nowhere")
        elif at.fragment and there.suffix == ".html":
            known = {one.resolve(): page for one, page in pages.items()}.get(there)
            if known is not None and unquote(at.fragment) not in known.anchors:
                found.append(f"there is no place #{at.fragment} in {there.name}")
    if page.headings.count(1) != 1:
        found.append(f"{page.headings.count(1)} headings of the first order")
    found += [
        f"a heading of order {b} follows one of {a}"
        for a, b in zip(page.headings, page.headings[1:], strict=False)
        if b > a + 1
    ]
    text = "".join(page.said)
    found += [f"it says {leak!r}" for leak in LEAKS if leak in text]
    found += [
        f"it names the machine: {one}" for one in sorted({str(Path.home()), "/tmp/"}) if one != "/" and f"{one}" in text
    ]
    return found


if __name__ == "__main__":
    lines = faults(Path(sys.argv[1]))
    print("\n".join(lines) or "no faults")
    raise SystemExit(bool(lines))
