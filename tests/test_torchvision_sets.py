"""The sets are tiny copies in the formats that torchvision reads; torchvision itself says what is in them."""

import bz2
import hashlib
import json
import pickle
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from tests.conftest import NetworkTouched
from transferlab.data import torchvision_sets as module
from transferlab.data.decode import pixels
from transferlab.data.torchvision_sets import SETS, torchvision_set, torchvision_splits


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Image.Image):
        content.save(path)
    elif isinstance(content, str):
        path.write_text(content)
    else:
        path.write_bytes(content)


def image(seed, width=20, height=14):
    return Image.fromarray(noise(height, width, 3, seed=seed))


def idx(values):
    """The file format of MNIST."""
    return (
        struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    )


def mnist(root, name="MNIST", number=12):
    for seed, part in enumerate(("train", "t10k")):
        write(root / name / "raw" / f"{part}-images-idx3-ubyte", idx(noise(number, 28, 28, seed=seed)))
        write(root / name / "raw" / f"{part}-labels-idx1-ubyte", idx(np.arange(number, dtype=np.uint8) % 10))


def qmnist(root):
    for seed, part in enumerate(("train", "test")):
        write(root / "QMNIST" / "raw" / f"qmnist-{part}-images-idx3-ubyte", idx(noise(11, 28, 28, seed=seed)))
        labels = np.stack([np.arange(11) % 10, *[np.full(11, 77)] * 7], axis=1).astype(
            ">i4"
        )  # the digit, and who wrote it
        head = struct.pack(">BBBB", 0, 0, 12, 2) + struct.pack(">2I", 11, 8)
        write(root / "QMNIST" / "raw" / f"qmnist-{part}-labels-idx2-int", head + labels.tobytes())


def cifar10(root, monkeypatch):
    """Five batches and a test batch, pickled as the original is; the checksums are those of these small ones."""

    def batch(name, content):
        data = pickle.dumps(content)
        write(root / "cifar-10-batches-py" / name, data)
        return [name, hashlib.md5(data).hexdigest()]

    def part(name, seed):
        return batch(name, {"data": noise(4, 3072, seed=seed), "labels": [0, 3, 3, 9]})

    names = [f"kind {i}" for i in range(10)]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [part(f"data_batch_{i}", i) for i in range(1, 6)])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [part("test_batch", 6)])
    meta, checksum = batch("batches.meta", {"label_names": names})
    monkeypatch.setattr(datasets.CIFAR10, "meta", {"filename": meta, "key": "label_names", "md5": checksum})


def usps(root):
    for file in ("usps.bz2", "usps.t.bz2"):
        rows = [" ".join([str(i % 10 + 1), *(f"{j}:{(i + j) % 3 - 1}" for j in range(1, 257))]) for i in range(10)]
        write(root / file, bz2.compress("\n".join(rows).encode()))


def eurosat(root):
    for label, name in enumerate(("Forest", "River")):
        for i in range(5):
            write(root / "eurosat" / "2750" / name / f"{i}.jpg", image(10 * label + i))


def dtd(root):
    for name in ("banded", "woven"):
        for i in range(2):
            write(root / "dtd" / "dtd" / "images" / name / f"{i}.jpg", image(i))
    for i, part in enumerate(("train", "test")):
        write(root / "dtd" / "dtd" / "labels" / f"{part}1.txt", f"banded/{i}.jpg\nwoven/{i}.jpg\n")


def food(root):
    for i, part in enumerate(("train", "test")):
        write(
            root / "food-101" / "meta" / f"{part}.json", json.dumps({k: [f"{k}/{i}"] for k in ("apple_pie", "waffles")})
        )
        for name in ("apple_pie", "waffles"):
            write(root / "food-101" / "images" / name / f"{i}.jpg", image(i, 40, 30))


def pets(root):
    lines = {"trainval": ["Abyssinian_1 1 1 1", "yorkshire_terrier_2 2 2 1"], "test": ["Abyssinian_3 1 1 1"]}
    for part, entries in lines.items():
        write(root / "oxford-iiit-pet" / "annotations" / f"{part}.txt", "\n".join(entries) + "\n")
        for entry in entries:
            write(root / "oxford-iiit-pet" / "images" / f"{entry.split()[0]}.jpg", image(1))


def aircraft(root):
    data = root / "fgvc-aircraft-2013b" / "data"
    write(data / "variants.txt", "707-320\nA300B4\n")
    for part, number in (("trainval", 1), ("test", 2)):
        write(data / f"images_variant_{part}.txt", f"{number}1 707-320\n{number}2 A300B4\n")
        for i in (1, 2):
            write(data / "images" / f"{number}{i}.jpg", image(i))


def signs(root):
    for label in (0, 7):
        write(root / "gtsrb" / "GTSRB" / "Training" / f"{label:05}" / "1.ppm", image(label))
    write(root / "gtsrb" / "GTSRB" / "Final_Test" / "Images" / "00000.ppm", image(1))
    write(root / "gtsrb" / "GT-final_test.csv", "Filename;ClassId\n00000.ppm;7\n")


