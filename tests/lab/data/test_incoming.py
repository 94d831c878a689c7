import pytest

from transferlab.lab.data import incoming as module
from transferlab.lab.data.incoming import Incoming


def test_pieces_become_the_file_again():
    incoming = Incoming()
    content = bytes(range(256)) * 4
    for at in range(0, 1024, 300):
        whole = incoming.take("a.bin", 1024, at, content[at : at + 300])
    assert whole == content
    assert incoming.take("b.txt", 3, 0, b"abc") == b"abc"
    assert incoming.take("empty", 0, 0, b"") == b""


@pytest.mark.parametrize(
    "pieces",
    [
        [("a", 10, 5, b"12345")],  # the beginning is missing
        [("a", 10, 0, b"12345"), ("a", 10, 6, b"2345")],  # a gap
        [("a", 10, 0, b"12345"), ("b", 10, 5, b"12345")],  # another file
        [("a", 10, 0, b"12345"), ("a", 12, 5, b"12345")],  # another size
        [("a", 4, 0, b"12345")],  # more than was said
    ],
)
def test_what_does_not_fit_together_is_refused_and_the_next_file_is_taken(pieces):
    incoming = Incoming()
    for piece in pieces[:-1]:
        assert incoming.take(*piece) is None
    with pytest.raises(ValueError, match="did not arrive whole"):
        incoming.take(*pieces[-1])
    assert incoming.take("c", 2, 0, b"ok") == b"ok"


def test_a_file_that_begins_again_is_taken():
    incoming = Incoming()
    incoming.take("a", 4, 0, b"12")  # the page was reloaded here
    assert incoming.take("a", 4, 0, b"abcd") == b"abcd"


@pytest.mark.parametrize("size", [201_000_000, -1, "12", 3.5, True, None])
def test_sizes_that_cannot_be_are_refused(size):
    with pytest.raises(ValueError, match="at most 200 MB"):
        Incoming().take("a", size, 0, b"x")


def test_no_more_is_kept_than_was_announced(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    incoming = Incoming()
    incoming.take("a", 10, 0, b"12345678")
    with pytest.raises(ValueError, match="whole"):
        incoming.take("a", 10, 8, b"x" * 1000)
    assert len(incoming._content) == 0
