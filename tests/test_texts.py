"""Texts as token numbers, and that the same training loop takes them, whether a text has one label or each token."""

import math

import pytest
import torch
from torch import nn

import transferlab as tl
from transferlab.data.labelled import Splits
from transferlab.data.texts import TextSet
from transferlab.language import SmallGPT
from transferlab.losses import answer_loss, judged, num_right, summed

TOKENS = torch.tensor([[5, 7, 0], [6, 8, 9], [5, 5, 5], [1, 2, 0]])


def texts(labels=(0, 1, 0, 1), **fields):
    return TextSet(TOKENS, torch.tensor(labels), ("a", "b"), padding=0, **fields)


def test_it_is_counted_chosen_and_divided_like_images():
    data = texts(texts=("one", "two", "three", "four"))
    assert data.counts() == {"a": 2, "b": 2}
    assert data.subset([2]).texts == ("three",)
    assert data.size == (3,)
    split = data.split(0.5, seed=0)
    assert sorted([*split.train.texts, *split.held_out.texts]) == ["four", "one", "three", "two"]
    assert split.train.counts() == split.held_out.counts() == {"a": 1, "b": 1}
    assert "4 texts of up to 3 tokens, 2 classes: a 2, b 2" in repr(data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tokens": TOKENS.float()}, "int64 tensor of shape"),
        ({"tokens": -TOKENS}, "numbers from 0"),
        ({"tokens": TOKENS[:0]}, "shape"),
        ({"labels": torch.tensor([0, 1, 0, 2])}, "0…1"),
        ({"labels": TOKENS[:, :2]}, "one a text or one a token"),
        ({"labels": torch.full((4, 3), -100)}, "some must be asked"),
        ({"class_names": ("a", "a")}, "different names"),
        ({"texts": ("one",)}, "4, one a row"),
        ({"label_safe": ("flip",)}, "no augmentation"),
    ],
)
def test_what_is_wrong_is_said(change, sentence):
    fields = {"tokens": TOKENS, "labels": torch.tensor([0, 1, 0, 1]), "class_names": ("a", "b"), **change}
    with pytest.raises(ValueError, match=sentence):
        TextSet(**fields)


def test_labels_of_positions_are_counted_where_one_is_asked():
    labels = torch.tensor([[0, 1, -100], [1, 1, 1], [0, 0, 0], [1, 0, -100]])
    data = texts(labels.tolist())
    assert data.by_position
    assert data.counts() == {"a": 5, "b": 5}
    with pytest.raises(ValueError, match="every position has a label"):
        data.per_class(1)
    assert len(data.split(0.25).held_out) == 1


def test_loss_and_right_answers_by_position_are_those_counted_by_hand():
    logits = torch.tensor([[[2.0, 0.0], [0.0, 2.0]], [[0.0, 2.0], [5.0, 5.0]]])  # (2, 2, 2)
    labels = torch.tensor([[0, 0], [1, -100]])
    right, wrong = math.log(1 + math.exp(-2)), 2 + math.log(1 + math.exp(-2))
    assert answer_loss(logits, labels).item() == pytest.approx((right + wrong + right) / 3)
    assert num_right(logits, labels).item() == pytest.approx(2 / 3 * 2)  # two of three positions, of two examples
    found = judged([summed(logits[:1], labels[:1]), summed(logits[1:], labels[1:])])
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.loss == pytest.approx((right + wrong + right) / 3)
    with pytest.raises(ValueError, match="nothing to count"):
        judged([summed(logits, torch.full((2, 2), -100))])


def next_tokens(seed, count=48, vocabulary=7):
    """Texts in which the next token is the last one plus one, or two in every third text."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.randint(vocabulary, (count, 1), generator=generator)
    step = 1 + (torch.arange(count) % 3 == 0).long()[:, None]
    row = (start + step * torch.arange(9)) % vocabulary
    return TextSet(row[:, :-1].contiguous(), row[:, 1:].contiguous(), tuple(f"token {i}" for i in range(vocabulary)))


def small_model(seed=0):
    torch.manual_seed(seed)
    return SmallGPT(vocabulary=7, dim=16, blocks=2, heads=2, hidden=32, context=16)


def test_a_language_model_trains_through_fit_and_its_forgetting_is_measured():
    model = small_model()
    data = Splits(next_tokens(0), next_tokens(1))
    memory = tl.remember(model, source=next_tokens(2))
    run = tl.train(model, data, tl.from_scratch(epochs=6, lr=3e-3), memory=memory, progress=False)
    assert run.epochs[-1].held_out_loss < run.epochs[0].held_out_loss
    assert run.epochs[0].held_out_loss == pytest.approx(math.log(7), rel=0.1)  # a random model knows nothing
    assert run.accuracy > 0.5
    assert memory.kind == "agreement"


def test_the_loss_of_a_run_is_that_of_a_plain_loop_over_all_positions():
    model, data = small_model(), Splits(next_tokens(0), next_tokens(1))
    run = tl.train(model, data, tl.from_scratch(epochs=1), progress=False)
    with torch.no_grad():
        logits = model(data.held_out.tokens)
    expected = nn.functional.cross_entropy(logits.transpose(1, 2), data.held_out.labels)
    assert run.epochs[-1].held_out_loss == pytest.approx(expected.item(), rel=1e-5)
    right = (logits.argmax(-1) == data.held_out.labels).float().mean().item()
    assert run.accuracy == pytest.approx(right)


def test_a_frozen_front_is_kept_and_stays_bit_equal():
    model, data = small_model(), Splits(next_tokens(0), next_tokens(1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = tl.train(model, data, tl.feature_extraction(epochs=3), progress=False)
    assert run.phases[0].kept_at == "head"
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["head.weight"]


def test_no_class_has_to_appear_where_positions_are_labelled():
    model = small_model()
    rare = TextSet(TOKENS % 7, (TOKENS + 1) % 3, tuple(f"token {i}" for i in range(7)))
    assert len(list(tl.fit(model, Splits(rare, rare), tl.feature_extraction(epochs=1)))) > 1
