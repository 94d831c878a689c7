import dataclasses

import pytest
import torch

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.group_dro import group_dro, robust_head


@pytest.fixture(scope="module")
def train():
    return two_evidences(600, 0.95, seed=0)


def four_images():
    """One image in each cell, so that the draws do not matter; one feature, 1, 3, 5, 7 with mean 4 and variance 5."""
    images = two_evidences(4, 1.0, seed=0)
    images = dataclasses.replace(images, labels=torch.tensor([0, 0, 1, 1]), groups=torch.tensor([0, 1, 0, 1]))
    return torch.tensor([[1.0], [3.0], [5.0], [7.0]]), images


def test_the_first_step_by_hand():
    features, images = four_images()
    weight, bias = robust_head(features, images, steps=1, lr=0.5, strength=0.1)
    # From zero every loss is ln 2, so the weights q stay 1/4. The slope by the score of class 1 is p − y: +½ for the
    # two of class 0, −½ for the two of class 1. x = (−3, −1, 1, 3) / √5: its slope is ¼ · ½ · (−3 − 1 − 1 − 3) / √5
    # = −1 / √5; one step of 0.5 gives 0.5 / √5, and folded back 0.5 / 5 = 0.1 by a feature of mean 4.
    assert weight[:, 0].tolist() == pytest.approx([-0.1, 0.1])
    assert bias.tolist() == pytest.approx([0.4, -0.4])


def test_the_second_step_weighs_the_cells_by_their_loss():
    features, images = four_images()
    weight, _ = robust_head(features, images, steps=2, lr=0.5, step_size=2.0, strength=0.1)
    x = torch.tensor([-3.0, -1, 1, 3], dtype=torch.float64) / 5**0.5
    w = 0.5 / 5**0.5  # of class 1 after the first step, −w of class 0; no bias
    wrong = torch.sigmoid(-2 * w * x.abs())  # the probability of the wrong class, since the sign of x is the class
    q = (2.0 * -(1 - wrong).log()).exp()
    q = q / q.sum()
    slope = -(q * wrong * x.abs()).sum()
    expected = w - 0.5 * (slope + 0.1 * w)
    assert weight[1, 0].item() == pytest.approx(expected.item() / 5**0.5)


def test_the_worst_cell_is_served_better_than_by_the_mean(train):
    held_out = two_evidences(1200, 0.5, seed=1)
    model = TwoEvidences()
    fairer, report = group_dro(model, train)
    after = bias_audit(fairer, held_out)
    assert bias_audit(model, held_out).main.worst.accuracy == 0
    for group in after.main.groups:  # Φ(1.5) where the green is not used
        assert group.accuracy == pytest.approx(0.933, abs=0.05)
    assert report.num_images == len(train)
    assert dict(report.cells)["low, tag agrees"] > dict(report.cells)["low, tag disagrees"] > 0


def test_the_same_seed_gives_the_same_bits(train):
    model = TwoEvidences()
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one, other, another = (group_dro(model, train, seed=seed, steps=20)[0] for seed in (1, 1, 2))
    assert torch.equal(one.fc.weight, other.fc.weight)
    assert not torch.equal(one.fc.weight, another.fc.weight)
    assert torch.equal(torch.get_rng_state(), state)


def test_empty_cells_do_not_count():
    images = two_evidences(40, 1.0, seed=0)
    images = dataclasses.replace(images, groups=images.labels.clone())  # all of "low" agree, all of "high" do not
    _, report = group_dro(TwoEvidences(), images, steps=5)
    assert dict(report.cells) == {
        "low, tag agrees": 20, "low, tag disagrees": 0, "high, tag agrees": 0, "high, tag disagrees": 20
    }  # fmt: skip


def test_bad_numbers(train):
    with pytest.raises(ValueError, match="steps"):
        group_dro(TwoEvidences(), train, steps=0)
    with pytest.raises(ValueError, match="step_size"):
        group_dro(TwoEvidences(), train, step_size=-1.0)
    with pytest.raises(ValueError, match="lr must be"):
        group_dro(TwoEvidences(), train, lr="fast")
    with pytest.raises(ValueError, match="strength"):
        group_dro(TwoEvidences(), train, strength=0)
