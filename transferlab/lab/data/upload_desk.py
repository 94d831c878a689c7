"""Uploads from a page into a folder: the pieces of files, what became of them, and how many there are.

    desk = UploadDesk("mine")
    desk.begin()
    content = desk.incoming.take("cat.jpg", size, 0, piece)
    desk.keep("cat.jpg", content, "cats")
    print(desk.report)

Left out: threads; `keep` takes as long as a picture or a whole zip takes to unpack.
"""

from pathlib import Path

from transferlab.lab.data.archives import Allowance
from transferlab.lab.data.incoming import Incoming
from transferlab.lab.data.uploads import WORKPLACE, Collection, UploadReport


class UploadDesk:
    """One collection at a time, and the upload that is under way.

    >>> UploadDesk("mine").counts
    {}
    """

    def __init__(self, name: str = "mine", workplace: str | Path = WORKPLACE) -> None:
        self.workplace = workplace
        self.incoming = Incoming()
        self.open(name)
        self.begin()

    def open(self, name: str) -> None:
        """Go on with the collection of this name, which may not exist yet.

        Raises:
            ValueError: a name that no folder can have.
        """
        self.collection = Collection(name, self.workplace)
        self.counts = self.collection.counts()

    def begin(self) -> None:
        """A new upload: what is kept and refused is counted from here."""
        self.report, self._allowance = UploadReport(), Allowance()

    def keep(self, name: str, content: bytes, class_name: str = "") -> None:
        """Keep what is a picture or a sound of one whole file.

        Raises:
            OSError: the folder cannot be written.
        """
        self.report.join(self.collection.add([(name, content)], class_name, self._allowance))

    def finish(self) -> None:
        """The upload is over: count what there is now."""
        self.counts = self.collection.counts()
