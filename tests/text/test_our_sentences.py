import re
from itertools import combinations

from transferlab.text import sentences
from transferlab.text.our_sentences import CARD, CLASSES


def words(text):
    return frozenset(re.findall(r"[\w']+", text.lower()))


def test_there_are_enough_and_as_many_of_each():
    data = sentences()
    assert data.class_names == CLASSES
    assert data.counts() == dict.fromkeys(CLASSES, 112)
    assert "448 messages" in CARD
    assert "CC BY 4.0" in CARD


def test_no_two_are_nearly_the_same():
    data = sentences()
    assert len(set(data.texts)) == 448
    bags = [words(text) for text in data.texts]
    assert max(len(a & b) / len(a | b) for a, b in combinations(bags, 2)) <= 0.6


def test_they_vary_in_length_and_beginning():
    lengths = [len(text.split()) for text in sentences().texts]
    assert min(lengths) == 4
    assert max(lengths) == 21
    for name in CLASSES:
        own = [text for text, label in zip(sentences().texts, sentences().labels, strict=True) if label == name]
        starts = [" ".join(text.split()[:2]) for text in own]
        assert max(map(starts.count, starts)) <= 8


def test_no_word_gives_a_class_away():
    """Without its commonest telling sign every class still has many messages: 'thank', 'please', a question mark."""
    data = sentences()
    for name, sign in (("thanks", "thank"), ("request", "please"), ("complaint", "again"), ("request", "?")):
        without = [
            t for t, label in zip(data.texts, data.labels, strict=True) if label == name and sign not in t.lower()
        ]
        assert len(without) >= 60, name
    asked = [label for text, label in zip(data.texts, data.labels, strict=True) if "?" in text]
    assert asked.count("request") >= 25
