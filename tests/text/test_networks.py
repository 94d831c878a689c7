"""Every supported class: the library's own forward is the oracle, and all that holds for pictures holds for it."""

import copy

import pytest
import torch
from torch.nn import functional as F

import transferlab as tl
from tests.test_contract import check_line, check_stages, fingerprints, wake_up
from tests.text.networks import ALL, ENCODERS, SPECIAL, WORDS, folder, library_model, rows
from transferlab.backbones.hugging_face import network
from transferlab.boundary import Boundary
from transferlab.data.labelled import Splits
from transferlab.data.texts import TextSet
from transferlab.heads import head_of
from transferlab.inference import evaluating
from transferlab.stages import cut_points

transformers = pytest.importorskip("transformers")
IDS = [f"{kind}-{task}" for kind, task in ALL]
# XLM-RoBERTa is RoBERTa's code under another name: the oracle is asked of it too, and the rest is RoBERTa's.
EACH = [pair for pair in ALL if pair[0] != "xlm-roberta"]
EACH_ID = [f"{kind}-{task}" for kind, task in EACH]
VOCABULARY = len(SPECIAL) + len(WORDS)


@pytest.fixture(autouse=True)
def quiet():
    transformers.utils.logging.set_verbosity_error()


def made(kind, task, num_classes=3):
    inner = library_model(kind, task, num_classes)
    classes = VOCABULARY if task == "causal_lm" else num_classes
    model = network(copy.deepcopy(inner), task, classes, padding=0).eval()
    return inner, model


def labelled(task, count=48, seed=0):
    tokens = rows(count, seed=seed)
    if task == "causal_lm":
        labels = torch.where(tokens[:, 1:] == 0, -100, tokens[:, 1:])
        return TextSet(tokens[:, :-1].contiguous(), labels, tuple(f"token {i}" for i in range(VOCABULARY)), padding=0)
    if task == "token_classification":
        return TextSet(tokens, torch.where(tokens == 0, -100, tokens % 3), ("a", "b", "c"), padding=0)
    return TextSet(tokens, torch.arange(count) % 3, ("a", "b", "c"), padding=0)


