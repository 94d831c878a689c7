"""LLaMA and what is built like it: rotary positions, RMSNorm, SwiGLU.

Source: Touvron et al., "LLaMA" (2023). As a language model its head is a matrix of its own, a copy of the embedding
where the library ties the two. Left out: the cache of past keys for generating text; transformers' own `generate` has
it.
"""

from typing import Any

from torch import Tensor

from transferlab.backbones.text_networks.marks import apart, last_real, marked, places, sees_earlier
from transferlab.backbones.text_networks.network import TextNetwork


class LlamaNetwork(TextNetwork):
    """A LLaMA that foresees the next token, or classifies a text by its last real token.

    >>> stages(model).names
    ('model.embed_tokens', 'model.layers.0', …, 'lm_head')
    """

    embedding_name = "model.embed_tokens"

    def __init__(self, inner: Any, body: str, task: str, padding: int, max_tokens: int, num_classes: int) -> None:
        super().__init__(inner.config, task, padding, max_tokens)
        self.model = inner.model
        if task == "causal_lm":
            self.lm_head = inner.lm_head
        else:
            self.score = inner.score

    def forward(self, tokens: Tensor) -> Tensor:
        body = self.model
        hidden, mark = body.embed_tokens(tokens), tokens.ne(self.padding)  # (B, T) -> (B, T, H)
        # Each block asks for the rotations anew, since one tensor alone goes over. This first call places them in the
        # embedding's stage, so that the first block too begins behind them.
        body.rotary_emb(hidden, position_ids=places(mark))
        x = marked(hidden, mark)
        for block in body.layers:
            hidden, mark = apart(x)
            where = places(mark)
            turns = body.rotary_emb(hidden, position_ids=where)
            hidden = block(hidden, attention_mask=sees_earlier(mark), position_ids=where, position_embeddings=turns)
            x = marked(hidden, mark)  # (B, T, H + 1)
        hidden, mark = apart(x)
        hidden = body.norm(hidden)
        return self.lm_head(hidden) if self.task == "causal_lm" else self.score(last_real(hidden, mark))
