"""Build the course as a site that can be read without running it: executed lessons, words, papers, notes, public names.

    python data_scripts/build_site.py site                          # as the lessons are: half an hour on two cores
    python data_scripts/build_site.py site --profile small          # rehearsal settings: minutes, as CI does

Everything comes from the lessons' sources, the README and `lessons/_site/`; nothing is fetched, and the pages ask no
other host for anything. Needs `pip install -e ".[site]"`. Left out: widgets, which need a kernel, and publishing.
"""

import argparse
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSONS, OURS = ROOT / "lessons", ROOT / "lessons" / "_site"
MADE = "objects.inv"  # a file that Sphinx writes and hardly anybody else
# Pages made of the README's sections.
FROM_README = {
    "lab": ("The lab", ("The lab",)),
    "claims": ("Claims, tried", ("What is said of transfer learning, tried",)),
    "measured": ("Measured", ("What `transferlab run` shows", "Measured", "Speed")),
    "worlds": ("Worlds, and a look inside", ("Worlds", "See inside")),
}
# What axe-core says against Markdown's tables without a head, and against the theme's column of lessons.
FOR_SCREEN_READERS = (
    ('<th class="head"><p></p></th>', "<td></td>"),
    ('<div id="pst-primary-sidebar"', '<div id="pst-primary-sidebar" role="region" aria-label="Contents"'),
)


def sections(markdown: str) -> dict[str, str]:
    """The parts of a text under its second-order headings, by heading."""
    parts = re.split(r"^## (.+)\n", re.sub(r"<!--.*?-->\n?", "", markdown, flags=re.DOTALL), flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def readme_page(title: str, wanted: tuple[str, ...], readme: str) -> str:
    """A page of some of the README's sections, its links as the site has them.

    Raises:
        SystemExit: the README has no such section.
    """
    there = sections(readme)
    missing = [one for one in wanted if one not in there]
    if missing:
        raise SystemExit(f"README.md has no section '{missing[0]}'; its sections are: {', '.join(there)}.")
    parts = [f"# {title}"]
    for one in wanted:
        parts += [f"## {one}"] * (len(wanted) > 1) + [there[one]]
    text = "\n\n".join(parts).replace("](lessons/figures/", "](figures/")
    return text.replace("](lessons/instructor/guide.md)", "](guide.md)") + "\n"


def front_page(template: str, books: dict) -> str:
    """The front page with a row for each lesson: what you will do, and for how many minutes.

    Raises:
        SystemExit: the template has no place for the lessons.
    """
    rows = ["| lesson | you will | minutes |", "|---|---|---|"]
    for name, book in books.items():
        about = book.metadata["transferlab"]
        rows.append(f"| [{name[:2]} · {about['title']}]({name}.md) | {about['objectives'][0]} | {about['minutes']} |")
    for place, text in (("<!-- lessons -->", "\n".join(rows)), ("<!-- names -->", "\n".join(books))):
        if place not in template:
            raise SystemExit(f"lessons/_site/index.md has no line {place}.")
        template = template.replace(place, text)
    return template


def assemble(folder: Path, books: dict, small: bool) -> None:
    """Write every page's source, and what the pages show, into `folder`.

    Raises:
        SystemExit: something that a page needs is not there, or a lesson cannot be shown.
    """
    import api_page
    import citations
    import launching
    import lesson_pages

    binder = launching.address()
    shutil.copytree(OURS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(LESSONS / "figures", folder / "figures")
    (folder / "notebooks").mkdir()
    where: dict[str, list[str]] = {}
    for name, book in books.items():
        shutil.copyfile(LESSONS / f"{name}.ipynb", folder / "notebooks" / f"{name}.ipynb")
        for cell in book.cells:
            if cell.cell_type == "markdown":
                for key in citations.cited(cell.source):
                    where.setdefault(key, []).extend([name] * (name not in where.get(key, [])))
                cell.source = citations.with_links(cell.source)
        text = lesson_pages.page(name, book, folder, small, launching.lesson_link(binder, name))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    index = folder / "index.md"
    index.write_text(front_page(index.read_text(encoding="utf-8"), books), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, (title, wanted) in FROM_README.items():
        (folder / f"{name}.md").write_text(readme_page(title, wanted, readme), encoding="utf-8")
    guide = (LESSONS / "instructor" / "guide.md").read_text(encoding="utf-8")
    (folder / "guide.md").write_text(citations.with_links(guide), encoding="utf-8")
    shutil.copyfile(ROOT / "CHANGELOG.md", folder / "changelog.md")
    (folder / "papers.md").write_text(citations.page(where), encoding="utf-8")
    (folder / "api.md").write_text(api_page.page(), encoding="utf-8")


def to_html(source: Path, out: Path) -> None:
    """Let Sphinx make pages; its warnings are errors.

    Raises:
        SystemExit: Sphinx stopped; it has said why.
    """
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as doctrees:
        status = build_main(["-q", "-W", "--keep-going", "-E", "-b", "html", "-d", doctrees, str(source), str(out)])
    if status:
        raise SystemExit(f"Sphinx ended with status {status}; its lines above say where.")
    for path in out.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        for found, better in FOR_SCREEN_READERS:
            text = text.replace(found, better)
        path.write_text(text, encoding="utf-8")


def put(built: Path, out: Path) -> None:
    """Give a finished site its place; an earlier one that stood there goes."""
    if out.exists():
        shutil.rmtree(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(built, out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder for the site")
    parser.add_argument("--profile", choices=("small", "normal"), default="normal", help="settings of the lessons")
    parser.add_argument("--jobs", type=int, default=2, help="lessons that run at the same time")
    given = parser.parse_args()
    if find_spec("sphinx_book_theme") is None:
        raise SystemExit('The site needs Sphinx and its theme: type pip install -e ".[site]"')
    if given.out.exists() and any(given.out.iterdir()) and not (given.out / MADE).exists():
        raise SystemExit(f"{given.out} holds something else than a site. Name a new folder, or empty that one.")
    import check_site
    import executed_lessons

    books = executed_lessons.executed(executed_lessons.names(), given.profile, given.jobs)
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "source", Path(folder) / "html"
        source.mkdir()
        assemble(source, books, given.profile == "small")
        to_html(source, built)
        found = check_site.faults(built)
        if found:
            raise SystemExit("\n".join(found))
        put(built, given.out)
    print(f"{given.out / 'index.html'}: {len(books)} lessons")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
