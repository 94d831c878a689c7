import math

import pytest
import torch

from transferlab.audit.calibration import calibration


def two_classes(confidences):
    """Probabilities of two classes in which class 0 is answered with these confidences."""
    p = torch.tensor(confidences, dtype=torch.float64)
    return torch.stack([p, 1 - p], 1)


def test_by_hand():
    # Bin (0.6, 0.7]: confidences 0.65 and 0.7, one right: |0.5 − 0.675| = 0.175, half of the images.
    # Bin (0.9, 1]: confidences 0.95 and 1, both right: |1 − 0.975| = 0.025, the other half.
    found = calibration(two_classes([0.65, 0.7, 0.95, 1.0]), torch.tensor([0, 1, 0, 0]))
    assert found.error == pytest.approx(0.5 * 0.175 + 0.5 * 0.025)
    assert [(one.low, one.num_images) for one in found.bins] == [(0.6, 2), (0.9, 2)]
    assert found.bins[0].accuracy == 0.5
    assert found.bins[0].confidence == pytest.approx(0.675)


def test_a_sure_model_that_is_always_wrong_is_off_by_one():
    assert calibration(two_classes([1.0] * 5), torch.ones(5, dtype=torch.int64)).error == pytest.approx(1.0)


def test_what_luck_alone_gives_is_what_perfect_models_show():
    generator = torch.Generator().manual_seed(0)
    confidences = (0.55 + 0.1 * (torch.arange(120) % 5)).tolist()  # all bins of a kind hold 24 images
    p = two_classes(confidences)
    errors = []
    for _ in range(400):
        labels = (torch.rand(120, generator=generator) > p[:, 0]).long()
        errors.append(calibration(p, labels).error)
    by_luck = calibration(p, torch.zeros(120, dtype=torch.int64)).by_luck
    assert by_luck == pytest.approx(sum(errors) / 400, rel=0.05)
    one_bin = math.sqrt(2 / math.pi * 100 * 0.75 * 0.25) / 100
    assert calibration(two_classes([0.75] * 100), torch.zeros(100, dtype=torch.int64)).by_luck == pytest.approx(one_bin)


def test_few_images_come_with_a_warning():
    assert calibration(two_classes([0.8] * 100), torch.zeros(100, dtype=torch.int64)).warning is None
    warning = calibration(two_classes([0.8] * 30), torch.zeros(30, dtype=torch.int64)).warning
    assert "30 images says little" in warning
    assert "100 images or more" in warning


def test_what_is_no_probability_is_refused():
    labels = torch.tensor([0, 1])
    with pytest.raises(ValueError, match=r"logits\.softmax\(1\)"):
        calibration(torch.tensor([[2.0, -1.0], [0.0, 3.0]]), labels)
    with pytest.raises(ValueError, match=r"softmax"):
        calibration(torch.tensor([[torch.nan, 1.0], [0.0, 1.0]]), labels)
    with pytest.raises(ValueError, match="at least one"):
        calibration(torch.zeros(0, 2), labels[:0])
    with pytest.raises(ValueError, match="num_bins"):
        calibration(two_classes([0.6, 0.6]), labels, num_bins=0)