@pytest.mark.parametrize(("kind", "task"), ALL, ids=IDS)
def test_the_library_itself_answers_the_same(kind, task):
    inner, model = made(kind, task)
    tokens = rows()
    real = tokens != 0
    with torch.no_grad():
        ours = model(tokens)
        theirs = inner(tokens, attention_mask=real.long())
    if task == "sentence_embedding":
        hidden, mask = theirs.last_hidden_state, real[..., None].float()
        pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)  # as sentence-transformers' Pooling writes it
        expected = model.head(pooled)
    else:
        expected = theirs.logits
    if model.answers_tokens:
        ours, expected = ours[real], expected[real]
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kind", "task"), EACH, ids=EACH_ID)
def test_padding_changes_nothing(kind, task):
    _, model = made(kind, task)
    row = rows(2)[1:, :7]
    longer = F.pad(row, (0, 5))
    with torch.no_grad():
        short, long = model(row), model(longer)
    torch.testing.assert_close(long[:, :7] if model.answers_tokens else long, short, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kind", "task"), EACH, ids=EACH_ID)
def test_contract(kind, task):
    """The contract of the pictures (test_contract.py): stages, head, three freeze lines under one live optimizer."""
    _, model = made(kind, task, num_classes=5)
    check_stages(model)
    backbone = tl.stages(model).names[:-1]
    if task != "causal_lm":
        assert tl.replace_head(model, 5, seed=0).num_classes == 5
    assert tl.stages(model).names[:-1] == backbone
    assert {cut.index for cut in cut_points(model)} >= set(range(2, len(backbone) + 1))
    wake_up(model)
    model = _ByText(model) if model.answers_tokens else model
    last = len(tl.stages(model)) - 1
    optimizer = None
    tokens = (
        torch.arange(5, VOCABULARY).repeat(4)[: 4 * 20].view(4, 20)
    )  # every token, so that each row gets a gradient
    for line in (last, last // 2, 0):
        optimizer = check_line(model, line, optimizer, tokens)


class _ByText(torch.nn.Module):
    """A model that answers every token, as one answer a text, for the contract's own loss."""

    def __init__(self, model):
        super().__init__()
        self.inner = model

    def forward(self, tokens):
        return self.inner(tokens).mean(1)


def trained(model, answer, labels):
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-2, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for index in torch.randperm(len(labels), generator=generator).split(16):
            torch.manual_seed(int(index[0]))  # dropout behind the line
            optimizer.zero_grad()
            logits = answer(index)
            F.cross_entropy(logits.flatten(0, -2), labels[index].flatten(), ignore_index=-100).backward()
            optimizer.step()
    return [tensor.detach() for tensor in model.state_dict().values()]


@pytest.mark.parametrize(("kind", "task"), EACH, ids=EACH_ID)
def test_training_on_the_cache_gives_the_weights_of_training_without_it_bit_for_bit(kind, task):
    _, model = made(kind, task)
    data = labelled(task)
    line = -3 if len(tl.stages(model)) > 4 else -2  # behind the first block
    tl.freeze_to(model, line)
    model.train()
    twin = copy.deepcopy(model)
    boundary = Boundary(model, data)
    assert boundary.stage == tl.stages(model)[line].name
    cached = trained(model, boundary, data.labels)
    uncached = trained(twin, lambda index: twin(data.tokens[index]), data.labels)
    assert all(torch.equal(one, other) for one, other in zip(cached, uncached, strict=True))
    assert boundary.images_computed == len(data)


@pytest.mark.parametrize(("kind", "task"), EACH, ids=EACH_ID)
def test_ten_epochs_of_a_frozen_encoder_cost_one_pass_and_change_nothing_in_it(kind, task):
    _, model = made(kind, task)
    data = Splits(labelled(task, 48), labelled(task, 24, seed=1))
    before = fingerprints(model.named_parameters())
    seen = []
    stem = model.get_submodule(model.embedding_name)
    handle = stem.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
    run = tl.train(model, data, tl.feature_extraction(epochs=10), progress=False)
    handle.remove()
    # The two sets once, and one row of each of them to learn the shape of what is kept.
    assert sum(seen) <= 48 + 24 + 2 + 32
    after = fingerprints(model.named_parameters())
    head = {name for name in before if name.startswith(tl.stages(model).head.name + ".")}
    assert {name for name in before if before[name] != after[name]} == head
    assert run.phases[0].kept_at == tl.stages(model).head.name
    assert len(run.epochs) >= 10


@torch.no_grad()
def answer_differently(model, tokens):
    """A fresh head answers all texts alike, which cannot be forgotten."""
    head = head_of(model)[1]
    torch.nn.init.normal_(head.weight)
    if head.bias is not None:
        head.bias.sub_(model(tokens).flatten(0, -2).mean(0))


@pytest.mark.parametrize(("kind", "task"), EACH, ids=EACH_ID)
def test_forgetting_and_probes(kind, task):
    _, model = made(kind, task)
    data = Splits(labelled(task, 48), labelled(task, 24, seed=1))
    answer_differently(model, labelled(task, 24, seed=2).tokens)
    memory = tl.remember(model, source=labelled(task, 24, seed=2))
    assert memory.kind == "agreement"
    assert memory.measure(model) == 1
    if not model.answers_tokens:
        tl.replace_head(model, 3, seed=0)
    run = tl.train(model, data, tl.from_scratch(epochs=3, lr=1e-2), memory=memory, progress=False)
    assert memory.measure(model) < 1
    assert run.epochs[-1].source_accuracy == pytest.approx(memory.measure(model))
    with evaluating(model):
        probes = tl.layer_probes(model, data)
    assert [probe.stage for probe in probes] == [cut.before for cut in cut_points(model)]
    assert all(0 <= probe.accuracy <= 1 for probe in probes)


def test_a_probe_ignores_padding():
    _, model = made("bert", "sequence_classification")
    features = torch.randn(3, 4, 33)
    features[:, :, -1] = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    expected = [features[0, :2, :32].mean(0), features[1, :, :32].mean(0), features[2, 0, :32]]
    torch.testing.assert_close(model.pooled(features), torch.stack(expected))


def test_the_head_of_a_language_model_is_its_own(tmp_path):
    folder(tmp_path / "gpt", "gpt2", "causal_lm")
    model = tl.load(tmp_path / "gpt")
    assert torch.equal(model.lm_head.weight, model.transformer.wte.weight)
    assert model.lm_head.weight is not model.transformer.wte.weight
    assert model.card.class_names[5] == "the"  # so that forgetting is measured with labels, and as a loss


def test_names_are_those_of_the_library():
    for kind in ENCODERS:
        inner, model = made(kind, "token_classification")
        assert set(model.state_dict()) == set(inner.state_dict())
