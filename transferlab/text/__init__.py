"""Texts: read them from files, turn them into a model's tokens, and a small labelled set of our own.

    >>> from transferlab.text import sentences, texts
    >>> model = tl.load("minilm", num_classes=4)
    >>> data = texts(sentences(), model=model).split(0.3)
    >>> run = tl.train(model, data, "feature_extraction")

`reading.py` reads CSV, JSON lines and folders, `tokenising.py` makes a `TextSet` of them, `embedding.py` gives sentence
embeddings, `our_sentences.py` the set that comes with the package. The networks are `load`'s.
"""

from transferlab.text.embedding import embed
from transferlab.text.labelled_texts import LabelledTexts, TextReport
from transferlab.text.our_sentences import sentences
from transferlab.text.reading import read_texts
from transferlab.text.tokenising import next_tokens, tagged_words, texts

__all__ = [
    "LabelledTexts", "TextReport", "embed", "next_tokens", "read_texts", "sentences", "tagged_words", "texts",
]  # fmt: skip
