import pytest
import torch

from transferlab.meters import accuracy, agreement, mean_interval, wilson_interval


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
