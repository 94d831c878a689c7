"""Names from strangers as names of folders and files that any system takes.

    safe_name("../../etc/passwd")    # 'passwd'

Left out: making names unique.
"""

import re
import unicodedata

from transferlab.data.listing import is_hidden

LONGEST = 50  # characters of up to four bytes; file systems stop at 255 bytes, and a number may be put behind
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # by Windows
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows, with any extension


def safe_name(name: str, longest: int = LONGEST) -> str:
    """The last part of a path as a plain name, without anything that a file system would take amiss.

        >>> safe_name("C:\\\\photos\\\\my cat?.jpg")
        'my cat_.jpg'

    Raises:
        ValueError: nothing of it can stay.
    """
    last = unicodedata.normalize("NFC", str(name)).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    letters = "".join(letter if letter.isprintable() else "_" for letter in last)  # lone surrogates are not printable
    plain = _FORBIDDEN.sub("_", letters).strip().lstrip(".").rstrip(". ")
    if len(plain) > longest:  # an extension stays
        stem, dot, extension = plain.rpartition(".")
        plain = f"{stem[: longest - len(extension) - 1]}.{extension}" if dot and len(extension) < 6 else plain[:longest]
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    if not plain or is_hidden(plain):
        raise ValueError(f"'{name!s:.60}' cannot be the name of a folder or file. Type letters and digits.")
    return plain
