"""Flowers-102: 8,189 photographs of 102 kinds of flowers (Nilsback & Zisserman 2008), as folders of pictures.

    python data_scripts/flowers102.py flowers102                  # 345 MB; reading the labels takes scipy
    python data_scripts/flowers102.py flowers_small --per-class 5

The official parts: ten pictures a class in train/ and in val/, the other 6,149 in test/. The names of the classes are
not in the archive; they are given here in the order of its numbers.
"""

from collections.abc import Iterator

from data_sets import Archive, DataSet, Place, folder_name
from preparing import Archives, command
from unpacking import read_archive

SITE = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
DATA = DataSet(
    name="flowers102",
    title="Oxford 102 Flowers",
    page=SITE,
    licence="not stated on its page; the photographs were collected from the web",
    paper="Nilsback & Zisserman, Automated flower classification over a large number of classes (2008)",
    split="official: setid.mat",
    archives=(
        Archive(SITE + "102flowers.tgz", 344_862_509, "md5:52808999861908f626f3c1f4e79d11fa"),
        Archive(SITE + "imagelabels.mat", 502, "md5:e0620be6f572b9609742df49c70aed4d"),
        Archive(SITE + "setid.mat", 14_989, "md5:a5357ecc9cb78c4bef273ce3793fc85c"),
    ),
)
PARTS = {"trnid": "train", "valid": "val", "tstid": "test"}
CLASSES = (
    "pink primrose", "hard-leaved pocket orchid", "canterbury bells", "sweet pea", "english marigold", "tiger lily",
    "moon orchid", "bird of paradise", "monkshood", "globe thistle", "snapdragon", "colt's foot", "king protea",
    "spear thistle", "yellow iris", "globe-flower", "purple coneflower", "peruvian lily", "balloon flower",
    "giant white arum lily", "fire lily", "pincushion flower", "fritillary", "red ginger", "grape hyacinth",
    "corn poppy", "prince of wales feathers", "stemless gentian", "artichoke", "sweet william", "carnation",
    "garden phlox", "love in the mist", "mexican aster", "alpine sea holly", "ruby-lipped cattleya", "cape flower",
    "great masterwort", "siam tulip", "lenten rose", "barbeton daisy", "daffodil", "sword lily", "poinsettia",
    "bolero deep blue", "wallflower", "marigold", "buttercup", "oxeye daisy", "common dandelion", "petunia",
    "wild pansy", "primula", "sunflower", "pelargonium", "bishop of llandaff", "gaura", "geranium", "orange dahlia",
    "pink-yellow dahlia?", "cautleya spicata", "japanese anemone", "black-eyed susan", "silverbush",
    "californian poppy", "osteospermum", "spring crocus", "bearded iris", "windflower", "tree poppy", "gazania",
    "azalea", "water lily", "rose", "thorn apple", "morning glory", "passion flower", "lotus", "toad lily",
    "anthurium", "frangipani", "clematis", "hibiscus", "columbine", "desert-rose", "tree mallow", "magnolia",
    "cyclamen", "watercress", "canna lily", "hippeastrum", "bee balm", "ball moss", "foxglove", "bougainvillea",
    "camellia", "mallow", "mexican petunia", "bromelia", "blanket flower", "trumpet creeper", "blackberry lily",
)  # fmt: skip


def plan(archives: Archives) -> dict[str, Place]:
    """Every picture that setid.mat names; labels count from 1."""
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError as error:
        raise ValueError("The labels of Flowers-102 are in MATLAB's format. Type pip install scipy.") from error
    try:
        labels = loadmat(archives["imagelabels.mat"])["labels"].ravel()
        parts = loadmat(archives["setid.mat"])
        numbers = [(int(number), part) for key, part in PARTS.items() for number in parts[key].ravel()]
        classes = dict(enumerate(CLASSES, start=1))
        names = {number: classes[int(label)] for number, label in enumerate(labels, start=1)}
        missing = [number for number, _ in numbers if number not in names]
    except Exception as error:  # scipy raises errors of its own, of several kinds
        raise ValueError(f"The labels of Flowers-102 are not as expected: {type(error).__name__} {error}.") from error
    if missing:
        raise ValueError(f"setid.mat names picture {missing[0]}, and imagelabels.mat has {len(names)} labels.")
    return {
        f"jpg/image_{number:05}.jpg": Place(part, folder_name(names[number]), f"image_{number:05}.jpg")
        for number, part in numbers
    }


def contents(archives: Archives, keys: set[str]) -> Iterator[tuple[str, bytes]]:
    yield from read_archive(archives["102flowers.tgz"], keys)


if __name__ == "__main__":
    raise SystemExit(command(DATA, plan, contents))
