"""BERT and RoBERTa: every token looks at every other.

Sources: Devlin et al., "BERT" (2018); Liu et al., "RoBERTa" (2019); for sentence embeddings Reimers & Gurevych,
"Sentence-BERT" (2019). The heads are transformers' own: BERT's pooler and a Linear, RoBERTa's dense layer and a Linear
on the first token. Left out: pairs of texts (every token is of the first kind), BERT as a decoder.
"""

from typing import Any

from torch import Tensor, nn

from transferlab.backbones.text_networks.marks import apart, marked, sees_real
from transferlab.backbones.text_networks.network import TextNetwork


class EncoderNetwork(TextNetwork):
    """A BERT or RoBERTa (`body` is its name in the library's models) with the head of its task.

    >>> stages(model).names
    ('bert.embeddings', 'bert.encoder.layer.0', …, 'bert.pooler', 'classifier')
    """

    def __init__(self, inner: Any, body: str, task: str, padding: int, max_tokens: int, num_classes: int) -> None:
        super().__init__(inner.config, task, padding, max_tokens)
        self.body, self.embedding_name = body, f"{body}.embeddings.word_embeddings"
        if task == "sentence_embedding":
            inner.pooler = None  # BERT's, for the first token; the mean of all does not go through it
            setattr(self, body, inner)
            self.head = nn.Linear(inner.config.hidden_size, num_classes)
        else:
            setattr(self, body, getattr(inner, body))
            if hasattr(inner, "dropout"):  # RoBERTa has it in its classifier
                self.dropout = inner.dropout
            self.classifier = inner.classifier

    def forward(self, tokens: Tensor) -> Tensor:
        body = getattr(self, self.body)
        x = marked(body.embeddings(tokens), tokens.ne(self.padding))  # (B, T) -> (B, T, H + 1)
        for block in body.encoder.layer:
            hidden, mark = apart(x)
            x = marked(block(hidden, sees_real(mark)), mark)  # (B, T, H + 1)
        hidden, mark = apart(x)
        if self.task == "sentence_embedding":
            return self.head(self.sentence(hidden, mark))  # (B, C)
        if self.task == "token_classification":
            return self.classifier(self.dropout(hidden))  # (B, T, C)
        if body.pooler is None:  # RoBERTa's classifier takes the first token itself
            return self.classifier(hidden[:, :1])
        return self.classifier(self.dropout(body.pooler(hidden[:, :1])))  # (B, C)
