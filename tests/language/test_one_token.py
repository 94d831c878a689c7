"""One token at a time must be what the whole text read at once says, for every model that is read so."""

import pytest
import torch
from torch import nn

import transferlab as tl
from transferlab.language import SmallGPT, continued, load_language_model
from transferlab.language.one_token import NormedMatrix, OneToken, can_read
from transferlab.lora import add_lora
from transferlab.lora.layers import LoraLinear


def small(**more):
    torch.manual_seed(0)
    model = SmallGPT(**{"vocabulary": 50, "dim": 32, "blocks": 2, "heads": 4, "hidden": 48, "context": 20, **more})
    with torch.no_grad():
        for parameter in model.parameters():  # larger than fresh ones, and no norm is all ones
            parameter.copy_(torch.randn_like(parameter) * (0.5 if parameter.ndim == 1 else parameter.shape[1] ** -0.5))
    return model.eval()


def one_by_one(model, tokens, first=1):
    """Logits `(B, T, vocabulary)`: the first tokens by the model itself, the others one by one."""
    past, step = model.new_past(), OneToken(model)
    with torch.no_grad():
        found = [model(tokens[:, :first], past)]
        found += [step(tokens[:, place], past)[:, None] for place in range(first, tokens.shape[1])]
    return torch.cat(found, 1)


def adapted():
    model = small()
    add_lora(model, r=2)
    torch.manual_seed(1)
    for module in model.modules():
        if type(module) is LoraLinear:
            nn.init.normal_(module.lora_B.weight, std=0.3)
    return model.eval()


@pytest.mark.parametrize("build", [small, lambda: small(blocks=1, heads=1), adapted], ids=["plain", "tiny", "lora"])
@pytest.mark.parametrize("first", [1, 7])
def test_logits_are_those_of_the_whole_text(build, first):
    model, tokens = build(), torch.randint(50, (3, 20), generator=torch.Generator().manual_seed(2))
    assert can_read(model)
    with torch.no_grad():
        expected = model(tokens)
    assert expected.std() > 0.3
    torch.testing.assert_close(one_by_one(model, tokens, first), expected, atol=1e-5, rtol=1e-5)


def test_loras_addition_counts():
    model, tokens = adapted(), torch.arange(20)[None]
    assert (one_by_one(model, tokens) - one_by_one(small(), tokens)).abs().max() > 0.1


def test_the_bundled_models_logits_are_those_of_the_whole_text():
    model, tokenizer = load_language_model()
    tokens = torch.tensor([tokenizer.encode("It was a dark and stormy night, and she had not slept at all. " * 4)])
    with torch.no_grad():
        expected = model(tokens)
    torch.testing.assert_close(one_by_one(model, tokens), expected, atol=1e-5, rtol=1e-5)


def test_a_norm_and_its_layers_by_hand():
    norm, one, two = nn.RMSNorm(2, eps=0.5), nn.Linear(2, 1, bias=False), nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, 1.0]))
        one.weight.copy_(torch.tensor([[1.0, 0.0]]))
        two.weight.copy_(torch.tensor([[1.0, 1.0]]))
        found = NormedMatrix(norm, one, two)(torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    root = 3.0**0.5  # of the mean square (1 + 4) / 2 and 0.5
    torch.testing.assert_close(found, torch.tensor([[2 / root, 4 / root], [0.0, 0.0]]))


class Other(nn.Linear):
    pass


def hooked(model):
    model.blocks[0].feed_forward.register_forward_hook(lambda module, given, found: found * 2)


def another_layer(model):
    model.blocks[1].attention.out = Other(32, 32, bias=False)


def with_bias(model):
    model.head = nn.Linear(32, 50)


def parametrised(model):
    part = nn.utils.parametrizations.weight_norm(model.blocks[0].feed_forward.up)
    with torch.no_grad():
        part.parametrizations.weight.original0 *= 5


def own_forward(model):
    model.norm.forward = lambda x: x * 3


@pytest.mark.parametrize("change", [hooked, another_layer, with_bias, parametrised, own_forward])
def test_a_model_that_is_otherwise_is_left_to_its_own_forward(change):
    model = small()
    plain = list(continued(model, [1, 2], 12, temperature=0))
    change(model)
    assert not can_read(model)
    new = list(continued(model, [1, 2], 12, temperature=0))
    with torch.no_grad():
        expected = model(torch.tensor([[1, 2, *new]]))[0].argmax(-1).tolist()
    assert new == expected[1:-1]
    assert new != plain


def test_more_than_it_can_read_is_said():
    with pytest.raises(ValueError, match="reads 20 tokens at once; you gave 21"):
        one_by_one(small(), torch.zeros(1, 21, dtype=torch.long))


def test_what_is_frozen_or_in_train_mode_is_read_too():
    model, tokens = small(dropout=0.5), torch.arange(20)[None]
    with torch.no_grad():
        expected = model(tokens)
    tl.freeze(model)
    model.train()
    assert can_read(model)
    modes = [module.training for module in model.modules()]
    new = list(continued(model, [0, 1, 2], 6, temperature=0))
    assert [module.training for module in model.modules()] == modes
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(tokens), expected)
        assert new == model(torch.tensor([[0, 1, 2, *new]]))[0].argmax(-1).tolist()[2:-1]
