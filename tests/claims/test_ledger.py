import json

import pytest

from transferlab.claims.claim import FAILS, HOLDS, LIMITED, Claim, Finding, Outcome, Scale
from transferlab.claims.ledger import CLAIMS, ERROR, chosen, settle, shortened
from transferlab.experiments.effects import effect

SURE, UNSURE = effect("gain", [0.5, 0.6, 0.7]), effect("other", [-0.1, 0.2, 0.0])


def made_up(number, *findings, error=None) -> Claim:
    def run(scale):
        if error:
            raise ValueError(error)
        return Outcome(findings, notes=("A note.",), data={"seeds": list(scale.seeds(2))})

    return Claim(number, f"Claim {number}", "Somebody (1999)", "This against that", run)


@pytest.fixture
def ledger():
    claims = (
        made_up(1, Finding(SURE)),
        made_up(2, Finding(SURE), Finding(UNSURE, main=False)),
        made_up(3, Finding(UNSURE)),
        made_up(4, error="A cell failed."),
    )
    return settle(Scale("quick", base_seed=2), claims)


def test_every_claim_has_its_verdict_and_an_error_stops_no_other(ledger):
    assert [one.verdict for one in ledger.entries] == [HOLDS, LIMITED, FAILS, ERROR]
    assert "A cell failed." in str(ledger.entries[3])
    assert str(ledger.entries[0]).splitlines()[0] == "1. Claim 1: HOLDS"
    assert "+60.0 points (+35.2 … +84.8)" in str(ledger)  # 0.6 ± 4.303 · 0.1 / √3


def test_the_ledger_is_written_as_json_with_every_seed(ledger, tmp_path):
    values = json.loads(ledger.save(tmp_path / "claims.json").read_text())
    assert values["kind"] == "Ledger"
    assert values["base_seed"] == 2
    assert values["made_with"]["torch"]
    first, *_, last = values["entries"]
    assert first["findings"][0]["values"] == [0.5, 0.6, 0.7]
    assert first["findings"][0]["borne_out"] is True
    assert first["data"] == {"seeds": [2000, 2001]}
    assert last["error"] == "A cell failed."
    assert "findings" not in last


def test_the_thirteen_claims_are_numbered_and_can_be_chosen():
    assert [claim.number for claim in CLAIMS] == list(range(1, 14))
    assert [claim.number for claim in chosen([9, 3])] == [9, 3]
    assert chosen([]) == CLAIMS
    with pytest.raises(ValueError, match=r"No claim '14'\. The claims are: 1, 2"):
        chosen([14])
    for claim in CLAIMS:
        assert claim.text
        assert claim.source
        assert claim.experiment
        assert not claim.text.endswith(".")


def test_a_long_claim_is_shortened_for_a_line():
    assert shortened("short") == "short"
    assert len(shortened("word " * 40)) <= 58
    assert shortened("word " * 40).endswith("word…")
