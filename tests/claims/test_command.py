import json
import os

import pytest

from transferlab.cli import main


def test_a_single_claim_is_tried_and_written(tmp_path, capsys):
    assert main(["claims", "--claim", "1", "--out", str(tmp_path), "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert "1. The first layer learns edges and colours" in said
    assert "quick, base seed 0" in said
    values = json.loads((tmp_path / "claims.json").read_text())
    assert [one["number"] for one in values["entries"]] == [1]
    assert (tmp_path / "claims.html").read_text().startswith("<!doctype html>")


def test_the_json_stands_alone_on_standard_output(tmp_path, capsys):
    assert main(["claims", "--claim", "1", "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "Ledger"


def test_the_list_tries_nothing(capsys):
    assert main(["claims", "--list"]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 39
    assert "12. Weeks became hours" in said


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--claim", "14"], "No claim '14'"),
        (["--workers", "0"], "--workers is a whole number, 1 or more"),
        (["--seed", "-1"], "--seed is a whole number, 0 or more"),
    ],
)
def test_bad_input_is_a_sentence(given, sentence, capsys):
    assert main(["claims", *given]) == 2
    assert sentence in capsys.readouterr().err


def test_measuring_anew_reads_no_earlier_rows_and_still_shares_them_between_claims(tmp_path, monkeypatch):
    from transferlab.claims import command
    from transferlab.claims.ledger import entries

    caches = []

    def watched(scale, claims):
        caches.append(scale.cache)
        return entries(scale, claims)

    monkeypatch.setattr(command, "entries", watched)
    for more in ([], ["--fresh"]):
        assert main(["claims", "--claim", "1", "--workers", "1", "--out", str(tmp_path), *more]) == 0
    assert caches[0] is True
    assert str(caches[1]) != str(tmp_path)
    assert not os.path.exists(caches[1])  # its own folder, which is gone when it is through
