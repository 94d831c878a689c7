import pytest

from transferlab.lab.data.file_names import LONGEST, safe_name


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("cats", "cats"),
        ("  my cat.jpg ", "my cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat?.jpg", "cat_.jpg"),
        ("ants/", "ants"),
        ("a\nb\x00.png", "a_b_.png"),
        ("...hidden", "hidden"),
        ("trailing. . .", "trailing"),
        ("con", "_con"),
        ("NUL.jpg", "_NUL.jpg"),
        ("e\u0301te\u0301", "été"),  # composed, as the folder's reader composes it
        ("\ud800x", "_x"),
        ("Größe 🐈", "Größe 🐈"),
    ],
)
def test_names_become_plain(given, safe):
    assert safe_name(given) == safe
    assert safe_name(safe) == safe


def test_long_names_keep_their_extension():
    name = safe_name("x" * 300 + ".jpeg")
    assert len(name) == LONGEST
    assert name.endswith("x.jpeg")
    assert len(safe_name("🐈" * 300).encode()) + 40 < 255


@pytest.mark.parametrize("given", ["", "  ", "..", "/", ".", "__MACOSX", "Thumbs.db", "\\"])
def test_what_nothing_can_stay_of_is_refused(given):
    with pytest.raises(ValueError, match="Type letters and digits"):
        safe_name(given)
