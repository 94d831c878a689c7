import copy

import pytest
import torch
from torch import nn

import transferlab as tl
from tests.text.networks import ALL, folder
from transferlab.explain.words import word_attributions, word_spans

transformers = pytest.importorskip("transformers")
TEXT = "The cat isn't on the red mat, unknowns!"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    transformers.utils.logging.set_verbosity_error()
    made = {}
    for kind, task in ALL:
        path = folder(tmp_path_factory.mktemp(f"{kind}-{task}"), kind, task)
        torch.manual_seed(0)
        made[kind, task] = tl.load(path, num_classes=None if task == "causal_lm" else 3)
        with torch.no_grad():  # random networks answer next to nothing; a louder embedding gives something to explain
            made[kind, task].get_submodule(made[kind, task].embedding_name).weight.mul_(30)
    return made


@pytest.mark.parametrize("pair", ALL, ids=[f"{kind}-{task}" for kind, task in ALL])
def test_the_parts_add_up_to_the_difference_of_two_scores(models, pair):
    model = models[pair]
    word = 1 if pair[1] == "token_classification" else None
    found = word_attributions(model, TEXT, word=word)
    tokens = torch.tensor([model.tokens.encode([TEXT], 40)[0].numbers])
    model.eval()
    with torch.no_grad():
        logits = model(tokens)
    if model.answers_tokens:
        logits = logits[:, 2 if word == 1 else -1]  # [CLS] the cat
    assert found.score == pytest.approx(logits[0, found.target].item(), abs=1e-5)
    assert found.target == int(logits[0].argmax())
    total = sum(found.values) + found.rest
    assert total + found.gap == pytest.approx(found.score - found.baseline)
    assert abs(found.gap) <= 0.05 * abs(found.score - found.baseline) or "miss" in found.notes()[0]


def test_the_baseline_is_the_same_text_with_the_vectors_of_padding(models):
    """By hand: the text's own mask, padding's vector in place of every word's."""
    model = copy.deepcopy(models["bert", "sentence_embedding"]).eval()
    found = word_attributions(model, "the cat", target=0)
    table = model.bert.embeddings.word_embeddings.weight
    with torch.no_grad():
        table[model.tokens.number_of("the")] = table[0]
        table[model.tokens.number_of("cat")] = table[0]
        logits = model(torch.tensor([model.tokens.encode(["the cat"], 40)[0].numbers]))
    assert found.baseline == pytest.approx(logits[0, 0].item(), abs=1e-5)


def test_a_linear_network_gives_each_word_exactly_what_it_adds(models):
    model = copy.deepcopy(models["bert", "sentence_embedding"])
    # A mean over tokens of their vectors, then a Linear: nothing else is left of the network.
    model.bert.encoder.layer = nn.ModuleList()
    embeddings = model.bert.embeddings
    for part in (embeddings.position_embeddings, embeddings.token_type_embeddings):
        nn.init.zeros_(part.weight)
    embeddings.LayerNorm = nn.Identity()
    found = word_attributions(model, "the unknowns sat", target=1)
    table, head = embeddings.word_embeddings.weight.detach(), model.head.weight[1].detach()
    numbers = model.tokens.encode(["the unknowns sat"], 40)[0].numbers
    each = [float((table[number] - table[0]) @ head) / len(numbers) for number in numbers]
    assert found.words == ("the", "unknowns", "sat")
    assert found.values == pytest.approx([each[1], sum(each[2:5]), each[5]], abs=1e-5)
    assert found.gap == pytest.approx(0, abs=1e-5)


def test_the_model_stays_as_it_was(models):
    model = models["bert", "sequence_classification"]
    tl.freeze_to(model, "classifier")
    model.train()
    before = copy.deepcopy(model.state_dict())
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    random = torch.get_rng_state()
    one, other = word_attributions(model, TEXT), word_attributions(model, TEXT)
    assert one == other
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [parameter.requires_grad for parameter in model.parameters()] == wanted
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    tl.unfreeze(model)


def test_words_are_found_by_letters():
    assert [TEXT[a:b] for a, b in word_spans(TEXT)] == [
        "The", "cat", "isn't", "on", "the", "red", "mat", ",", "unknowns", "!",
    ]  # fmt: skip
    assert [a for a, _ in word_spans("über 猫")] == [0, 5]


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("", {}, "at least one word"),
        (None, {}, "at least one word"),
        ("cat", {"target": 7}, "No class 7: this model has 3"),
        ("cat", {"target": "dog"}, "No class 'dog'"),
        ("cat", {"word": 0}, "leave word= out"),
        ("\u200b", {}, "no word"),
    ],
)
def test_what_is_wrong_is_said(models, text, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        word_attributions(models["bert", "sequence_classification"], text, **options)


def test_a_model_that_answers_words_is_asked_for_one(models):
    model = models["bert", "token_classification"]
    with pytest.raises(ValueError, match="say which, word=0 to 1"):
        word_attributions(model, "the cat")
    with pytest.raises(ValueError, match="No word 5"):
        word_attributions(model, "the cat", word=5)


def test_a_picture_model_has_no_words():
    with pytest.raises(ValueError, match="reads no texts"):
        word_attributions(nn.Linear(2, 2), "cat")


def test_a_cut_text_says_so(models):
    found = word_attributions(models["bert", "sequence_classification"], "the cat " * 60)
    assert found.cut
    assert len(found.words) == 38
    assert "longer than what the model reads" in str(found)
