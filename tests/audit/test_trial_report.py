import pytest

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.trial_report import RemedyResult, RemedyTrial


def test_means_and_intervals_by_hand():
    sets = [two_evidences(100, agrees, seed=0) for agrees in (0.6, 0.7)]
    audits = tuple(bias_audit(TwoEvidences(), images) for images in sets)
    result = RemedyResult("some", audits, 50, 1.25)
    shares = [int((images.groups == 0).sum()) / 100 for images in sets]  # it is right where the green agrees
    assert result.accuracies == pytest.approx(shares)
    assert result.worst == (0.0, 0.0)
    assert result.gaps == (1.0, 1.0)
    mean, half = 50 * sum(shares), 100 * 12.706 * abs(shares[0] - shares[1]) / 2  # t(1) · s / √2, s = |a − b| / √2
    row = str(RemedyTrial((result,), (0, 1))).splitlines()[1]
    assert f"{mean:.1f} % ± {half:.1f}" in row
    assert "100.0 ± 0.0" in row
    assert row.split()[-2:] == ["50", "1.2"]
