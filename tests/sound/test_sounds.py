"""Sounds as samples, and that the same training loop takes them."""

import pytest
import torch

from transferlab.data.labelled import Splits
from transferlab.data.sounds import SoundSet
from transferlab.inference import model_input

SAMPLES = torch.arange(-8, 8, dtype=torch.int16).view(4, 4)


def sounds(**fields):
    return SoundSet(**{"samples": SAMPLES, "labels": torch.tensor([0, 1, 0, 1]), "class_names": ("a", "b"), **fields})


def test_it_is_counted_chosen_and_divided_like_images():
    data = sounds(files=("1", "2", "3", "4"), rate=4)
    assert data.counts() == {"a": 2, "b": 2}
    assert data.seconds == 1.0
    assert data.subset([2]).files == ("3",)
    assert data.subset(data.labels == 1).samples.tolist() == SAMPLES[[1, 3]].tolist()
    split = data.split(0.5, seed=0)
    assert isinstance(split, Splits)
    assert sorted([*split.train.files, *split.held_out.files]) == ["1", "2", "3", "4"]
    assert repr(data) == "SoundSet(4 sounds of 1 s at 4 Hz, 2 classes: a 2, b 2)"
    assert (
        repr(sounds(name="bells", rate=8).subset([0]))
        == "SoundSet('bells', 1 sound of 0.5 s at 8 Hz, 2 classes: a 1, b 0)"
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"samples": SAMPLES.float()}, r"int16 tensor of shape \(N, T\); you gave float32.*Type \(samples.clamp"),
        ({"samples": SAMPLES[:, None]}, "one channel of several"),
        ({"samples": SAMPLES[:, :0]}, "a sound one sample"),
        ({"samples": SAMPLES.numpy()}, "torch.from_numpy"),
        ({"samples": [1, 2]}, "a list"),
        ({"labels": torch.tensor([0, 1, 0, 2])}, "0…1"),
        ({"labels": torch.tensor([0, 1])}, r"shape \(4,\)"),
        ({"class_names": ("a", "a")}, "different names"),
        ({"files": ("one",)}, "each of the 4 sounds"),
        ({"rate": 16e3}, "whole number of samples a second"),
        ({"rate": 0}, "whole number of samples a second"),
        ({"label_safe": ("flip",)}, "no augmentation"),
    ],
)
def test_what_is_wrong_is_said(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        sounds(**change)


def test_a_network_gets_floats_within_one():
    model = torch.nn.Linear(4, 2)
    extremes = torch.tensor([[-32_768, -1, 0, 32_767]], dtype=torch.int16)
    assert model_input(model, extremes).tolist() == [[-1.0, -1 / 32_768, 0.0, 32_767 / 32_768]]


def test_two_sets_of_other_lengths_are_refused_in_words_for_sounds():
    short = sounds(samples=SAMPLES[:, :2].contiguous())
    with pytest.raises(ValueError, match="held-out sounds"):
        Splits(sounds(), short)
