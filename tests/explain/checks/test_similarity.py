import pytest
import torch
from scipy.stats import spearmanr

from transferlab.explain.checks.similarity import spearman, ssim


def test_rank_correlation_is_scipys_with_ties_too():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 4, 9, 7, generator=generator)
    other = (other + one).clamp_min(0)  # many zeros, as in Grad-CAM
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(one, other, strict=True)]
    assert spearman(one, other).tolist() == pytest.approx(expected)


def test_rank_correlation_by_hand():
    one = torch.tensor([[[1.0, 2], [3, 4]]])
    assert spearman(one, one.exp()).item() == pytest.approx(1)
    assert spearman(one, -one).item() == pytest.approx(-1)
    assert spearman(one, torch.tensor([[[1.0, 2], [4, 3]]])).item() == pytest.approx(0.8)  # 1 − 6 · 2 / (4 · 15)


def test_a_blank_map_is_like_nothing():
    blank, shown = torch.zeros(1, 8, 8), torch.arange(64.0).view(1, 8, 8)
    for measure in (spearman, ssim):
        assert measure(blank, shown).isnan().all()
        assert measure(shown, blank).isnan().all()


def test_structural_similarity_by_hand():
    shown = torch.rand(2, 12, 12, generator=torch.Generator().manual_seed(0))
    assert ssim(shown, -3 * shown).tolist() == pytest.approx([1, 1])
    # One window of 2×2: means 0.5 and 0.5, variances 1/3 (of the sample) each, covariance −1/3.
    one, other = torch.tensor([[[1.0, 1], [0, 0]]]), torch.tensor([[[0.0, 0], [1, 1]]])
    c1, c2 = 1e-4, 9e-4
    expected = (0.5 + c1) * (-2 / 3 + c2) / ((0.5 + c1) * (2 / 3 + c2))
    assert ssim(one, other).item() == pytest.approx(expected)
