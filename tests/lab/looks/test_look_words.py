import pytest
import torch

import transferlab as tl
from transferlab.data.texts import TextSet
from transferlab.explain.words import word_attributions
from transferlab.inference import predict
from transferlab.lab.looks.look import NoLook
from transferlab.lab.looks.look_words import MOST_STEPS, WordLook
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set

LETTERS = Tokenizer([])
TEXTS = ["a cat", "the dog?", "a <b>dog</b>", "the cat"]
NAMES = ("cats", "dogs")


def gpt(num_classes=None):
    torch.manual_seed(0)
    model = LastToken(SmallGPT(256, dim=16, blocks=2, heads=2, hidden=32, context=32), LETTERS, length=16)
    with torch.no_grad():
        model.model.embedding.weight.mul_(20)
    if num_classes:
        tl.replace_head(model, num_classes, seed=0)
    return model


@pytest.fixture
def texts():
    return sentence_set(LETTERS, TEXTS, [0, 1, 1, 0], NAMES, length=16)


def test_answers_and_words_are_the_models_own(texts):
    before, after = gpt(), gpt(2)
    frame = WordLook(before, texts, count=2)(after)
    chosen = texts.subset([0, 1])
    sure, answer = predict(after, chosen).softmax(1).max(1)
    for i, facts in enumerate(frame.facts["texts"]):
        assert facts["truth"] == NAMES[i]
        assert facts["predicted"] == NAMES[answer[i]]
        assert facts["probability"] == pytest.approx(sure[i].item(), abs=1e-5)
        found = word_attributions(after, chosen.texts[i], int(answer[i]), most_steps=MOST_STEPS)
        strongest = max(map(abs, found.values))
        words = [[text, value] for text, value in facts["words"] if value is not None]
        expected = [[word, round(v / strongest, 3)] for word, v in zip(found.words, found.values, strict=True)]
        assert words == expected
        assert "".join(text for text, _ in facts["words"]) == chosen.texts[i], "the text is whole"


def test_the_score_is_that_of_the_row_that_it_is_trained_on(texts):
    model = gpt(2)
    found = word_attributions(model, TEXTS[1], target=1)
    assert found.score == pytest.approx(predict(model, texts.subset([1]))[0, 1].item(), abs=1e-5)


def test_before_training_a_language_model_says_what_comes_next(texts):
    facts = WordLook(gpt(), texts, count=1).before().facts["texts"][0]
    assert facts["predicted"].startswith("next: ")
    assert facts["right"] is False


@pytest.mark.parametrize("target", ["the true class", "dogs"])
def test_what_is_asked_for_is_explained(texts, target):
    facts = WordLook(gpt(), texts, target=target, count=2)(gpt(2)).facts["texts"]
    assert [one["explained"] for one in facts] == (["cats", "dogs"] if target == "the true class" else ["dogs"] * 2)


def test_what_cannot_be_shown_is_said(texts):
    with pytest.raises(ValueError, match=r"LastToken\(model, tokenizer\)"):
        WordLook(LastToken(SmallGPT(256, dim=16, blocks=1, heads=2, hidden=32, context=32)), texts)
    with pytest.raises(ValueError, match=r"rows have 12 tokens.* LastToken\(model, tokenizer, length=12\)"):
        WordLook(gpt(), sentence_set(LETTERS, TEXTS, [0, 1, 1, 0], NAMES, length=12))
    with pytest.raises(ValueError, match="as tokens only"):
        WordLook(gpt(), TextSet(texts.tokens, texts.labels, NAMES))
    with pytest.raises(ValueError, match="No class 'birds'"):
        WordLook(gpt(), texts, target="birds")
    with pytest.raises(ValueError, match="an answer of its own"):
        WordLook(gpt(), TextSet(texts.tokens, texts.tokens % 2, NAMES, texts=texts.texts))
    with pytest.raises(ValueError, match="no pictures"):
        NoLook("There are no pictures.").before()
