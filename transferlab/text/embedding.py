"""Sentence embeddings: what reaches the head, one vector a text."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from transferlab.inference import evaluating
from transferlab.stages import stages
from transferlab.stages.halves import halves
from transferlab.text.tokenising import filled_up, reads_texts


def embed(model: nn.Module, given: Sequence[str], batch_size: int = 64) -> Tensor:
    """The vectors `(N, H)` that the model's head would read, on the CPU; texts too long for the model are cut.

        >>> a, b = embed(load("minilm", num_classes=2), ["A cat sleeps.", "The cat is asleep."])
        >>> a @ b                     # MiniLM's vectors have length 1: this is their cosine
        tensor(0.8630)

    For MiniLM they are those of sentence-transformers. The model stays as it is.

    Raises:
        ValueError: no texts, or a model that has no tokenizer.
    """
    network = reads_texts(model)
    assert network.tokens is not None
    if isinstance(given, str) or not given:
        raise ValueError("Give a list of texts: embed(model, ['…']).")
    encoded = network.tokens.encode(given, network.max_tokens)
    front, _ = halves(model, stages(model).head)
    device = next(model.parameters()).device
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].numbers))  # little padding in a batch
    found: dict[int, Tensor] = {}
    with evaluating(model), torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            tokens = filled_up([encoded[i].numbers for i in rows], network.padding).to(device)
            found.update(zip(rows, front(tokens).float().cpu(), strict=True))
    return torch.stack([found[i] for i in range(len(encoded))])
