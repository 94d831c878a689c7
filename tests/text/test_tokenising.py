import time

import pytest
import torch

import transferlab as tl
from tests.text.networks import SPECIAL, WORDS, folder
from transferlab.text import LabelledTexts, embed, next_tokens, tagged_words, texts

transformers = pytest.importorskip("transformers")
NUMBER = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    transformers.utils.logging.set_verbosity_error()
    made = {}
    for kind, task in (("bert", "sequence_classification"), ("bert", "token_classification"), ("gpt2", "causal_lm"),
                       ("bert", "sentence_embedding")):  # fmt: skip
        path = folder(tmp_path_factory.mktemp(f"{kind}-{task}"), kind, task)
        made[task] = tl.load(path, num_classes=None if task == "causal_lm" else 3)
    return made


def test_tokens_are_those_of_the_tokenizer_and_rows_are_filled_up(models):
    data = texts(["the cat sat", "dog"], ["x", "y"], model=models["sequence_classification"])
    assert data.tokens.tolist() == [
        [2, NUMBER["the"], NUMBER["cat"], NUMBER["sat"], 3], [2, NUMBER["dog"], 3, 0, 0],
    ]  # fmt: skip
    assert data.labels.tolist() == [0, 1]
    assert data.class_names == ("x", "y")
    assert data.texts == ("the cat sat", "dog")
    assert data.padding == 0
    assert data.report.notes() == ()


def test_a_long_text_is_cut_and_the_report_says_so(models):
    start = time.perf_counter()
    data = texts(["the cat " * 50_000, "dog"], ["x", "y"], model=models["sequence_classification"])
    assert time.perf_counter() - start < 10  # of 100,000 tokens only the first are looked at
    assert data.tokens.shape == (2, 40)
    assert data.tokens[0, -1] == 3  # the sign at the end is still there
    assert data.report.truncated == ("text 0",)
    assert "cut after 40 tokens: 1 text, 'text 0'" in str(data.report)
    spaces = texts([" " * 100_000 + "cat", "dog"], ["x", "y"], model=models["sequence_classification"])
    assert spaces.tokens[0].tolist() == [2, NUMBER["cat"], 3]
    assert spaces.report.truncated == ()


def test_what_the_vocabulary_does_not_know_is_counted(models):
    data = texts(["the 猫 ☃", "cat"], ["x", "y"], model=models["sequence_classification"])
    assert data.report.unknown == {"text 0": 2}
    assert "2 tokens that the model's vocabulary has no sign for" in str(data.report)


def test_the_models_own_signs_in_a_text_are_only_text(models):
    data = texts(["the [PAD] cat [SEP]", "dog"], ["x", "y"], model=models["sequence_classification"])
    assert 0 not in data.tokens[0].tolist()
    assert data.tokens[0].tolist().count(3) == 1


@pytest.mark.parametrize(
    ("given", "labels", "options", "sentence"),
    [
        ([], [], {}, "no texts"),
        (["a", ""], ["x", "y"], {}, "1 text without a letter: 'text 1'"),
        (["a", "b"], ["x"], {}, "2 texts and 1 labels"),
        (["a"], ["x"], {"class_names": ["y"]}, "none of the class_names: 'x'"),
        ("a text", ["x"], {}, "a list of texts"),
        (["a"], None, {}, "a list of labels"),
        (["a"], ["x"], {"max_tokens": 100}, "from 3 to 40"),
        ([1], ["x"], {}, "sequence of names such as .'Is it open"),
        (["\u200b"], ["x"], {}, "finds nothing in 1 text"),
    ],
)
def test_what_is_wrong_is_said(models, given, labels, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        texts(given, labels, model=models["sequence_classification"], **options)


def test_a_picture_model_reads_no_texts():
    with pytest.raises(ValueError, match=r"load\('minilm', num_classes=4\)"):
        texts(["a"], ["x"], model=torch.nn.Linear(2, 2))


def test_the_first_token_of_a_word_carries_its_tag(models):
    words, tags = [["the", "unknowns", "sat"], ["cat"]], [["O", "B", "O"], ["B"]]
    data = tagged_words(words, tags, model=models["token_classification"])
    # [CLS] the un ##known ##s sat [SEP]
    assert data.tokens[0].tolist() == [
        2,
        NUMBER["the"],
        NUMBER["un"],
        NUMBER["##known"],
        NUMBER["##s"],
        NUMBER["sat"],
        3,
    ]
    assert data.labels.tolist() == [[-100, 1, 0, -100, -100, 1, -100], [-100, 0, -100, -100, -100, -100, -100]]
    assert data.class_names == ("B", "O")
    assert data.by_position


def test_transformers_aligns_words_in_the_same_way(models):
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=models["token_classification"].tokens._tokenizer)
    words = [["the", "unknowns", ",", "sat", "on", "knowns", "!"]]
    data = tagged_words(words, [list("abcdefg")], model=models["token_classification"])
    encoded = fast(words, is_split_into_words=True)
    expected, before = [], None
    for word in encoded.word_ids(0):
        expected.append(-100 if word is None or word == before else word)
        before = word
    assert data.tokens[0].tolist() == encoded["input_ids"][0]
    assert data.labels[0].tolist() == expected


