import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
from data_sets import Archive, DataSet, Place, about, folder_name, in_no_order, is_safe


def test_names_of_folders_are_names_on_every_system():
    assert folder_name("pink-yellow dahlia?") == "pink-yellow dahlia"
    assert folder_name(" a/b\\c: d. ") == "a b c d"
    assert folder_name("colt's foot") == "colt's foot"
    assert folder_name("..") == ""


def test_an_order_that_is_the_same_everywhere():
    assert in_no_order("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # sha256, FIPS 180-2


@pytest.mark.parametrize(
    ("place", "safe"),
    [
        (Place("train", "king protea", "image_00001.jpg"), True),
        (Place("training", "king protea", "image_00001.jpg"), False),
        (Place("train", "a/b", "1.jpg"), False),
        (Place("train", "", "1.jpg"), False),
        (Place("train", "a", "-1.jpg"), False),
        (Place("train", "a", "1\n.jpg"), False),
        (Place("train", "a", "1.jpg\n"), False),
    ],
)
def test_places(place, safe):
    assert is_safe(place) is safe


def test_people_are_told_size_checksum_and_licence_before_they_download():
    exact = Archive("https://example.org/a/b.tgz", 1234567, "md5:0123", "by hand")
    rough = Archive("https://example.org/c.zip", 5_000_000, "sha256:4567", is_exact=False)
    data = DataSet("n", "Things", "https://example.org", "CC0", "Nobody (2026)", "official", (exact, rough))
    assert data.num_bytes == 6_234_567
    assert [one.file for one in data.archives] == ["b.tgz", "c.zip"]
    assert about(data) == (
        "Things, as folders of pictures.\n\n"
        "https://example.org/a/b.tgz\n    1,234,567 bytes; md5:0123 (by hand)\n"
        "https://example.org/c.zip\n    about 5,000,000 bytes; sha256:4567 (as torchvision checks it)\n"
        "Page:    https://example.org\nLicence: CC0\nPaper:   Nobody (2026)\nParts:   official"
    )
