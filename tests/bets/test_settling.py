import copy

import pytest
import torch
from torch import nn

from tests.bets.networks import noise_images, tiny_network
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.bets import Bet, score_backbones, score_stages, settle, settle_stages
from transferlab.data.images import Splits
from transferlab.heads import replace_head
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch
from transferlab.training import train


@pytest.fixture
def candidates():
    return {f"width {width}": tiny_network(seed=width, width=width) for width in (2, 4, 8)}


def trained_by_hand(model, data, recipe, seed):
    model = copy.deepcopy(model)
    replace_head(model, data.train.num_classes, seed=seed)
    return train(model, data, recipe, seed=seed, progress=False).accuracy


@pytest.mark.parametrize("make", [feature_extraction, fine_tuning])
def test_candidates_are_trained_as_train_does(candidates, two_colours, make):
    recipe = make(epochs=1, head_lr=1e-2) if make is feature_extraction else make(epochs=1, head_epochs=1)
    weights = copy.deepcopy({name: model.state_dict() for name, model in candidates.items()})
    bet = Bet(score_backbones(candidates, two_colours))
    settled = settle(bet, candidates, two_colours, recipe, seeds=(3, 5), cache=False, progress=False)
    for name, model in candidates.items():
        expected = [trained_by_hand(model, two_colours, recipe, seed) for seed in (3, 5)]
        assert settled.accuracies[name] == pytest.approx(tuple(expected))
        assert all(torch.equal(value, weights[name][key]) for key, value in model.state_dict().items())
    assert settled.bet is bet
    assert (settled.recipe, settled.seeds) == (recipe.name, (3, 5))


def test_a_bet_that_was_settled_is_settled_from_what_was_kept(candidates, two_colours, tmp_path):
    bet = Bet(score_backbones(candidates, two_colours))
    recipe = feature_extraction(epochs=1)
    first = settle(bet, candidates, two_colours, recipe, seeds=2, cache=tmp_path, progress=False)
    assert first.seeds == (2,)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert len(kept) == 3  # a row for each candidate
    models = dict(reversed(candidates.items()))  # in whatever order
    assert settle(bet, models, two_colours, recipe, seeds=[2], cache=tmp_path, progress=False) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_unequal_classes_are_trained_on_whole(candidates, two_colours):
    lopsided = Splits(two_colours.train.subset([0, 2, 4, 6, 8, 10, 12, 14, 1, 3]), two_colours.held_out)
    bet = Bet(score_backbones(candidates, lopsided))
    recipe = feature_extraction(epochs=1)
    settled = settle(bet, candidates, lopsided, recipe, seeds=(0,), cache=False, progress=False)
    for name, model in candidates.items():
        assert settled.accuracies[name] == pytest.approx((trained_by_hand(model, lopsided, recipe, 0),))


def test_a_bet_is_settled_on_what_it_was_made_on(candidates, two_colours):
    bet = Bet(score_backbones(candidates, two_colours))
    with pytest.raises(ValueError, match="The bet is on width 2, width 4, width 8; the candidates are width 2"):
        settle(bet, {"width 2": candidates["width 2"]}, two_colours)
    other = Splits(two_colours.train.subset(range(20)), two_colours.held_out)
    with pytest.raises(ValueError, match="'width 2', or the training images, are not those"):
        settle(bet, candidates, other)
    with torch.no_grad():
        candidates["width 4"][0].weight += 0.01
    with pytest.raises(ValueError, match=r"'width 4', or the training images, are not those.*new bet"):
        settle(bet, candidates, two_colours)