@pytest.mark.parametrize(
    ("words", "tags", "sentence"),
    [
        ([["a"], ["b", "c"]], [["O"], ["O"]], "Row 1 has 2 words and 1 tags"),
        ([["a"]], [["O"], ["O"]], "you gave 1 and 2"),
        ([], [], "no rows"),
        ([[]], [[]], "Row 0 has no words"),
        (["a b"], [["O", "O"]], "Row 0 is one string"),
        ([["a"]], [["Z"]], "none of the class_names: 'Z'"),
    ],
)
def test_words_and_tags_that_do_not_fit_are_refused_with_their_row(models, words, tags, sentence):
    options = {"class_names": ["O"]} if "Z" in str(tags) else {}
    with pytest.raises(ValueError, match=sentence):
        tagged_words(words, tags, model=models["token_classification"], **options)


def test_words_that_are_cut_off_are_counted(models):
    data = tagged_words([["cat"] * 60], [["O", *["B"] * 59]], model=models["token_classification"])
    assert data.tokens.shape == (1, 40)
    assert (data.labels != -100).sum() == 38
    assert "22 words without a token" in str(data.report)


def test_next_tokens_are_shifted_by_one_and_nothing_is_lost(models):
    text = "the cat sat on the red mat and the dog ran"
    data = next_tokens([text, "dog"], model=models["causal_lm"], max_tokens=4)
    numbers = [NUMBER.get(word, 1) for word in text.split()]
    rows = [[token for token, label in zip(*pair, strict=True) if label != -100] for pair in
            zip(data.tokens.tolist(), data.labels.tolist(), strict=True)]  # fmt: skip
    assert [token for row in rows for token in row] == numbers[:-1]
    asked = [label for row in data.labels.tolist() for label in row if label != -100]
    assert asked == numbers[1:]
    assert data.num_classes == len(NUMBER)
    with pytest.raises(ValueError, match="nothing comes next"):
        next_tokens(["dog"], model=models["causal_lm"])


def test_a_language_models_forgetting_is_its_loss_on_its_own_texts(models):
    import copy

    model = copy.deepcopy(models["causal_lm"]).eval()
    source = next_tokens(["the cat sat on the mat .", "the dog ran !"] * 8, model=model)
    memory = tl.remember(model, source=source)
    assert memory.kind == "accuracy"
    with torch.no_grad():
        logits = model(source.tokens)
    expected = torch.nn.functional.cross_entropy(logits.transpose(1, 2), source.labels)
    assert memory.judge(model).loss == pytest.approx(expected.item(), rel=1e-5)


def test_embeddings_do_not_depend_on_what_else_is_embedded(models):
    model = models["sentence_embedding"]
    given = ["the cat", "the big red dog sat on the small blue mat", "dog"]
    together = embed(model, given, batch_size=2)
    assert together.shape == (3, 32)
    alone = torch.cat([embed(model, [one]) for one in given])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="list of texts"):
        embed(model, [])


def test_labelled_texts_are_chosen_by_position():
    data = LabelledTexts(("a", "b", "c"), ("x", "y", "x"))
    assert data.subset([2, 0]).texts == ("c", "a")
    assert data.subset([1]).class_names == ("x", "y")
    assert repr(data) == "LabelledTexts(3 texts, 2 classes: x 2, y 1)"
