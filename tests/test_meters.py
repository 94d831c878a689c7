import pytest
import torch

from transferlab.meters import accuracy, agreement, linear_cka, mean_interval, wilson_interval


def test_accuracy_counts_by_hand():
    logits = torch.tensor([[0.1, 0.9, 0.0], [0.8, 0.2, 0.0], [0.0, 0.1, 0.3]])
    assert accuracy(logits, torch.tensor([1, 1, 2])) == pytest.approx(2 / 3)


def test_accuracy_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no images"):
        accuracy(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64))


def test_agreement_asks_for_the_same_choice_not_the_same_scores():
    assert agreement(torch.tensor([[1.0, 2.0], [5.0, 1.0]]), torch.tensor([[0.0, 9.0], [0.0, 9.0]])) == 0.5


# Agresti & Coull's worked figures and the closed form at the ends: 0 of n gives z²/(n + z²).
@pytest.mark.parametrize(
    ("share", "number", "low", "high"),
    [(0.5, 100, 0.4038, 0.5962), (0.0, 10, 0.0, 3.8416 / 13.8416), (1.0, 10, 10 / 13.8416, 1.0)],
)
def test_wilson_interval(share, number, low, high):
    assert wilson_interval(share, number) == pytest.approx((low, high), abs=1e-4)


def test_mean_interval_by_hand():
    # Mean 0.72, standard deviation 0.02, t(2) = 4.303, so half = 4.303 × 0.02 / √3.
    assert mean_interval([0.70, 0.74, 0.72]) == pytest.approx((0.72, 4.303 * 0.02 / 3**0.5))


def test_student_t_against_scipy_where_it_is():
    stats = pytest.importorskip("scipy.stats", reason="scipy, the oracle, is not installed")
    for runs in range(2, 32):
        values = [0.0] * (runs - 1) + [1.0]
        _, half = mean_interval(values)
        expected = stats.t.ppf(0.975, runs - 1) * stats.sem(values)
        assert half == pytest.approx(expected, rel=1e-3)


def test_an_interval_of_one_run_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        mean_interval([0.5])


def test_linear_cka_is_blind_to_rotation_and_scale_and_to_nothing_else():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 6, generator=generator, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))
    assert linear_cka(x, 3 * x @ rotation + 5) == pytest.approx(1.0)
    y = torch.randn(50, 4, generator=generator, dtype=torch.float64)
    # Kornblith et al., equation 3, in the space of features
    a, b = x - x.mean(0), y - y.mean(0)
    expected = (b.T @ a).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())
    assert linear_cka(x, y) == pytest.approx(expected.item())
    assert linear_cka(torch.ones(5, 2), torch.ones(5, 3)) == 1.0
    assert linear_cka(torch.ones(5, 2), torch.randn(5, 3, generator=generator)) == 0.0
