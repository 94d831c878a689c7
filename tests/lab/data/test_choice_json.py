import json

import pytest

from transferlab.lab.data.choice_json import from_json, to_json
from transferlab.lab.data.data_choice import EditedData, FolderData, TorchvisionData, WorldData
from transferlab.lab.data.edits import Edits
from transferlab.lab.data.given_data import GivenData

EDITS = Edits(relabelled=(("train", 3, "pear"), ("held_out", "a/b.png", "key")), dropped=(("train", 9),))


@pytest.mark.parametrize(
    "choice",
    [
        WorldData("satellite", 7, domain_gap=0.25, shortcut=1.0, seed=5),
        FolderData("transferlab-data/mine", per_class=3, size=96, stamp="ab12"),
        TorchvisionData("CIFAR10", per_class=None, limit=None, root="data"),
        EditedData(WorldData(), EDITS),
    ],
    ids=lambda choice: type(choice).__name__,
)
def test_there_and_back(choice):
    assert from_json(json.loads(json.dumps(to_json(choice)))) == choice


def test_images_of_the_notebook_cannot_be_written_down(two_colours):
    with pytest.raises(ValueError, match="Save them as a folder"):
        to_json(GivenData(two_colours))
    with pytest.raises(ValueError, match="Save them as a folder"):
        to_json(EditedData(GivenData(two_colours), EDITS))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("objects", "an object with a 'kind'"),
        ({}, "No kind of data 'None'"),
        ({"kind": "wrld"}, "Did you mean 'world'"),
        ({"kind": ["world"]}, "No kind of data"),
        ({"kind": "world", "per_clas": 3}, "Did you mean 'per_class'"),
        ({"kind": "world", "per_class": "3"}, "per_class as int"),
        ({"kind": "folder"}, "lacks what it needs: path"),
        ({"kind": "world", "edits": [1]}, "'relabelled' and 'dropped'"),
        ({"kind": "world", "edits": {"moved": []}}, "'relabelled' and 'dropped'"),
        ({"kind": "world", "edits": {"dropped": 5}}, "Edits"),
        ({"kind": "world", "edits": {"dropped": [["nowhere", 5]]}}, "No part 'nowhere'"),
    ],
)
def test_what_is_no_choice_is_a_sentence(written, words):
    with pytest.raises(ValueError, match=words):
        from_json(written)
