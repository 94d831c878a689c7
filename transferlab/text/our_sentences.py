"""448 short messages of our own writing: is it a question, a request, a complaint or thanks?

What a message wants is said by the whole of it and seldom by one word: requests come as questions, complaints begin
with "thanks to", and thanks do without the word. That makes it a fair small task for what a sentence encoder knows.
"""

import csv
from functools import cache
from pathlib import Path

from transferlab.text.labelled_texts import LabelledTexts, TextReport

FILE = Path(__file__).parent / "sentences.csv"
CLASSES = ("question", "request", "complaint", "thanks")
CARD = """Sentences: what does a message want?

448 messages in British English, 112 of each class, 4 to 21 words long:
  question   wants to know something
  request    wants somebody to do something
  complaint  says that something is wrong
  thanks     is grateful, or praises
They are about everyday places and things: libraries, trains, gardens, kitchens, museums, workshops, music, repairs.
Written one by one for this package by its authors; no template, no person's name, no collected data.
Limits: one writer's English, polite and complete; a message has one label, though some could have two.
Licence: CC BY 4.0, the transferlab authors.
"""


@cache
def sentences() -> LabelledTexts:
    """The messages and their classes; `print(transferlab.text.our_sentences.CARD)` says more.

    >>> sentences()
    LabelledTexts('sentences', 448 texts, 4 classes: question 112, request 112, complaint 112, thanks 112)
    """
    with open(FILE, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = tuple(row["label"] for row in rows)
    report = TextReport("sentences", {name: labels.count(name) for name in CLASSES})
    return LabelledTexts(tuple(row["text"] for row in rows), labels, CLASSES, "sentences", report)