def by_folders(top, parts, classes=("a", "b"), extension="jpg"):
    def make(root):
        for part in parts:
            for seed, name in enumerate(classes):
                write(root / top / part / name / f"1.{extension}", image(seed))

    return make


MAKERS = {
    "MNIST": mnist,
    "FashionMNIST": lambda root: mnist(root, "FashionMNIST"),
    "KMNIST": lambda root: mnist(root, "KMNIST"),
    "QMNIST": qmnist,
    "USPS": usps,
    "EuroSAT": eurosat,
    "DTD": dtd,
    "Food101": food,
    "OxfordIIITPet": pets,
    "FGVCAircraft": aircraft,
    "GTSRB": signs,
    "Country211": by_folders("country211", ("train", "test"), ("AD", "ZW")),
    "RenderedSST2": by_folders("rendered-sst2", ("train", "test"), ("negative", "positive"), "png"),
    "Imagenette": by_folders("imagenette2-320", ("train", "val"), ("n01440764", "n02102040"), "JPEG"),
}


PARTS = [(name, train) for name in MAKERS for train in (True, False) if train or SETS[name].test is not None]


@pytest.mark.parametrize(("name", "train"), PARTS, ids=lambda value: {True: "train", False: "test"}.get(value, value))
def test_images_and_labels_are_torchvisions(tmp_path, name, train):
    MAKERS[name](tmp_path)
    known = SETS[name]
    theirs = getattr(datasets, name)(root=str(tmp_path), **(known.train if train else known.test), **known.also)
    data = torchvision_set(name, tmp_path, train=train, size=16)
    assert len(data) == len(theirs) > 0
    for i in range(len(theirs)):
        picture, label = theirs[i]
        assert data.labels[i] == int(label)
        assert np.array_equal(data.images[i].numpy(), pixels(picture, 16))
    assert data.name == name
    assert data.num_classes > max(data.labels)


def test_a_set_of_small_images_comes_pixel_by_pixel(tmp_path):
    mnist(tmp_path)
    data = torchvision_set("MNIST", tmp_path, size=28)
    assert torch.equal(data.images, torch.from_numpy(noise(12, 28, 28))[:, None].expand(-1, 3, -1, -1))
    assert data.labels.tolist() == [*range(10), 0, 1]
    assert data.class_names[:2] == ("0 - zero", "1 - one")


def test_cifar(tmp_path, monkeypatch):
    cifar10(tmp_path, monkeypatch)
    splits = torchvision_splits("CIFAR10", tmp_path, size=32)
    assert splits.train.labels.tolist() == [0, 3, 3, 9] * 5
    assert splits.train.class_names == tuple(f"kind {i}" for i in range(10))
    assert torch.equal(splits.held_out.images, torch.from_numpy(noise(4, 3072, seed=6)).view(4, 3, 32, 32))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("EuroSAT", ("Forest", "River")),
        ("Food101", ("apple pie", "waffles")),
        ("OxfordIIITPet", ("Abyssinian", "Yorkshire Terrier")),
        ("Imagenette", ("tench", "English springer")),
        ("FashionMNIST", ("T-shirt/top", "Trouser")),
        ("GTSRB", ("sign 0", "sign 1")),
        ("USPS", ("0", "1")),
    ],
)
def test_class_names_are_words(tmp_path, name, expected):
    MAKERS[name](tmp_path)
    assert torchvision_set(name, tmp_path, size=8).class_names[:2] == expected


def test_a_set_without_names_numbers_its_classes(tmp_path, monkeypatch):
    mnist(tmp_path)
    monkeypatch.setattr(datasets.MNIST, "classes", None)
    assert torchvision_set("MNIST", tmp_path, size=8, limit=1).class_names == tuple(f"class {i}" for i in range(10))


def test_a_limit_deals_evenly_and_takes_the_same_each_time(tmp_path):
    mnist(tmp_path, number=100)
    some = torchvision_set("MNIST", tmp_path, size=8, limit=30)
    assert set(some.counts().values()) == {3}
    again = torchvision_set("MNIST", tmp_path, size=8, limit=30)
    assert torch.equal(some.images, again.images)
    assert len(torchvision_set("MNIST", tmp_path, size=8, limit=1000)) == 100
    assert sorted(torchvision_set("MNIST", tmp_path, size=8, limit=13).counts().values()) == [1] * 7 + [2] * 3


def test_the_sets_own_parts_are_the_split(tmp_path):
    mnist(tmp_path)
    splits = torchvision_splits("mnist", tmp_path, size=28)
    assert torch.equal(splits.held_out.images[:, 0], torch.from_numpy(noise(12, 28, 28, seed=1)))


