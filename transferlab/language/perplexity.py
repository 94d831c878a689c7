"""How well a language model foresees a text: perplexity a token, and bits a byte, which no tokenizer flatters."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Foreseen:
    """`loss` is the mean cross-entropy a token in nats, over `tokens` of them that stand for `num_bytes` bytes."""

    loss: float
    tokens: int
    num_bytes: int

    @property
    def perplexity(self) -> float:
        """As if it had chosen among so many equally likely tokens at each place."""
        return math.exp(self.loss)

    @property
    def bits_per_byte(self) -> float:
        """Comparable between models with different tokens."""
        return self.loss * self.tokens / self.num_bytes / math.log(2)

    def __str__(self) -> str:
        return (
            f"perplexity {self.perplexity:.1f} a token, {self.bits_per_byte:.2f} bits a byte ({self.tokens:,} tokens)"
        )


@torch.no_grad()
def foresee(model: nn.Module, tokens: Tensor, num_bytes: int, context: int = 256, batch_size: int = 32) -> Foreseen:
    """Measure `model` on a text's tokens `(T,)`, cut into pieces of `context`; the model stays in its mode.

        >>> print(foresee(model, torch.tensor(tokenizer.encode(novel)), len(novel.encode())))

    The first tokens of each piece have little before them, so that longer pieces are foreseen better: compare figures
    of the same `context`. The first token of all is foreseen by nothing; its bytes are left out in proportion.

    Raises:
        ValueError: fewer than two tokens, so that there is nothing to foresee.
    """
    if len(tokens) < 2:
        raise ValueError(f"There is nothing to foresee in {len(tokens)} tokens; give a longer text.")
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    whole = (len(tokens) - 1) // context
    inputs, targets = tokens[:-1], tokens[1:]
    pieces = [(inputs[: whole * context].view(whole, context), targets[: whole * context].view(whole, context))]
    if (len(tokens) - 1) % context:
        pieces.append((inputs[None, whole * context :], targets[None, whole * context :]))
    total = 0.0
    try:
        for x, y in pieces:
            for part, expected in zip(x.split(batch_size), y.split(batch_size), strict=True):
                logits = model(part.to(device)).float()  # (B, T, vocabulary)
                total += float(F.cross_entropy(logits.flatten(0, 1), expected.flatten().to(device), reduction="sum"))
    finally:
        model.train(was_training)
    number = len(targets)
    return Foreseen(total / number, number, round(num_bytes * number / len(tokens)))
