import math

import pytest
import torch

from transferlab.explain.checks.estimate import Estimate, estimate


def test_the_mean_leaves_out_what_is_not_a_number():
    found = estimate(torch.tensor([1.0, torch.nan, 3.0]))
    assert (found.mean, found.num_images) == (2.0, 2)
    assert 1.0 <= found.low < found.mean < found.high <= 3.0
    assert estimate(torch.tensor([torch.nan])) is None
    assert estimate(torch.tensor([])) is None


def test_one_image_says_nothing_about_others():
    assert estimate(torch.tensor([4.0])) == Estimate(4.0, -math.inf, math.inf, 1)


def test_the_interval_is_that_of_the_normal_for_many_images_and_seeded():
    values = torch.randn(400, generator=torch.Generator().manual_seed(3)) * 2
    found = estimate(values)
    half = 1.96 * values.std().item() / 20
    assert found.low == pytest.approx(found.mean - half, abs=0.02)
    assert found.high == pytest.approx(found.mean + half, abs=0.02)
    assert estimate(values) == found
    assert estimate(values, seed=1) != found
    assert str(Estimate(-0.001, -0.5, 0.25, 3)) == "0.00 (-0.50 … 0.25)"
