import math

import pytest
import torch
from torch import nn

from transferlab.language import foresee


class Always(nn.Module):
    """Gives the next token probability 1/2 where it is the present one plus 1, and shares the rest out."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, tokens):
        probability = torch.full((*tokens.shape, 5), 0.125)
        return probability.scatter(2, ((tokens + 1) % 5)[..., None], 0.5).log() + self.weight


def test_perplexity_by_hand():
    found = foresee(Always(), torch.tensor([0, 1, 2, 3, 4, 0, 1]), num_bytes=14, context=4)
    assert found.perplexity == pytest.approx(2.0)  # always 1/2
    assert found.tokens == 6
    assert found.bits_per_byte == pytest.approx(1 * 6 / 12)  # one bit a token, two bytes each
    wrong = foresee(Always(), torch.tensor([0, 0, 0]), num_bytes=3)
    assert wrong.loss == pytest.approx(math.log(8))


def test_pieces_do_not_matter_to_a_model_without_memory():
    tokens = torch.randint(5, (37,), generator=torch.Generator().manual_seed(0))
    losses = [foresee(Always(), tokens, 37, context, size).loss for context, size in ((5, 2), (36, 1), (100, 3))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5) == losses[2]


def test_mode_and_errors():
    model = Always().train()
    foresee(model, torch.tensor([0, 1]), 2)
    assert model.training
    with pytest.raises(ValueError, match="nothing to foresee in 1 tokens"):
        foresee(model, torch.tensor([0]), 1)
