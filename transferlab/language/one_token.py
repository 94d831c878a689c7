"""One new token through the small GPT: its own arithmetic in fewer steps, which is what makes writing quick.

A single token is so little work that most of the time goes into calling many small layers. So the matrices that read
the same numbers are laid side by side and used at once, a norm's weights are multiplied into the matrix behind it, the
angles of a position are looked up once for all blocks, and there is no mask, since a new token may look at all that
came before it. LoRA's additions are in the matrices too. Left out: several new tokens a row, dropout, and models with
other parts than `small_gpt.py` builds them from, which `can_read` finds.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.language.small_gpt import Attention, Block, FeedForward, Past, Rotations, SmallGPT
from transferlab.lora.layers import LoraLinear

KNOWN = (Attention, Block, FeedForward, Rotations, SmallGPT, nn.Dropout, nn.Embedding, nn.ModuleList, nn.RMSNorm)


class OneToken:
    """What a model answers to one more token a row, with its weights as they were when this was made.

    >>> OneToken(model)(torch.tensor([65]), past).shape  # one row; `past` holds its tokens so far
    torch.Size([1, 1024])
    """

    def __init__(self, model: SmallGPT) -> None:
        self.embedding = model.embedding.weight
        blocks: Any = model.blocks
        self.blocks = [JoinedBlock(block) for block in blocks]
        self.head = NormedMatrix(model.norm, model.head)
        rotations = blocks[0].attention.rotations
        cos, sin = (one[:, None, None, None] for one in (rotations.cos, rotations.sin))  # (T, 1, 1, 1, D/2)
        still, none = torch.ones_like(cos), torch.zeros_like(sin)  # values are not turned
        self.cos = torch.cat([cos, cos, still], 1).repeat(1, 1, 1, 1, 2)  # (T, 3, 1, 1, D)
        self.sin = torch.cat([torch.cat([-one, one], -1) for one in (sin, sin, none)], 1)

    def __call__(self, tokens: Tensor, past: list[Past]) -> Tensor:
        """Token numbers `(B,)`, one a row, to logits of the next one `(B, vocabulary)`; `past` grows by one token.

        Raises:
            ValueError: the context is full.
        """
        place = past[0].length
        if place >= len(self.cos):
            raise ValueError(f"This model reads {len(self.cos)} tokens at once; you gave {place + 1}. Cut the text.")
        cos, sin = self.cos[place], self.sin[place]  # (3, 1, 1, D)
        x = F.embedding(tokens, self.embedding)  # (B,) -> (B, dim)
        for block, kept in zip(self.blocks, past, strict=True):
            x = block(x, kept, cos, sin)
        return self.head(x)


class JoinedBlock:
    """A block whose query, key and value are one matrix, and whose gate and up are one."""

    def __init__(self, block: Block) -> None:
        attention, feed_forward = block.attention, block.feed_forward
        self.heads = attention.heads
        self.query_key_value = NormedMatrix(block.attention_norm, attention.query, attention.key, attention.value)
        self.out = matrix(attention.out)
        self.gate_and_up = NormedMatrix(block.feed_forward_norm, feed_forward.gate, feed_forward.up)
        self.down = matrix(feed_forward.down)

    def __call__(self, x: Tensor, past: Past, cos: Tensor, sin: Tensor) -> Tensor:
        all_three = self.query_key_value(x).view(len(x), 3, self.heads, 1, -1)  # (B, dim) -> (B, 3, heads, 1, D)
        # With halves swapped and a sign in the sine, this is both lines of the turn in `Rotations`.
        all_three = all_three * cos + all_three.roll(all_three.shape[-1] // 2, -1) * sin
        key, value = past.extend(all_three[:, 1:]).unbind(1)  # (B, heads, T, D) each, of all tokens so far
        attended = F.scaled_dot_product_attention(all_three[:, 0], key, value)  # (B, heads, 1, D)
        x = x + attended.flatten(1) @ self.out  # (B, dim)
        gate, up = self.gate_and_up(x).chunk(2, -1)  # (B, hidden) each
        return x + (F.silu(gate) * up) @ self.down  # (B, dim)


class NormedMatrix:
    """An RMSNorm and the layers that read what it gives, `(B, dim)` to all that they answer, side by side.

    The norm divides by the root of the mean square, which is the length of `x` over √dim: √dim is in the matrix too.
    """

    def __init__(self, norm: nn.RMSNorm, *layers: nn.Module) -> None:
        assert norm.eps is not None
        dim = norm.normalized_shape[0]
        self.matrix = norm.weight[:, None] * dim**0.5 * torch.cat([matrix(layer) for layer in layers], 1)
        self.least = norm.weight.new_tensor((dim * norm.eps) ** 0.5)  # so that nothing is divided by 0

    def __call__(self, x: Tensor) -> Tensor:
        length = torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.least)  # (B, 1)
        return (x / length) @ self.matrix


def matrix(layer: nn.Module) -> Tensor:
    """What `x` is multiplied by, `(inputs, outputs)`, the other way round than torch keeps it: that is read quicker.

    >>> matrix(nn.Linear(2, 3)).shape
    torch.Size([2, 3])
    """
    weight = layer.weight  # of LoRA's layers the sum of the base layer's and the addition
    assert isinstance(weight, Tensor)
    return weight.t().contiguous()


def can_read(model: nn.Module) -> bool:
    """Whether a model is made of the parts that are known here, and nobody listens to one of them.

    >>> can_read(SmallGPT(vocabulary=1024))
    True
    """
    layers = [module for module in model.modules() if type(module) is LoraLinear]
    inside = {id(part) for layer in layers for part in layer.modules() if part is not layer}
    return type(model) is SmallGPT and all(_is_known(one) for one in model.modules() if id(one) not in inside)


def _is_known(module: nn.Module) -> bool:
    known = type(module) in (*KNOWN, LoraLinear) or (type(module) is nn.Linear and module.bias is None)
    if isinstance(module, nn.RMSNorm):
        known = module.eps is not None and module.weight is not None
    return known and not (module._forward_hooks or module._forward_pre_hooks or "forward" in module.__dict__)