def test_what_cannot_be_settled_is_told(candidates, two_colours):
    bet = Bet(score_backbones(candidates, two_colours))
    with pytest.raises(ValueError, match="'from_scratch' throws the candidates' weights away"):
        settle(bet, candidates, two_colours, from_scratch())
    with pytest.raises(ValueError, match="Did you mean 'fine_tuning'"):
        settle(bet, candidates, two_colours, "finetuning")
    with pytest.raises(ValueError, match="First comes a bet"):
        settle(score_backbones(candidates, two_colours), candidates, two_colours)
    with pytest.raises(ValueError, match="data are Splits; you gave ImageSet"):
        settle(bet, candidates, two_colours.train)
    for seeds in ((), (-1,), (0.5,), (True,), "ab"):
        with pytest.raises(ValueError, match="seeds are whole numbers"):
            settle(bet, candidates, two_colours, seeds=seeds)
    with pytest.raises(ValueError, match="seeds are a list"):
        settle(bet, candidates, two_colours, seeds=None)


class NoClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))


def test_a_candidate_that_cannot_be_trained_is_named(candidates, two_colours):
    mixed = {**candidates, "none": NoClassifier()}
    bet = Bet(score_backbones(mixed, two_colours))
    assert bet.ranks("leep").keys() == candidates.keys()
    with pytest.raises(ValueError, match=r"'none' could not be trained: .*classifier"):
        settle(bet, mixed, two_colours, feature_extraction(epochs=1), seeds=(0,), cache=False, progress=False)


@pytest.fixture
def dead_above():
    """A network whose layer3 gives the same for every image, and so does all above it."""
    torch.manual_seed(0)
    model = SmallResNet(5, width=8)
    with torch.no_grad():
        for parameter in model.layer3.parameters():
            parameter.zero_()
    return model


def test_a_stage_that_is_the_same_for_every_image_is_foretold_and_found_to_know_nothing(dead_above, two_colours):
    bet = Bet(score_stages(dead_above, two_colours))
    assert bet.names == ("conv1", "layer1", "layer2", "layer3", "layer4")
    settled = settle_stages(bet, dead_above, two_colours, seeds=(0, 1))
    assert all(min(settled.accuracies[stage]) == 1 for stage in bet.names[:3])  # red and blue
    assert all(settled.accuracies[stage] == (0.5, 0.5) for stage in bet.names[3:])  # one class for all
    for score in ("logme", "h_score", "linear_probe"):
        assert min(bet.ranks(score)[stage] for stage in bet.names[3:]) == 4
        assert settled.agreement(score).spearman > 0.5
    assert set(settled.reasons) == {"leep", "nce"}


def test_stages_are_settled_the_same_every_time_and_stay_as_they_are(two_colours):
    torch.manual_seed(1)
    model = SmallResNet(5, width=8).train()
    weights, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    bet = Bet(score_stages(model, two_colours))
    first, second = (settle_stages(bet, model, two_colours, seeds=(0, 4), epochs=2) for _ in range(2))
    assert first == second
    assert model.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_scale_of_a_stage_does_not_matter():
    """Features 1,024 times larger give the same heads, since these see them scaled."""
    data = Splits(noise_images(24), noise_images(24, seed=1))
    shallow = tiny_network()
    small = nn.Sequential(*shallow[:4], nn.Conv2d(8, 8, 1), *shallow[4:])
    large = copy.deepcopy(small)
    with torch.no_grad():
        large[2].weight *= 1024  # a power of two, so that nothing is rounded otherwise
        large[2].bias *= 1024
    found = [settle_stages(Bet(score_stages(one, data)), one, data, epochs=3).accuracies for one in (small, large)]
    assert len(found[0]) == 3
    second = list(found[0])[1]
    assert found[0][second] == found[1][second]


def test_stages_of_another_network_are_told(two_colours):
    torch.manual_seed(1)
    model, other = SmallResNet(5, width=8), SmallResNet(5, width=8)
    bet = Bet(score_stages(model, two_colours))
    with pytest.raises(ValueError, match="'conv1', or the training images, are not those"):
        settle_stages(bet, other, two_colours)
    with pytest.raises(ValueError, match=r"one network; you gave dict.*settle\(\)"):
        settle_stages(bet, {"a": model}, two_colours)
    named = dict.fromkeys("abc", model)
    with pytest.raises(ValueError, match="The bet is on a, b, c, and this network's stages are conv1, layer1"):
        settle_stages(Bet(score_backbones(named, two_colours)), model, two_colours)
