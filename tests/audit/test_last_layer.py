import copy

import pytest
import torch
from torch import nn

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.answers import answers_of, last_layer_features
from transferlab.audit.last_layer import folded, softmax_regression, standardised, with_last_layer


def test_the_solution_is_the_one_where_the_slope_is_zero():
    # The problem is strictly convex in the weights, so that a point without slope is the solution.
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 3
    features = 5 * torch.randn(90, 4, generator=generator) + labels[:, None] + 100
    weight, bias = softmax_regression(features, labels, 3, strength=0.2)
    x, _, scale = standardised(features)
    error = (features.double() @ weight.T + bias).softmax(1) - torch.nn.functional.one_hot(labels, 3)  # (N, C)
    slope = error.T @ x / 90 + 0.2 * weight * scale  # of cross-entropy, and of 0.2 / 2 · squared weights
    assert slope.abs().max() < 1e-5
    assert error.mean(0).abs().max() < 1e-5
    assert weight.abs().max() > 0.01


def test_folding_changes_nothing_and_constant_features_do_no_harm():
    features = torch.tensor([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])
    x, mean, scale = standardised(features)
    assert x[:, 0].tolist() == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert x[:, 1].tolist() == [0, 0, 0]
    weight, bias = torch.tensor([[2.0, 1.0]], dtype=torch.float64), torch.tensor([0.5], dtype=torch.float64)
    new_weight, new_bias = folded(weight, bias, mean, scale)
    assert torch.allclose(features.double() @ new_weight.T + new_bias, x @ weight.T + bias)


def test_the_new_layer_is_in_a_copy():
    model, images = TwoEvidences(), two_evidences(12, 0.8, seed=0)
    model.conv.weight.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    weight, bias = torch.tensor([[1.0, 2], [3, 4]]).double(), torch.tensor([5.0, 6]).double()
    new = with_last_layer(model, weight, bias)
    assert torch.equal(new.fc.weight, weight.float())
    assert torch.equal(new.fc.bias, bias.float())
    assert not new.conv.weight.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    expected = last_layer_features(model, images) @ weight.float().T + bias.float()
    assert torch.allclose(answers_of(new, images), expected, atol=1e-5)


def test_a_layer_without_a_bias_gets_one():
    model = TwoEvidences()
    model.fc = nn.Linear(2, 2, bias=False)
    new = with_last_layer(model, torch.eye(2), torch.tensor([1.0, 2.0]))
    assert new.fc.bias.tolist() == [1, 2]
    assert model.fc.bias is None


def test_no_strength_is_refused():
    for strength in (0, -1, float("nan"), "0.1", True):
        with pytest.raises(ValueError, match="strength is a number above 0"):
            softmax_regression(torch.zeros(2, 1), torch.tensor([0, 1]), 2, strength)
