"""Oxford-IIIT Pets: 7,349 photographs of 37 breeds of cats and dogs (Parkhi et al. 2012), as folders of pictures.

    python data_scripts/pets.py pets                  # 811 MB
    python data_scripts/pets.py pets_small --per-class 20

The official parts: 3,680 pictures for training and validation, here in train/, and 3,669 in test/. Left out: outlines
and boxes.
"""

import re
from collections.abc import Iterator

from data_sets import Archive, DataSet, Place, folder_name
from preparing import Archives, command
from unpacking import read_archive

SITE = "https://www.robots.ox.ac.uk/~vgg/data/pets/"
DATA = DataSet(
    name="pets",
    title="Oxford-IIIT Pets",
    page=SITE,
    licence="CC BY-SA 4.0, as its page states, with the copyright of the photographs their owners'; the README in the "
    "archive, which is older, says research only",
    paper="Parkhi, Vedaldi, Zisserman & Jawahar, Cats and dogs (2012)",
    split="official: trainval.txt and test.txt",
    archives=(
        Archive(SITE + "data/images.tar.gz", 791_918_971, "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        Archive(SITE + "data/annotations.tar.gz", 19_173_078, "md5:95a8c909bbe2e81eed6a22bccdf3f68f"),
    ),
)
LISTS = {"annotations/trainval.txt": "train", "annotations/test.txt": "test"}


def plan(archives: Archives) -> dict[str, Place]:
    """Every picture of the two lists, whose lines begin with `american_bulldog_100`: the breed and a number."""
    places = {}
    for name, content in read_archive(archives["annotations.tar.gz"], LISTS):
        for line in content.decode("ascii").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            found = re.match(r"(([A-Za-z_]+)_\d+) ", line)
            if found is None:
                raise ValueError(f"{name} has a line that names no picture: '{line[:60]}'.")
            picture, breed = found.groups()
            class_name = folder_name(breed.replace("_", " ").title())
            places[f"images/{picture}.jpg"] = Place(LISTS[name], class_name, f"{picture}.jpg")
    return places


def contents(archives: Archives, keys: set[str]) -> Iterator[tuple[str, bytes]]:
    yield from read_archive(archives["images.tar.gz"], keys)


if __name__ == "__main__":
    raise SystemExit(command(DATA, plan, contents))
