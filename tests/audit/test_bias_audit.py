import copy
import json

import pytest
import torch

from tests.audit.known_models import TagReader, TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.data import worlds


@pytest.fixture(scope="module")
def tagged():
    return worlds.target("objects", per_class=1, shortcut=0.9, held_out_per_class=15, seed=3).held_out


def test_a_model_that_answers_by_the_tag_alone(tagged):
    model = TagReader()
    audit = bias_audit(model, tagged, shortcut=worlds.tag_mask(64), method="saliency")
    agrees, disagrees = audit.main.groups
    assert (agrees.name, agrees.accuracy) == ("tag agrees", 1.0)
    assert (disagrees.name, disagrees.accuracy) == ("tag disagrees", 0.0)
    assert agrees.num_images == int((tagged.groups == 0).sum())
    assert audit.main.gap.value == 1.0
    assert audit.main.gap.low > 0.5
    assert audit.shortcut.mass.mean == pytest.approx(1.0)
    assert agrees.shortcut.mean == disagrees.shortcut.mean == pytest.approx(1.0)
    assert "'tag agrees' is answered better than 'tag disagrees' by 100.0 points" in str(audit)


def test_the_model_stays_as_it_is():
    model, images = TwoEvidences().train(), two_evidences(40, 0.5, seed=0)
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(0)
    state = torch.get_rng_state()
    bias_audit(model, images, shortcut=torch.eye(4).bool(), method="saliency")
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_several_attributes_and_their_intersections():
    images = two_evidences(40, 0.5, seed=0)
    table = {"half": ["first"] * 20 + ["second"] * 20, "turn": ["odd", "even"] * 20}
    audit = bias_audit(TwoEvidences(), images, table, intersections=True, by_class=True)
    assert [one.attribute for one in audit.comparisons] == ["half", "turn", "half × turn"]
    assert audit["half × turn"].groups[0].name == "first × even"
    assert len(audit["half"].cells) == 4
    right = images.groups == 0  # it answers by the green, which agrees in group 0
    assert audit["half"].groups[0].num_correct == int(right[:20].sum())
    assert audit["turn"].groups[0].num_correct == int(right[1::2].sum())  # "even" is the second of each pair
    assert audit.num_correct == int(right.sum())
    with pytest.raises(ValueError, match=r"This audit compares by: half, turn, half × turn\. Did you mean 'half'"):
        _ = audit["halff"]


def test_the_same_images_have_the_same_name_and_others_another():
    images = two_evidences(40, 0.5, seed=0)
    one, other = bias_audit(TwoEvidences(), images), bias_audit(TwoEvidences(), two_evidences(40, 0.5, seed=1))
    assert one.images_id == bias_audit(TwoEvidences(), images).images_id
    assert one.images_id != other.images_id
    assert one == bias_audit(TwoEvidences(), images)


def test_as_json(tagged):
    audit = bias_audit(TagReader(), tagged.subset(range(30)), {"half": ["a"] * 27 + ["b"] * 3})
    values = json.loads(json.dumps(audit.to_dict(), allow_nan=False))
    assert values["accuracy"] == pytest.approx(audit.accuracy)
    first = values["comparisons"][0]
    assert first["groups"][1]["small"] is True
    assert first["verdict"].startswith("No verdict on 'half'")
    one_mass = bias_audit(
        TagReader(), tagged.subset(range(21)), {"half": ["a"] * 20 + ["b"]}, worlds.tag_mask(64), method="saliency"
    )
    lonely = one_mass.to_dict()["comparisons"][0]["groups"][1]["shortcut"]
    assert (lonely["low"], lonely["high"]) == (None, None)  # one image leaves the interval open; JSON has no infinity
    json.dumps(one_mass.to_dict(), allow_nan=False)


def test_what_is_wrong_is_said_before_anything_is_computed():
    images = two_evidences(12, 0.5, seed=0)

    class Never(TwoEvidences):
        def forward(self, x):
            raise AssertionError("computed")

    with pytest.raises(ValueError, match="'light' has 2 values"):
        bias_audit(Never(), images, {"light": ["a", "b"]})
    with pytest.raises(ValueError, match="bool mask"):
        bias_audit(Never(), images, shortcut=torch.ones(4, 4))
    with pytest.raises(ValueError, match="two attributes or more"):
        bias_audit(Never(), images, intersections=True)
    with pytest.raises(ValueError, match="an ImageSet"):
        bias_audit(TwoEvidences(), images.images)