def test_an_undivided_set_is_split_by_seed(tmp_path):
    eurosat(tmp_path)
    splits = torchvision_splits("EuroSAT", tmp_path, size=8, held_out=0.4, seed=1)
    assert splits.held_out.counts() == {"Forest": 2, "River": 2}
    with pytest.raises(ValueError, match=r"EuroSAT has no test part of its own. Type torchvision_splits\('EuroSAT'\)"):
        torchvision_set("EuroSAT", tmp_path, train=False)


@pytest.mark.parametrize("spelling", ["mnist", "Mnist", "MNIST", "fashion-mnist", "fashion_mnist", "Fashion MNIST"])
def test_spellings_that_mean_one_set(tmp_path, spelling):
    mnist(tmp_path)
    mnist(tmp_path, "FashionMNIST")
    data = torchvision_set(spelling, tmp_path, size=8, limit=1)
    assert data.name == ("MNIST" if len(spelling) == 5 else "FashionMNIST")


def test_a_name_that_is_none_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"No torchvision data set 'CIFAR11'. The sets are: CIFAR10, .* Did you mean 'CIFAR10"
    ):
        torchvision_set("CIFAR11")
    with pytest.raises(ValueError, match=r"torchvision's CelebA is not among the classification sets .* type folder"):
        torchvision_splits("CelebA")
    with pytest.raises(ValueError, match="No torchvision data set 'None'"):
        torchvision_set(None)


@pytest.mark.parametrize("name", SETS)
def test_every_set_that_is_not_there_says_what_to_type(tmp_path, name):
    root = tmp_path / "nothing"
    for place in (root, tmp_path):  # a folder that does not exist, and one that is empty
        with pytest.raises(ValueError, match=f"{name} (is not in|is stored in a format)") as caught:
            torchvision_set(name, place)
        assert not isinstance(caught.value.__cause__, NetworkTouched)
        if "is not in" in str(caught.value):
            assert f"torchvision_set({name!r}, root={str(place)!r}, download=True)" in str(caught.value)
    assert not root.exists()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_without_a_root_the_cache_is_looked_in(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path))
    mnist(tmp_path / "torchvision")
    assert len(torchvision_set("MNIST", size=8)) == 12


def test_a_set_that_is_not_whole_is_as_good_as_missing(tmp_path):
    mnist(tmp_path)
    path = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"MNIST is not in .*, or not whole"):
        torchvision_set("MNIST", tmp_path)


def test_an_image_that_is_damaged_is_named(tmp_path):
    eurosat(tmp_path)
    (tmp_path / "eurosat" / "2750" / "River" / "2.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"Image 7 of EuroSAT cannot be read .*fetch it again"):
        torchvision_set("EuroSAT", tmp_path)


def test_a_download_that_fails_says_why(tmp_path):
    with pytest.raises(OSError, match=r"MNIST could not be downloaded to .* \(.*\). Check the network and the disk."):
        torchvision_set("MNIST", tmp_path, download=True)


def test_a_refusal_of_the_server_is_a_sentence_too(tmp_path, monkeypatch):
    from urllib.error import HTTPError

    def refuse(*_, **__):
        raise HTTPError("https://example.org", 403, "Forbidden", None, None)

    monkeypatch.setattr(datasets.CIFAR10, "download", refuse)
    with pytest.raises(OSError, match=r"CIFAR10 could not be downloaded .*Forbidden"):
        torchvision_set("CIFAR10", tmp_path, download=True)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    def needs(*_, **__):
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy.io")

    tmp_path.joinpath("x").mkdir()
    monkeypatch.setattr(datasets, "SVHN", needs)
    with pytest.raises(ValueError, match=r"SVHN is stored in a format that needs scipy. Type pip install scipy."):
        torchvision_set("SVHN", tmp_path)


def test_a_set_too_large_for_the_memory_names_a_limit_that_fits(tmp_path, monkeypatch):
    mnist(tmp_path)
    monkeypatch.setattr(module, "memory_budget", lambda: 7 * 3 * 64 * 64)
    with pytest.raises(
        ValueError, match=r"MNIST at size 64 takes 0 MB; 0 MB are free for it. Type limit=7 or less, or"
    ):
        torchvision_set("MNIST", tmp_path, size=64)
    assert len(torchvision_set("MNIST", tmp_path, size=64, limit=7)) == 7


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"limit": 0}, "limit is a number of images of at least 1, or None for all; you gave 0"),
        ({"limit": 2.5}, "you gave 2.5"),
        ({"limit": True}, "you gave True"),
        ({"size": 0}, "size is the side of the images in pixels"),
    ],
)
def test_options_that_are_none(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        torchvision_set("MNIST", tmp_path, **options)


def test_the_bar_shows_when_asked(tmp_path, capsys):
    mnist(tmp_path)
    torchvision_set("MNIST", tmp_path, size=8)
    assert capsys.readouterr().err == ""
    torchvision_set("MNIST", tmp_path, size=8, progress=True)
    assert "12/12" in capsys.readouterr().err
