"""EuroSAT: 27,000 satellite pictures of ten kinds of land use (Helber et al. 2019), as folders of pictures.

    python data_scripts/eurosat.py eurosat                  # 94 MB
    python data_scripts/eurosat.py eurosat_small --per-class 50

It is published undivided. Here 60 of 100 pictures of each class are in train/, 20 in val/ and 20 in test/, the same
ones on every machine. Pictures of places that touch may lie in different parts, which makes held-out pictures easier
than a new country would be. Left out: the version with 13 spectral bands.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from data_sets import Archive, DataSet, Place, folder_name, in_no_order
from preparing import Archives, command
from unpacking import names_in, read_archive

DATA = DataSet(
    name="eurosat",
    title="EuroSAT, RGB",
    page="https://github.com/phelber/EuroSAT",
    licence="MIT, as its page states; Sentinel-2's pictures are free and open by the Copernicus programme",
    paper="Helber, Bischke, Dengel & Borth, EuroSAT: a novel dataset and deep learning benchmark (2019)",
    split="our own, as there is no official one: 60, 20 and 20 of 100 in each class, in a fixed order",
    archives=(
        Archive(
            "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
            94_300_000,
            "md5:c8fa014336c82ac7804f0398fcb19387",
            is_exact=False,
        ),
    ),
)
PICTURE = re.compile(r"2750/([A-Za-z]+)/(\1_\d+\.jpg)")


def plan(archives: Archives) -> dict[str, Place]:
    """Every picture of the archive: `2750/AnnualCrop/AnnualCrop_1.jpg`."""
    classes: dict[str, list[str]] = defaultdict(list)
    for name in names_in(archives["EuroSAT.zip"]):
        if found := PICTURE.fullmatch(name):
            classes[found[1]].append(name)
    places = {}
    for class_name, names in classes.items():
        names.sort(key=in_no_order)
        for rank, name in enumerate(names):
            part = "train" if rank < 0.6 * len(names) else "val" if rank < 0.8 * len(names) else "test"
            spoken = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", class_name).lower()  # AnnualCrop → annual crop
            places[name] = Place(part, folder_name(spoken), name.rpartition("/")[2])
    return places


def contents(archives: Archives, keys: set[str]) -> Iterator[tuple[str, bytes]]:
    yield from read_archive(archives["EuroSAT.zip"], keys)


if __name__ == "__main__":
    raise SystemExit(command(DATA, plan, contents))
