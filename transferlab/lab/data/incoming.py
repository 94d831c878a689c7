"""Files that a page sends piece by piece, put together again.

    incoming = Incoming()
    content = incoming.take("cat.jpg", size=3_000_000, at=0, piece=b"…")     # None until the last piece

One file comes after the other, so that no more than one lies half-sent in the memory. Sizes are counted, whatever the
page says. Left out: several pages at once on one panel; the later one's file goes first.
"""

from transferlab.data.listing import printable

MOST_BYTES = 200_000_000  # of one file: a zip of a few hundred photos


class Incoming:
    """Puts one file at a time together.

    >>> Incoming().take("a.txt", 3, 0, b"abc")
    b'abc'
    """

    def __init__(self) -> None:
        self._name = ""
        self._size = 0
        self._content = bytearray()

    def take(self, name: str, size: int, at: int, piece: bytes) -> bytes | None:
        """Add a piece that begins at byte `at`; returns the whole file with its last piece, before that None.

        Raises:
            ValueError: a file that is too large, or a piece that does not follow the one before it.
        """
        shown = printable(str(name))[-120:]
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST_BYTES:
            self._content = bytearray()
            told = f"{size / 1e6:,.0f} MB" if isinstance(size, int) else repr(size)[:40]
            raise ValueError(f"{shown}: {told}; at most {MOST_BYTES / 1e6:,.0f} MB can be sent. Pack it in parts.")
        if at == 0:
            self._name, self._size, self._content = name, size, bytearray()
        if (name, size, at) != (self._name, self._size, len(self._content)) or at + len(piece) > size:
            self._content = bytearray()
            self._name = ""
            raise ValueError(f"{shown} did not arrive whole. Send it again.")
        self._content += piece
        if len(self._content) < size:
            return None
        whole, self._content, self._name = bytes(self._content), bytearray(), ""
        return whole
