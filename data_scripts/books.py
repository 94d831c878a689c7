"""The books that the small language model learned from: the same texts, from Project Gutenberg or from a folder.

    python data_scripts/books.py BOOKS          # downloads what is missing there, about 9 MB

Every book is in the public domain in the USA. A text is kept without Project Gutenberg's header and licence, which
belong to the edition and not to the book. Project Gutenberg corrects its texts now and then, so that a downloaded one
may differ in a few characters from the one that the card of the model names by its sha256; this is said and allowed.
The plays are the excerpt of a million characters that Karpathy's char-rnn (2015) made known.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path

from transferlab.downloading import download as download_file
from transferlab.files import write_atomically

NOVELS = {  # file name: number at Project Gutenberg
    "a-tale-of-two-cities": 98, "dracula": 345, "emma": 158, "great-expectations": 1400, "jane-eyre": 1260,
    "middlemarch": 145, "pride-and-prejudice": 1342, "the-adventures-of-sherlock-holmes": 1661,
    "the-war-of-the-worlds": 36,
}  # fmt: skip
PLAYS = "shakespeare"
PLAYS_ADDRESS = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
ADDRESS = "https://www.gutenberg.org/cache/epub/{number}/pg{number}.txt"
MOST_BYTES = 8_000_000  # of one book; the longest of ours has 1.8 million
START = re.compile(r"\*\*\* ?START OF (?:THIS|THE) PROJECT GUTENBERG EBOOK[^\n]*\*\*\*")
END = re.compile(r"\*\*\* ?END OF (?:THIS|THE) PROJECT GUTENBERG EBOOK|End of (?:the )?Project Gutenberg")


def body(text: str) -> str:
    """A book without what Project Gutenberg put around it, with plain line ends.

    >>> body("*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\\r\\nIt was.\\r\\nEnd of Project Gutenberg's Emma")
    'It was.'
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    start, end = START.search(text), END.search(text)
    return text[start.end() if start else 0 : end.start() if end else len(text)].strip()


def plain(text: str) -> str:
    """Curly quotation marks as straight ones and long dashes as two short ones, as most of these editions have them.

    >>> plain("“No—” she said.")
    '"No--" she said.'
    """
    return text.translate(str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": "--"}))


def read_book(folder: Path, name: str) -> str:
    """The text of one book, as the model is to read it.

    Raises:
        SystemExit: it is not there, or not a text.
    """
    path = folder / f"{name}.txt"
    if not path.exists():
        raise SystemExit(f"There is no {path}. Type python data_scripts/books.py {folder} while there is a network.")
    try:
        return plain(body(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise SystemExit(f"{path} is not a text in UTF-8: {error}.") from error


def sha256(text: str) -> str:
    """Of a text as it is read, so that line ends and headers do not count."""
    return hashlib.sha256(text.encode()).hexdigest()


def download(folder: Path) -> list[Path]:
    """Fetch what is missing; a file appears only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    fetched = []
    addresses = {name: ADDRESS.format(number=number) for name, number in NOVELS.items()} | {PLAYS: PLAYS_ADDRESS}
    for name, address in addresses.items():
        path = folder / f"{name}.txt"
        if path.exists():
            continue
        print(f"{address} -> {path}", file=sys.stderr)
        edition = path.with_suffix(".download")
        try:
            text = body(download_file(address, edition, most_bytes=MOST_BYTES).read_bytes().decode("utf-8"))
            write_atomically(path, lambda partial, text=text: partial.write_text(text + "\n", encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise SystemExit(f"{address} gave no book of ours: {error}") from error
        finally:
            edition.unlink(missing_ok=True)
        fetched.append(path)
    return fetched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the books are or go to")
    folder = parser.parse_args().folder
    download(folder)
    for name in [*NOVELS, PLAYS]:
        text = read_book(folder, name)
        print(f"{name:36} {len(text):9,} characters  {sha256(text)[:16]}")


if __name__ == "__main__":
    main()
