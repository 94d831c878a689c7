import pytest
import torch
from torch import nn

from transferlab.backbones import load
from transferlab.explain.requests import as_input, class_names, first_answer, pictures, targets_of
from transferlab.inference import model_input


def test_pictures_by_any_of_three_ways():
    one = torch.zeros(3, 8, 8, dtype=torch.uint8)
    assert pictures(one).shape == pictures(one[None]).shape == (1, 3, 8, 8)
    assert pictures(torch.zeros(2, 3, 8, 8)).dtype == torch.float32


def test_bytes_are_normalised_and_floats_taken_as_they_are():
    model = load("bundled")
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    assert torch.equal(as_input(model, pixels), model_input(model, pixels))
    x = torch.randn(2, 3, 64, 64)
    assert torch.equal(as_input(model, x), x)


def test_targets():
    logits = torch.tensor([[0.0, 2], [3, 1], [0, 1]])
    assert targets_of(None, logits, ()).tolist() == [1, 0, 1]
    assert targets_of(1, logits, ()).tolist() == [1, 1, 1]
    assert targets_of("bee", logits, ("ant", "bee")).tolist() == [1, 1, 1]
    assert targets_of([0, 1, 0], logits, ()).tolist() == [0, 1, 0]
    assert targets_of(torch.tensor([0, 1, 1]), logits, ()).dtype == torch.int64
    with pytest.raises(ValueError, match="This model's classes are: 0, 1"):
        targets_of("bee", logits, ())


def test_names_of_a_head_that_was_replaced_are_not_the_cards():
    model = load("bundled")
    assert class_names(model, 232)[0] == model.card.class_names[0]
    assert class_names(model, 8) == ()
    assert class_names(nn.Linear(2, 2), 2) == ()


def test_a_refused_image_names_the_size_of_the_card():
    model = load("bundled")
    with pytest.raises(ValueError, match="Its card says 64×64"):
        first_answer(model, model, torch.zeros(1, 1, 64, 64))
