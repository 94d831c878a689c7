import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf

from transferlab.transferability import SCORES, h_score, leep, linear_probe, logme, nce

LOG_2PI = math.log(2 * math.pi)
OF_FEATURES = {"h_score": h_score, "logme": logme, "linear_probe": linear_probe}


def doubles(rows):
    return torch.tensor(rows, dtype=torch.float64)


def problem(number=30, features=5, classes=3, seed=0, signal=1.0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(number) % classes
    centres = signal * torch.randn(classes, features, generator=generator, dtype=torch.float64)
    return centres[labels] + torch.randn(number, features, generator=generator, dtype=torch.float64), labels


def rotation(size, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]


def test_every_score_has_a_label():
    assert list(SCORES) == ["leep", "nce", "logme", "h_score", "linear_probe"]


def test_leep_by_hand():
    theta = doubles([[1, 0], [1, 0], [0, 1], [0.5, 0.5]])
    labels = torch.tensor([0, 0, 1, 1])
    # P(z = 0) = 2.5 / 4 and P(z = 1) = 1.5 / 4, of which label 0 has 2 / 4 and 0:
    zero_given_0, one_given_0, one_given_1 = 2 / 2.5, 0.5 / 2.5, 1.5 / 1.5
    expected = [zero_given_0, zero_given_0, one_given_1, 0.5 * one_given_0 + 0.5 * one_given_1]
    assert leep(theta, labels) == pytest.approx(sum(map(math.log, expected)) / 4)


def test_leep_image_by_image_and_label_by_label():
    generator = torch.Generator().manual_seed(3)
    theta = torch.randn(20, 7, generator=generator).softmax(1)
    labels = torch.randint(3, (20,), generator=generator)
    total = 0.0
    for i in range(20):
        said = 0.0
        for z in range(7):
            together = sum(theta[j, z].item() for j in range(20) if labels[j] == labels[i])
            said += theta[i, z].item() * together / sum(theta[j, z].item() for j in range(20))
        total += math.log(said) / 20
    assert leep(theta, labels) == pytest.approx(total)


def test_nce_by_hand():
    source, labels = torch.tensor([5, 5, 5, 9]), torch.tensor([0, 0, 1, 1])
    # Of three images of source class 5 two are label 0; source class 9 is label 1.
    assert nce(source, labels) == pytest.approx((2 * math.log(2 / 3) + math.log(1 / 3)) / 4)
    assert nce(torch.tensor([7, 7, 3, 3]), labels) == 0
    assert nce(torch.tensor([7, 7, 7, 7]), labels) == pytest.approx(-math.log(2))


def test_leep_of_certain_answers_is_nce():
    generator = torch.Generator().manual_seed(0)
    source = torch.randint(4, (40,), generator=generator)
    labels = torch.randint(3, (40,), generator=generator)
    certain = torch.nn.functional.one_hot(source, 4).float()
    assert leep(certain, labels) == pytest.approx(nce(source, labels))


def test_h_score_by_hand():
    x = doubles([[0], [2], [4], [6]])
    # Variance (9 + 1 + 1 + 9) / 4 = 5; the class means 1 and 5 have variance 4.
    assert h_score(x, torch.tensor([0, 0, 1, 1]), shrinkage=False) == pytest.approx(4 / 5)
    cross = doubles([[2, 0], [-2, 0], [0, 1], [0, -1]])
    labels = torch.tensor([0, 1, 0, 1])
    # Covariance diag(2, 1/2); class means ±(1, 1/2), so that the trace is 1/2 + (1/4) / (1/2).
    assert h_score(cross, labels, shrinkage=False) == pytest.approx(1 / 2 + 1 / 2)


def test_shrunk_h_score_by_hand():
    cross, labels = doubles([[2, 0], [-2, 0], [0, 1], [0, -1]]), torch.tensor([0, 1, 0, 1])
    # Ledoit & Wolf with D = 2, N = 4: the covariance S = diag(2, 1/2) is drawn towards μ = 5/4 on the diagonal.
    size = 4 + 1 / 4  # ‖S‖²
    noise = ((16 + 16 + 1 + 1) / 4 - size) / 4 / 2  # (mean of ‖x‖⁴ − ‖S‖²) / N / D
    distance = (size - 2 * (5 / 4) * (5 / 2) + 2 * (5 / 4) ** 2) / 2  # ‖S − μI‖² / D
    share = noise / distance
    assert share == pytest.approx(17 / 18)
    first, second = (1 - share) * 2 + share * 5 / 4, (1 - share) / 2 + share * 5 / 4
    assert h_score(cross, labels) == pytest.approx((1 - share) * (1 / first + 0.25 / second))


@pytest.mark.parametrize(("number", "features"), [(60, 5), (24, 40)])
def test_shrunk_h_score_with_scikit_learns_covariance(number, features):
    x, labels = problem(number, features)
    covariance, share = ledoit_wolf(x.numpy())
    means = np.stack([x[labels == k].mean(0).numpy() for k in labels])
    expected = np.trace(np.linalg.solve(covariance, (1 - share) * np.cov(means.T, bias=True)))
    assert 0.01 < share < 0.99
    assert h_score(x, labels) == pytest.approx(expected)


def test_without_shrinkage_many_features_get_the_best_score_there_is():
    noise, labels = problem(24, 40, signal=0.0)
    assert h_score(noise, labels, shrinkage=False) == pytest.approx(2)  # classes less one, for pure noise
    told = problem(24, 40, signal=1.0)[0]
    assert h_score(noise, labels) < 0.7 * h_score(told, labels)


def test_h_score_without_shrinkage_does_not_mind_any_invertible_map():
    x, labels = problem()
    mixing = doubles([[1, 2, 0, 0, 0], [0, 1, 3, 0, 0], [0, 0, 1, 0, 5], [0, 0, 0, 2, 1], [1, 0, 0, 0, 1]])
    assert h_score(x @ mixing + 7, labels, False) == pytest.approx(h_score(x, labels, False))


def test_logme_by_hand():
    # One feature (1, 1, 0, 0), so s² = 2 and the only direction is u = (1, 1, 0, 0) / √2. With q = 1 + (β/α) s² and the
    # best noise for it, minus twice the evidence is N log(2π) + N log((a / q + b) / N) + log q + N, where a = (uᵀy)² is
    # what the feature sees of the labels and b the rest; it is least at q = (N − 1) a / b, but never below 1.
    features, labels = doubles([[1], [1], [0], [0]]), torch.tensor([0, 1, 1, 0])
    # Class 0 is (1, 0, 0, 1): a = 1/2, b = 3/2, q = 3 · (1/2) / (3/2) = 1; class 1 is (0, 1, 1, 0), just so.
    expected = -0.5 * (LOG_2PI + math.log(2 / 4) + 1)
    assert logme(features, labels) == pytest.approx(expected, abs=1e-6)
    # (1, 1, 0, 0, 0) with labels (0, 0, 0, 1, 1). Class 0 is (1, 1, 1, 0, 0): a = 2, b = 1, q = 4 · 2 / 1 = 8.
    first = -0.5 * (5 * LOG_2PI + 5 * math.log((2 / 8 + 1) / 5) + math.log(8) + 5)
    # Class 1 is (0, 0, 0, 1, 1): a = 0, b = 2, and q = 1: the feature is not used.
    second = -0.5 * (5 * LOG_2PI + 5 * math.log(2 / 5) + 5)
    features, labels = doubles([[1], [1], [0], [0], [0]]), torch.tensor([0, 0, 0, 1, 1])
    assert logme(features, labels) == pytest.approx((first + second) / 2 / 5)


@pytest.mark.parametrize(
    ("number", "features", "signal"), [(30, 4, 1.0), (30, 4, 0.0), (12, 20, 1.0), (12, 20, 0.3), (40, 40, 0.5)]
)
def test_logme_is_the_greatest_evidence_that_an_optimiser_finds(number, features, signal):
    x, labels = problem(number, features, signal=signal)
    gram = (x @ x.T).numpy()
    best = []
    for k in range(3):
        y = (labels == k).double().numpy()

        def minus_evidence(logs, y=y):
            covariance = math.exp(logs[0]) * gram + math.exp(logs[1]) * np.eye(number)
            return -multivariate_normal.logpdf(y, cov=covariance, allow_singular=True) / number

        # From many places, so that no local maximum is taken for the greatest.
        grid = [(a, b) for a in range(-9, 3, 3) for b in range(-9, 3, 3)]
        starts = sorted(grid, key=minus_evidence)[:3]
        limits = [(-25, 10), (-12, 5)]
        best.append(-min(minimize(minus_evidence, one, bounds=limits).fun for one in starts))
    assert logme(x, labels) == pytest.approx(sum(best) / 3, abs=1e-4)
    assert logme(x, labels) >= sum(best) / 3 - 1e-6  # as good as the optimiser's, or better


def test_linear_probe_by_hand():
    # Three 0s and a 1 at −1, three 1s and a 0 at +1: whoever is left out is told by the majority of those at its place.
    x = doubles([[-1], [-1], [-1], [-1], [1], [1], [1], [1]])
    assert linear_probe(x, torch.tensor([0, 0, 0, 1, 1, 1, 1, 0])) == pytest.approx(6 / 8)
    assert linear_probe(x, torch.tensor([3, 3, 3, 3, 8, 8, 8, 8])) == 1


def test_linear_probe_is_the_best_of_leaving_each_one_out():
    x, labels = problem(24, 4, signal=0.8)
    x = (x - x.mean(0)) / x.std(0, correction=0)
    targets = torch.nn.functional.one_hot(labels, 3).double()
    found = []
    for power in range(-8, 9):
        right = 0
        for i in range(24):
            rest = [j for j in range(24) if j != i]
            mean, centre = x[rest].mean(0), targets[rest].mean(0)
            gram = (x[rest] - mean).T @ (x[rest] - mean) + 10 ** (power / 2) * 24 * torch.eye(4, dtype=x.dtype)
            weight = torch.linalg.solve(gram, (x[rest] - mean).T @ (targets[rest] - centre))
            right += int((centre + (x[i] - mean) @ weight).argmax() == labels[i])
        found.append(right / 24)
    assert max(found) > min(found)
    assert linear_probe(x, labels) == pytest.approx(max(found))


@pytest.mark.parametrize("score", OF_FEATURES.values(), ids=OF_FEATURES)
@pytest.mark.parametrize("features", [5, 45])
def test_rotation_of_features_and_order_of_images_and_names_of_classes_do_not_matter(score, features):
    x, labels = problem(30, features)
    value, order = score(x, labels), torch.randperm(30, generator=torch.Generator().manual_seed(2))
    assert score(x[order], labels[order]) == pytest.approx(value)
    assert score(x, torch.tensor([40, 7, 19])[labels]) == pytest.approx(value)
    if score is not linear_probe:  # which scales each feature by itself
        assert score(x @ rotation(features), labels) == pytest.approx(value)
    assert score(3 * x, labels) == pytest.approx(value, rel=1e-5)


def test_order_of_images_and_names_of_classes_do_not_matter_to_answers_either():
    generator = torch.Generator().manual_seed(4)
    theta, labels = torch.randn(30, 6, generator=generator).softmax(1), torch.arange(30) % 4
    order, names = torch.randperm(30, generator=generator), torch.tensor([8, 3, 11, 0])
    assert leep(theta[order], names[labels[order]]) == pytest.approx(leep(theta, labels))
    assert leep(theta[:, [5, 3, 1, 0, 2, 4]], labels) == pytest.approx(leep(theta, labels))
    source = theta.argmax(1)
    assert nce(10 - source[order], names[labels[order]]) == pytest.approx(nce(source, labels))


@pytest.mark.parametrize("score", OF_FEATURES.values(), ids=OF_FEATURES)
def test_features_that_tell_the_classes_score_more_than_noise(score):
    labels = problem()[1]
    assert score(problem(signal=3.0)[0], labels) > score(problem(signal=1.0)[0], labels)
    assert score(problem(signal=1.0)[0], labels) > score(problem(signal=0.0)[0], labels)


def test_features_that_never_vary_know_nothing():
    labels, blank = torch.arange(12) % 3, torch.zeros(12, 4)
    assert h_score(blank, labels) == h_score(blank + 2, labels) == h_score(blank, labels, shrinkage=False) == 0
    # With no features at all the labels are noise of their own mean square, 1/3.
    assert logme(blank, labels) == pytest.approx(-0.5 * (LOG_2PI + math.log(1 / 3) + 1))
    assert linear_probe(blank, labels) <= 1 / 3


def test_labels_that_follow_exactly_have_a_finite_score():
    labels = torch.arange(12) % 3
    exact = torch.nn.functional.one_hot(labels, 3).double()
    assert math.isfinite(logme(exact, labels))
    assert logme(exact, labels) > logme(exact + 0.01 * problem(12, 3)[0], labels)
    assert h_score(exact, labels, shrinkage=False) == pytest.approx(2)


def test_half_precision_on_the_way_in_is_computed_in_double():
    x, labels = problem(30, 5)
    assert logme(x.half(), labels) == logme(x.half().double(), labels)


LABELS = torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize("score", OF_FEATURES.values(), ids=OF_FEATURES)
@pytest.mark.parametrize(
    ("features", "labels", "said"),
    [
        (torch.zeros(4, 3, 8, 8), LABELS, r"shape \(4, 3, 8, 8\).*pooled\(maps\)"),
        (torch.zeros(4, 3, dtype=torch.int64), LABELS, "features are a row of numbers"),
        ([[1.0]], LABELS, "you gave list"),
        (torch.tensor([[0.0], [math.nan], [1.0], [math.inf]]), LABELS, "NaN or infinity in 2 of 4 rows"),
        (torch.zeros(5, 3), LABELS, "5 images and 4 labels"),
        (torch.zeros(4, 3), LABELS.float(), "labels are whole numbers"),
        (torch.zeros(4, 3), LABELS[:, None], r"labels are whole numbers.*shape \(4, 1\)"),
        (torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64), "name fewer than two"),
        (torch.zeros(4, 3), torch.tensor([0, 0, 0, 6]), "Class 6 has a single image"),
        (torch.zeros(0, 3), LABELS[:0], "name fewer than two"),
    ],
)
def test_bad_features_and_labels_are_told(score, features, labels, said):
    with pytest.raises(ValueError, match=said):
        score(features, labels)


@pytest.mark.parametrize(
    ("theta", "said"),
    [
        (torch.randn(4, 5), r"leep\(logits\.softmax\(1\)"),
        (torch.full((4, 5), 0.3), "sum to 1"),
        (torch.ones(4, 1), "two source classes or more"),
        (torch.full((4, 2), math.nan), "NaN"),
        (torch.full((3, 2), 0.5), "3 images and 4 labels"),
    ],
)
def test_leep_asks_for_probabilities(theta, said):
    with pytest.raises(ValueError, match=said):
        leep(theta, LABELS)


def test_nce_asks_for_classes():
    with pytest.raises(ValueError, match="source_labels are whole numbers"):
        nce(torch.full((4, 2), 0.5), LABELS)
    with pytest.raises(ValueError, match="3 images and 4 labels"):
        nce(torch.tensor([0, 1, 2]), LABELS)
    with pytest.raises(ValueError, match="single image"):
        nce(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 1, 1]))
