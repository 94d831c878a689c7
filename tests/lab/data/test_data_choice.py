"""Each choice's code is run and gives the choice's own images, bit for bit."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.folder_files import insects
from transferlab.lab.data.data_choice import EditedData, FolderData, TorchvisionData, WorldData
from transferlab.lab.data.edits import Edits


def run(code):
    names = {}
    exec(compile("import transferlab as tl\n" + code, "data.py", "exec"), names)
    return names["data"]


def assert_same(one, other):
    assert one.notes == other.notes
    for part in ("train", "held_out"):
        first, second = getattr(one, part), getattr(other, part)
        assert torch.equal(first.images, second.images)
        assert torch.equal(first.labels, second.labels)
        assert (first.class_names, first.files, first.label_safe) == (
            second.class_names,
            second.files,
            second.label_safe,
        )


@pytest.fixture
def usps(tmp_path):
    """USPS as torchvision finds it: 40 digits to train on and 20 to test, in its own bz2 files."""
    import bz2

    generator = np.random.default_rng(0)
    for name, count in (("usps.bz2", 40), ("usps.t.bz2", 20)):
        rows = []
        for i in range(count):
            values = " ".join(f"{j + 1}:{value:.3f}" for j, value in enumerate(generator.uniform(-1, 1, 256)))
            rows.append(f"{i % 10 + 1} {values}")
        (tmp_path / name).write_bytes(bz2.compress("\n".join(rows).encode()))
    return str(tmp_path)


@pytest.mark.parametrize(
    "choice",
    [
        WorldData(per_class=2),
        WorldData("objects", 2, task="orientation", domain_gap=0.4, shortcut=0.9, seed=3),
        WorldData("tissue", per_class=1, seed=1),
    ],
)
def test_a_worlds_code_gives_its_images(choice):
    assert_same(run(choice.code()), choice.make())


@pytest.mark.parametrize("per_class", [None, 2])
def test_a_folders_code_gives_its_images(tree, per_class):
    root = tree(insects("my 'set'/", ants=6, bees=5)) / "my 'set'"
    choice = FolderData(str(root), per_class, size=8, seed=1).fresh()
    made = choice.make()
    assert_same(run(choice.code()), made)
    assert made.train.counts() == ({"ants": 5, "bees": 4} if per_class is None else {"ants": 2, "bees": 2})


def test_the_line_of_a_folder_is_short():
    assert FolderData("transferlab-data/mine").code() == 'data = tl.folder_splits("transferlab-data/mine")'
    assert WorldData().code() == 'data = tl.worlds.target("objects", per_class=20)'


def test_a_torchvision_sets_code_gives_its_images(usps):
    choice = TorchvisionData("USPS", per_class=2, limit=30, root=usps, size=16)
    made = choice.make()
    assert_same(run(choice.code()), made)
    assert set(made.train.counts().values()) == {2}
    assert len(made.held_out) == 20


def test_a_set_that_is_not_on_the_disk_is_said(tmp_path):
    with pytest.raises(ValueError, match="CIFAR10 is not in"):
        TorchvisionData("CIFAR10", root=str(tmp_path)).make()


def test_edits_are_made_after_the_budget(tree):
    root = tree(insects("set/", ants=6, bees=6)) / "set"
    base = FolderData(str(root), 3, size=8)
    first = base.make().train.files[0]
    choice = EditedData(base, Edits().drop([("train", first)]))
    assert choice.make().train.files == base.make().train.files[1:]
    assert_same(run(choice.code()), choice.make())


def test_edits_of_a_world():
    choice = EditedData(WorldData(per_class=2), Edits().relabel([("train", 0), ("held_out", 4)], "snail"))
    assert_same(run(choice.code()), choice.make())


def test_a_folder_that_changed_is_another_choice(tree):
    root = tree(insects("set/")) / "set"
    choice = FolderData(str(root), size=8)
    assert choice.fresh() == choice.fresh()
    before = choice.fresh()
    tree({"set/ants/more.png": 77})
    assert choice.fresh() != before
    Image.new("RGB", (9, 9)).save(root / "ants" / "more.png")
    assert len({before, choice.fresh(), choice}) == 3
    assert FolderData("nowhere").fresh().stamp == ""


def test_the_random_numbers_of_others_are_left_alone(tree):
    state = torch.get_rng_state()
    WorldData(per_class=1).make()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WorldData(5), "WorldData takes name as str; you gave 5"),
        (lambda: WorldData(per_class=2.5), "per_class as int"),
        (lambda: WorldData(domain_gap="big"), "domain_gap as float; you gave 'big'"),
        (lambda: WorldData(seed=True), "you gave True"),
        (lambda: FolderData("x", per_class="2"), "per_class"),
        (lambda: TorchvisionData("CIFAR10", limit=1.5), "limit"),
        (lambda: WorldData("objetcs").make(), "Did you mean 'objects'"),
        (lambda: WorldData(domain_gap=2.0).make(), "between 0 and 1"),
        (lambda: TorchvisionData("CIFAR11").make(), "Did you mean 'CIFAR10'"),
        (lambda: FolderData("nowhere").make(), "No folder 'nowhere'"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_more_than_a_class_has_is_refused(tree):
    root = tree(insects("set/")) / "set"
    with pytest.raises(ValueError, match="Ask for at most 2"):
        FolderData(str(root), per_class=20, size=8).make()
