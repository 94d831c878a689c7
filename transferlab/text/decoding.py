"""From a file's bytes to text, whatever wrote it: UTF-8 with or without a mark, UTF-16, else Latin-1 with a note.

UTF-8 refuses bytes that it did not write, so that what it reads is right; Latin-1 reads anything, so that what it reads
is a guess and is said to be one. Left out: guessing among the many other encodings.
"""

import codecs
from pathlib import Path

LARGEST_FILE = 200_000_000  # bytes
# Parts of a text that no reader means and that a terminal would obey; tabs and line breaks are text.
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127], " ")


def read_text(path: Path, largest: int = LARGEST_FILE) -> tuple[str, str]:
    """A file's text, and a note on its encoding, empty where it is UTF-8.

        >>> read_text(Path("old.txt"))
        ('Müller', 'read as Latin-1, since it is not UTF-8: letters with accents may be wrong')

    Raises:
        ValueError: the file cannot be read, is larger than `largest` bytes, or holds no text but numbers of a machine.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise ValueError(f"{size / 1e6:,.0f} MB, and at most {largest / 1e6:,.0f} MB are read")
        content = path.read_bytes()
    except OSError as error:
        raise ValueError((error.strerror or str(error)).lower()) from error
    text, note = _decoded(content)
    return text.translate(_CONTROLS), note


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16"), "read as UTF-16"
        except UnicodeDecodeError as error:
            raise ValueError("begins as UTF-16 and goes on as something else") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in content:
            raise ValueError("no text: it holds bytes that no letter has") from None
        return content.decode("latin-1"), "read as Latin-1, since it is not UTF-8: letters with accents may be wrong"
    if "\0" in text:
        raise ValueError("no text: it holds bytes that no letter has")
    return text, ""
