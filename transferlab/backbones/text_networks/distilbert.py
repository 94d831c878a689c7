"""DistilBERT: BERT with half of its layers.

Source: Sanh et al., "DistilBERT" (2019). The head is transformers' own: a dense layer with a ReLU on the first token,
then a Linear. Left out: pairs of texts.
"""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.backbones.text_networks.marks import apart, marked, sees_real
from transferlab.backbones.text_networks.network import TextNetwork


class DistilBertNetwork(TextNetwork):
    """A DistilBERT with the head of its task.

    >>> stages(model).names
    ('distilbert.embeddings', 'distilbert.transformer.layer.0', …, 'pre_classifier', 'classifier')
    """

    embedding_name = "distilbert.embeddings.word_embeddings"

    def __init__(self, inner: Any, body: str, task: str, padding: int, max_tokens: int, num_classes: int) -> None:
        super().__init__(inner.config, task, padding, max_tokens)
        if task == "sentence_embedding":
            self.distilbert = inner
            self.head = nn.Linear(inner.config.hidden_size, num_classes)
            return
        self.distilbert = inner.distilbert
        if task == "sequence_classification":
            self.pre_classifier = inner.pre_classifier
        self.dropout, self.classifier = inner.dropout, inner.classifier

    def forward(self, tokens: Tensor) -> Tensor:
        x = marked(self.distilbert.embeddings(tokens), tokens.ne(self.padding))  # (B, T) -> (B, T, H + 1)
        for block in self.distilbert.transformer.layer:
            hidden, mark = apart(x)
            x = marked(block(hidden, sees_real(mark)), mark)  # (B, T, H + 1)
        hidden, mark = apart(x)
        if self.task == "sentence_embedding":
            return self.head(self.sentence(hidden, mark))  # (B, C)
        if self.task == "token_classification":
            return self.classifier(self.dropout(hidden))  # (B, T, C)
        return self.classifier(self.dropout(F.relu(self.pre_classifier(hidden[:, 0]))))  # (B, C)
