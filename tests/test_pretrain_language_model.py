import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data_scripts"))
import books
import pretrain_language_model as script

from transferlab.language import Tokenizer


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Ten little books, and a model that learns them in a moment."""
    for number, name in enumerate([*books.NOVELS, books.PLAYS]):
        text = "".join(f"The {name} went to the sea in the {number + i % 7} of May. " for i in range(60))
        (tmp_path / f"{name}.txt").write_text(text)
    small = {"vocabulary": 300, "dim": 24, "blocks": 1, "heads": 3, "hidden": 32, "context": 16}
    monkeypatch.setattr(script, "ARCHITECTURE", small)
    monkeypatch.setattr(script, "BATCH", 32)
    return tmp_path


def run(monkeypatch, shelf, out, *more):
    arguments = ["script", "--books", str(shelf), "--out", str(out), "--epochs", "3", "--device", "cpu", *more]
    monkeypatch.setattr(sys, "argv", arguments)
    script.main()


def test_a_run_that_was_broken_off_goes_on_to_the_same_weights(shelf, tmp_path, monkeypatch):
    run(monkeypatch, shelf, tmp_path / "whole", "--dropout", "0")
    run(monkeypatch, shelf, tmp_path / "parts", "--dropout", "0", "--stop-after", "1")
    assert not (tmp_path / "parts" / "small_gpt.json").exists()
    run(monkeypatch, shelf, tmp_path / "parts", "--dropout", "0")
    one, other = (load_file(tmp_path / name / "small_gpt.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    card = json.loads((tmp_path / "whole" / "small_gpt.json").read_text())
    assert script.HELD_OUT not in card["books"]
    assert len(card["books"]) == 8
    assert card["held_out"]["perplexity"] < 300
    assert len(Tokenizer.load(tmp_path / "whole" / "small_gpt_tokens.json")) <= 300
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    assert log[-1]["loss"] < log[0]["loss"]
    with pytest.raises(SystemExit, match="was started for 3 epochs; you asked for 5"):
        run(monkeypatch, shelf, tmp_path / "whole", "--epochs", "5")


def test_the_rate_rises_and_falls_as_drawn():
    assert script.learning_rate(0) == 0
    assert script.learning_rate(script.WARM_UP) == pytest.approx(script.LR)
    assert script.learning_rate((1 + script.WARM_UP) / 2) == pytest.approx(script.LR * (1 + script.LEAST_LR) / 2)
    assert script.learning_rate(1) == pytest.approx(script.LR * script.LEAST_LR)


def test_a_piece_is_followed_by_itself_one_further(monkeypatch):
    monkeypatch.setattr(script, "ARCHITECTURE", {"context": 4})
    x, y = script.pieces(torch.arange(100), 6, torch.Generator().manual_seed(0))
    assert x.shape == (6, 4)
    assert torch.equal(y, x + 1)
    assert torch.equal(x[:, 1:], x[:, :-1] + 1)


def test_endings_are_not_trained_on(shelf):
    novels, endings = script.read_novels(shelf)
    for name in novels:
        whole = books.read_book(shelf, name)
        assert novels[name] + endings[name] == whole
        assert len(endings[name]) / len(whole) == pytest.approx(0.05, abs=0.01)
    assert script.HELD_OUT not in novels
