"""Links that open a lesson on Binder, where the project says what its address there is.

The one setting is a line in pyproject.toml, the address that launches the repository at a tag:

    [project.urls]
    Binder = "https://mybinder.org/v2/gh/OWNER/REPOSITORY/TAG"

Without that line there are no links anywhere. With it `build_lessons.py` puts one into each lesson and a badge into the
README (between its two `binder` comments), and `build_site.py` one onto each page.
"""

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
MARKED = re.compile(r"(<!-- binder -->\n).*?(<!-- /binder -->\n)", re.DOTALL)
FORM = re.compile(r"https://[^/\s]+/v2/\S+/\S+/\S+")


def address(project: Path = ROOT / "pyproject.toml") -> str:
    """Where Binder launches this project; empty where the project does not say.

    Raises:
        SystemExit: the setting is no address that launches a repository at a tag.
    """
    found = tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("urls", {}).get("Binder", "")
    if found and not FORM.fullmatch(found):
        raise SystemExit(
            f"[project.urls] Binder is of the form https://mybinder.org/v2/gh/OWNER/REPOSITORY/TAG; it is {found}."
        )
    return found.rstrip("/")


def lesson_link(binder: str, name: str) -> str:
    """The address that opens a lesson in JupyterLab; empty without a setting.

    >>> lesson_link("https://mybinder.org/v2/gh/we/transferlab/v0.1.0", "05_forgetting")
    'https://mybinder.org/v2/gh/we/transferlab/v0.1.0?urlpath=lab/tree/lessons/05_forgetting.ipynb'
    """
    return f"{binder}?urlpath=lab/tree/lessons/{quote(name)}.ipynb" if binder else ""


def with_badge(readme: str, binder: str) -> str:
    """The README with a badge between its two comments, or with nothing there.

    Raises:
        SystemExit: there is an address, and the README has no place for it.
    """
    if binder and not MARKED.search(readme):
        raise SystemExit("README.md has no place for a badge; put in the lines <!-- binder --> and <!-- /binder -->.")
    link = lesson_link(binder, "00_first_transfer")
    badge = f"[![Open lesson 00 on Binder](https://mybinder.org/badge_logo.svg)]({link})\n" if binder else ""
    return MARKED.sub(rf"\g<1>{badge}\g<2>", readme)
