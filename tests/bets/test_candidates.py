import pytest
import torch

from transferlab.backbones import load
from transferlab.bets import offline_candidates, partly_pretrained, score_backbones
from transferlab.data import worlds


def same(model, other, prefix=""):
    """Whether two networks agree in every weight below a name."""
    first, second = model.state_dict(), other.state_dict()
    names = [name for name in first if name.startswith(prefix)]
    assert names
    return all(torch.equal(first[name], second[name]) for name in names)


def test_what_is_pretrained_in_part_is_random_above():
    pretrained, model = load("bundled"), partly_pretrained("layer2", seed=3)
    assert all(same(model, pretrained, stage) for stage in ("conv1", "bn1", "layer1", "layer2"))
    assert not any(same(model, pretrained, stage) for stage in ("layer3", "layer4", "fc"))
    assert same(partly_pretrained("layer2", seed=3), model)
    other = partly_pretrained("layer2", seed=4)
    assert not same(other, model, "layer3")
    assert same(partly_pretrained("fc"), pretrained)


def test_a_stage_that_is_not_there_is_told():
    with pytest.raises(ValueError, match=r"No stage 'layre2'.*Did you mean 'layer2'"):
        partly_pretrained("layre2")


def test_six_networks_of_which_two_are_random():
    random = torch.get_rng_state()
    candidates = offline_candidates(seed=1, epochs=1)
    assert torch.equal(torch.get_rng_state(), random)
    names = list(candidates)
    assert len(names) == 6
    assert names[:2] == ["bundled", "bundled, then satellite"]
    assert sum("random" in name for name in names) == 2
    bundled, moved = candidates["bundled"], candidates["bundled, then satellite"]
    assert same(bundled, load("bundled"))
    assert moved.fc.out_features == worlds.target("satellite", per_class=1).train.num_classes
    assert not same(moved, bundled, "layer4")
    assert all(parameter.requires_grad for parameter in moved.parameters())
    images = worlds.target("objects", per_class=3, seed=0).train
    scores = score_backbones(candidates, images)
    assert all(one.leep is not None and not one.reasons for one in scores)
    assert len({one.logme for one in scores}) == 6


@pytest.mark.parametrize(("settings", "said"), [({"seed": -1}, "seed is"), ({"seed": 0.5}, "seed is"),
                                                ({"epochs": 0}, "epochs")])  # fmt: skip
def test_bad_numbers_are_told(settings, said):
    with pytest.raises(ValueError, match=said):
        offline_candidates(**settings)
