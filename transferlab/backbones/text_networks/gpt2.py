"""GPT-2: every token looks at itself and at those before it.

Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019). As a language model its head is a
matrix of its own, a copy of the embedding that the library ties it to: so the embedding can be frozen while the head
learns. Left out: the cache of past keys for generating text; transformers' own `generate` has it.
"""

from typing import Any

from torch import Tensor

from transferlab.backbones.text_networks.marks import apart, last_real, marked, places, sees_earlier
from transferlab.backbones.text_networks.network import TextNetwork


class GPT2Network(TextNetwork):
    """A GPT-2 that foresees the next token, or classifies a text by its last real token.

    >>> stages(model).names
    ('transformer.wte', 'transformer.wpe', 'transformer.h.0', …, 'lm_head')
    """

    embedding_name = "transformer.wte"

    def __init__(self, inner: Any, body: str, task: str, padding: int, max_tokens: int, num_classes: int) -> None:
        super().__init__(inner.config, task, padding, max_tokens)
        self.transformer = inner.transformer
        if task == "causal_lm":
            self.lm_head = inner.lm_head
        else:
            self.score = inner.score

    def forward(self, tokens: Tensor) -> Tensor:
        body, mark = self.transformer, tokens.ne(self.padding)
        x = marked(body.wte(tokens) + body.wpe(places(mark)), mark)  # (B, T) -> (B, T, H + 1)
        hidden, mark = apart(x)
        x = marked(body.drop(hidden), mark)
        for block in body.h:
            hidden, mark = apart(x)
            x = marked(block(hidden, None, sees_earlier(mark)), mark)  # (B, T, H + 1)
        hidden, mark = apart(x)
        hidden = body.ln_f(hidden)
        return self.lm_head(hidden) if self.task == "causal_lm" else self.score(last_real(hidden, mark))
