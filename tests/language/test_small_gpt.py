import copy

import pytest
import torch
from torch.nn import functional as F

from transferlab.language import SmallGPT
from transferlab.language.small_gpt import Rotations


@pytest.fixture
def model():
    torch.manual_seed(0)
    return SmallGPT(vocabulary=50, dim=24, blocks=2, heads=3, hidden=32, context=16).eval()


def test_a_token_sees_nothing_of_what_comes_after_it(model):
    tokens = torch.randint(50, (1, 10))
    changed = tokens.clone()
    changed[0, 6] = (changed[0, 6] + 1) % 50
    before, after = model(tokens), model(changed)
    assert before.shape == (1, 10, 50)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6:], after[:, 6:])


@pytest.mark.parametrize("cuts", [(10,), (1,) * 10, (4, 1, 3, 2)])
def test_what_was_kept_gives_the_same_answers(model, cuts):
    tokens, past, start, found = torch.randint(50, (2, 10)), model.new_past(), 0, []
    for length in cuts:
        found.append(model(tokens[:, start : start + length], past))
        start += length
    torch.testing.assert_close(torch.cat(found, 1), model(tokens), rtol=1e-4, atol=1e-5)
    assert past[0].length == 10


def test_a_rotation_keeps_lengths_and_depends_on_the_distance_alone():
    turn, q, k = Rotations(head_dim=8, context=32), torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    torch.testing.assert_close(turn(q, 5).norm(), q.norm())
    near = [(turn(q, first + 3) * turn(k, first)).sum() for first in (0, 7, 20)]
    torch.testing.assert_close(near[0], near[1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(near[0], near[2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(turn(q, 0), q)


def test_attention_is_what_the_formula_says(model):
    part, x = model.blocks[0].attention, torch.randn(1, 5, 24)
    q, k, v = (one(x).view(1, 5, 3, 8).transpose(1, 2) for one in (part.query, part.key, part.value))
    q, k = part.rotations(q, 0), part.rotations(k, 0)
    scores = (q @ k.transpose(-1, -2) / 8**0.5).masked_fill(~torch.ones(5, 5, dtype=torch.bool).tril(), -torch.inf)
    expected = part.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(1, 5, 24))
    torch.testing.assert_close(part(x), expected, rtol=1e-4, atol=1e-5)


def test_more_than_it_can_read_is_said(model):
    with pytest.raises(ValueError, match="reads 16 tokens at once; you gave 17"):
        model(torch.zeros(1, 17, dtype=torch.long))
    past = model.new_past()
    model(torch.zeros(1, 16, dtype=torch.long), past)
    with pytest.raises(ValueError, match="you gave 17"):
        model(torch.zeros(1, 1, dtype=torch.long), past)


def test_it_learns_a_rhyme_by_heart(model):
    model.train()
    rhyme = torch.arange(12)[None].repeat(4, 1) * 3 % 50
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        loss = F.cross_entropy(model(rhyme[:, :-1]).flatten(0, 1), rhyme[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
    assert copy.deepcopy(model).eval()(rhyme[:1, :-1]).argmax(-1).tolist() == rhyme[:1, 1:].tolist()
