"""A text as passages: what the next token is, counted by hand, and the same perplexity as when it is asked directly."""

import math

import pytest
import torch

import transferlab as tl
from transferlab.inference import judge
from transferlab.language import Tokenizer, docstrings, foresee, load_language_model, own_writing, passages


def test_each_token_is_labelled_with_the_one_that_follows():
    letters = Tokenizer([])  # bytes alone
    data = passages(letters, "abcdefgh", length=3)
    assert [bytes(row).decode() for row in data.tokens.tolist()] == ["abc", "def"]
    assert [bytes(row).decode() for row in data.labels.tolist()] == ["bcd", "efg"]
    assert data.num_classes == 256
    assert data.class_names[97] == "97 'a'"
    assert len(set(data.class_names)) == 256


def test_of_many_passages_some_are_kept_evenly():
    data = passages(Tokenizer([]), "".join(chr(65 + i) * 2 for i in range(26)), length=2, most=3)
    assert [chr(row[0]) for row in data.tokens.tolist()] == ["A", "M", "Y"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"length": 0}, "length is a whole number"),
        ({"most": 0}, "most is a whole number"),
        ({"length": 20}, "a longer"),
    ],
)
def test_what_is_wrong_is_said(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        passages(Tokenizer([]), "abc", **arguments)


def test_the_loss_on_passages_is_the_perplexity_of_the_text():
    model, tokenizer = load_language_model()
    text = own_writing()[:4000]
    tokens = torch.tensor(tokenizer.encode(text))
    whole = (len(tokens) - 1) // 64 * 64 + 1
    asked = foresee(model, tokens[:whole], len(text.encode()), context=64)
    assert judge(model, passages(tokenizer, text, length=64)).loss == pytest.approx(asked.loss, rel=1e-5)


def test_the_model_foresees_its_own_writing_better_than_docstrings():
    model, tokenizer = load_language_model()
    own = judge(model, passages(tokenizer, own_writing(), most=20))
    other = judge(model, passages(tokenizer, docstrings(), most=20))
    assert math.exp(own.loss) < 16 < 100 < math.exp(other.loss)


def test_docstrings_are_prose_and_each_is_there_once():
    text = docstrings()
    assert len(text) > 400_000
    assert "Return" in text
    parts = [part for part in text.split("\n\n") if len(part) > 300]
    assert len(parts) > 0.95 * len(set(parts))


def test_forgetting_is_measured_as_accuracy_and_loss_since_the_model_knows_its_tokens():
    model, tokenizer = load_language_model()
    memory = tl.remember(model, source=passages(tokenizer, own_writing(), most=8))
    found = memory.judge(model)
    assert memory.kind == "accuracy"
    assert 8 < math.exp(found.loss) < 18
    assert 0.3 < found.accuracy < 0.6
