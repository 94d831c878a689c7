import copy
from fractions import Fraction

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet
from transferlab.explain.separability import between_share, left_out_accuracy, separability, stage_separability


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_the_share_between_by_hand():
    # W = 1/2 + 1/2, T = 17, N = 4, K = 2: 1 − (1 / 2) / (17 / 3)
    assert between_share(column(0, 1, 4, 5), torch.tensor([0, 0, 1, 1])) == pytest.approx(float(Fraction(31, 34)))
    assert between_share(column(0, 0, 1, 1), torch.tensor([0, 0, 1, 1])) == 1
    assert between_share(column(0, 1, 0, 1), torch.tensor([0, 0, 1, 1])) == 0  # ε² = −0.5


def test_the_share_between_agrees_with_the_f_test_of_scipy():
    from scipy.stats import f_oneway

    x = torch.randn(30, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.arange(30) % 3
    x[y == 2] += 1.5
    f = f_oneway(*(x[y == k, 0].numpy() for k in range(3))).statistic
    assert between_share(x, y) == pytest.approx(2 * (f - 1) / (2 * f + 27))


def test_the_nearest_mean_by_hand():
    # Means 1 and 5, squares within 1, 1, 4, 4. For 3, of the class {3, 7}: the rest vary by (10 − 8) / 1 = 2, so that
    # its own class is (7 − 3)² − 2 / 1 = 14 away and the other (3 − 1)² − 2 / 2 = 3. The other three are right.
    assert left_out_accuracy(column(0, 2, 3, 7), torch.tensor([0, 0, 1, 1])) == 0.75


def test_the_nearest_mean_agrees_with_leaving_each_image_out_in_turn():
    generator = torch.Generator().manual_seed(1)
    y = torch.tensor([0] * 3 + [1] * 5 + [2] * 4)
    x = torch.randn(12, 6, generator=generator, dtype=torch.float64) + 0.8 * y[:, None]
    right = 0
    for i in range(12):
        others = torch.arange(12) != i
        classes = [x[others & (y == k)] for k in range(3)]
        within = sum((one - one.mean(0)).square().sum() for one in classes) / (11 - 3)
        away = torch.stack([(x[i] - one.mean(0)).square().sum() - within / len(one) for one in classes])
        right += int(away.argmin() == y[i])
    assert 0 < right < 12
    assert left_out_accuracy(x, y) == pytest.approx(right / 12)


def test_labels_without_meaning_give_chance_in_any_number_of_dimensions():
    generator = torch.Generator().manual_seed(2)
    y = torch.arange(40) % 8
    for dimensions in (3, 2000):
        shares, accuracies = [], []
        for _ in range(60):
            x = torch.randn(40, dimensions, generator=generator, dtype=torch.float64)
            shares.append(between_share(x, y))
            accuracies.append(left_out_accuracy(x, y))
        assert sum(shares) / 60 < 0.04  # uncorrected it would be 7 / 39 = 0.18
        assert 0.09 < sum(accuracies) / 60 < 0.18  # chance is 0.125; uncorrected, 2000 dimensions give 0


def test_features_that_do_not_vary_tell_nothing_apart():
    found = separability("layer1", torch.full((6, 4), 0.1), torch.tensor([0, 0, 1, 1, 2, 2]))
    assert found.between == 0
    assert found.accuracy == pytest.approx(1 / 3) == found.chance


def test_rows_a_stage_and_a_model_that_stays_as_it_is(two_colours):
    torch.manual_seed(0)
    model = SmallResNet(2, width=8).train()
    before = copy.deepcopy(model.state_dict())
    rows = stage_separability(model, two_colours.held_out)
    assert [row.stage for row in rows] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    assert rows[0].accuracy == 1  # red and blue
    assert rows[0].interval[1] == 1
    assert (rows[0].num_images, rows[0].num_classes, rows[0].chance) == (16, 2, 0.5)
    assert all(0 <= row.between <= 1 for row in rows)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert stage_separability(model, two_colours.held_out) == rows


def test_classes_without_images_do_not_count(two_colours):
    images = two_colours.held_out
    more = ImageSet(images.images, images.labels * 2, ("red", "green", "blue"))
    model = SmallResNet(2, width=8)
    assert stage_separability(model, more) == stage_separability(model, images)


def test_what_cannot_be_told_apart_is_said(two_colours):
    model, images = SmallResNet(2, width=8), two_colours.held_out
    with pytest.raises(ValueError, match="images of red alone"):
        stage_separability(model, images.subset([0, 2]))
    with pytest.raises(ValueError, match="one of: blue"):
        stage_separability(model, images.subset([0, 2, 1]))
    with pytest.raises(ValueError, match="you gave Tensor"):
        stage_separability(model, images.images)
