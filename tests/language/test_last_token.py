"""Sentences that end together, and a language model that names their class."""

import pytest
import torch

import transferlab as tl
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set
from transferlab.recipes import lora

LETTERS = Tokenizer([])


def set_of(texts, labels):
    return sentence_set(LETTERS, texts, labels, ["ends in a", "ends in b"], length=8)


def test_short_ones_are_filled_up_in_front_and_of_long_ones_the_end_is_kept():
    data = set_of(["bba", "aaaaaaaaaab"], [0, 1])
    assert [bytes(row).decode() for row in data.tokens.tolist()] == ["\n\n\n\n\nbba", "aaaaaaab"]
    assert data.texts == ("bba", "aaaaaaaaaab")


@pytest.mark.parametrize(
    ("texts", "labels", "sentence"),
    [
        ([], [], "0 sentences"),
        (["a"], [0, 1], "1 sentences and 2 labels"),
        (["a", "  "], [0, 1], "Sentence 1 is empty"),
    ],
)
def test_what_is_wrong_is_said(texts, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        set_of(texts, labels)


def test_it_learns_by_adapters_with_its_front_kept_and_its_weights_untouched():
    torch.manual_seed(0)
    model = LastToken(SmallGPT(256, dim=16, blocks=2, heads=2, hidden=32, context=16))
    texts = [f"{'ab' * (i % 3)}{'ba'[i % 2]}{'ab'[i % 2]}" for i in range(40)]
    data = set_of(texts, [i % 2 for i in range(40)]).split(0.25)
    tl.replace_head(model, 2, seed=0)
    assert tl.stages(model).names == ("model.embedding", "model.blocks.0", "model.blocks.1", "model.head")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = tl.train(
        model, data, lora(epochs=12, head_epochs=2, head_lr=1e-2, target_modules="all-linear"), progress=False
    )
    assert run.accuracy == 1.0
    assert run.phases[0].kept_at == "model.head"
    changed = {
        name for name, value in model.state_dict().items()
        if ".lora_" not in name and not torch.equal(value, before[name.replace(".base_layer", "")])
    }  # fmt: skip
    assert changed == {"model.head.weight", "model.head.bias"} & set(before)
