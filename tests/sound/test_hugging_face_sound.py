"""Networks for sounds by `load` and `save`: the same network by every name, and back from a file with its head."""

import json
from dataclasses import replace

import pytest
import torch

pytest.importorskip("transformers")

import transformers

import transferlab as tl
from tests.sound.tiny_networks import sounds, wav2vec2, whisper
from transferlab.backbones import hugging_face_folder
from transferlab.backbones.hugging_face_sound import adapt, with_seconds
from transferlab.backbones.names import resolve
from transferlab.sound import load_sound_network

KINDS = {"wav2vec2": wav2vec2, "whisper": whisper}
BODIES = {"wav2vec2": "Wav2Vec2Model", "whisper": "WhisperModel"}
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def quiet():
    transformers.utils.logging.disable_progress_bar()


@pytest.fixture
def folder(tmp_path):
    def made(kind, **more):
        KINDS[kind](**more).save_pretrained(tmp_path / "net")
        return tmp_path / "net"

    return made


@both
def test_every_name_gives_the_network_that_load_sound_network_gives(folder, kind):
    path, x = folder(kind), sounds()
    with torch.no_grad():
        expected = load_sound_network(path)(x)
        for model in (
            tl.load(path),
            tl.load(path, task="audio_classification"),
            tl.load(f"hf/{path}", 3),
            tl.load(f"hf/{path}.audio_classification"),
        ):
            assert model.training
            assert torch.equal(model.eval()(x), expected)
            assert model.card.architecture == f"hf/{path}.audio_classification"


@both
def test_a_name_on_the_hub_is_found_in_its_cache(folder, kind, monkeypatch):
    path = folder(kind, cls=BODIES[kind])
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, file: str(path / file))
    model = tl.load("hf/owner/Some-Net", task="audio_classification", num_classes=4).eval()
    assert model(sounds()).shape == (3, 4)
    assert model.card.name == "hf/owner/Some-Net.audio_classification"
    assert "https://huggingface.co/owner/Some-Net" in model.card.source


@both
def test_class_names_are_read_where_the_files_name_them(folder, kind):
    path = folder(kind)
    assert tl.load(path).card.class_names == ()  # LABEL_0, LABEL_1, LABEL_2
    said = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**said, "id2label": {"0": "yes", "1": "no", "2": "on"}}))
    hugging_face_folder._read.cache_clear()
    assert tl.load(path).card.class_names == ("yes", "no", "on")
    assert tl.load(path, 4).card.class_names == ()


@both
@pytest.mark.parametrize("body", [False, True], ids=["classifier", "body"])
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_what_was_fine_tuned_comes_back_with_head_names_and_equal_logits(folder, tmp_path, kind, body, head):
    path, x = folder(kind, **({"cls": BODIES[kind]} if body else {})), sounds()
    model = tl.load(path, 3 if body else None)
    tl.replace_head(model, 4, head=head, seed=0)
    optimizer = torch.optim.SGD(tl.lr_groups(model, head_lr=0.01))
    for _ in range(2):
        torch.nn.functional.cross_entropy(model(x), torch.tensor([0, 1, 3])).backward()
        optimizer.step()
    tl.save(model, tmp_path / "mine.safetensors", class_names=list("abcd"))
    again = tl.load(tmp_path / "mine.safetensors")
    assert again.card.class_names == tuple("abcd")
    assert again.card.details["started_from"]["name"] == f"hf/{path}.audio_classification"
    assert tl.stages(again).names == tl.stages(model).names
    with torch.no_grad():
        assert torch.equal(again.eval()(x), model.eval()(x))
    tl.save(again, tmp_path / "again.safetensors")
    assert tl.load(tmp_path / "again.safetensors").card.class_names == tuple("abcd")
    assert tl.load(tmp_path / "mine.safetensors", pretrained=False)(x).shape == (3, 4)
    if head == "linear":
        fresh = tl.load(tmp_path / "mine.safetensors", num_classes=5)
        assert fresh(x).shape == (3, 5)
        assert fresh.card.class_names == ()


def test_a_whisper_that_reads_less_still_does_when_it_comes_back(folder, tmp_path):
    path, x = folder("whisper"), sounds(length=8_000)
    model = load_sound_network(path, seconds=0.5)
    tl.save(model, tmp_path / "short.safetensors")
    again = tl.load(tmp_path / "short.safetensors").eval()
    with torch.no_grad():
        assert torch.equal(again(x), model(x))
        assert not torch.allclose(tl.load(path).eval()(x), model(x))
    with pytest.raises(ValueError, match=r"reads 0.02 to 1 seconds; you gave seconds=2"):
        with_seconds(model, 2)


@pytest.mark.parametrize("seconds", [-1, 10**9, float("nan"), "long", True, [1], None])
def test_a_file_may_claim_any_number_of_seconds(folder, tmp_path, seconds):
    model = tl.load(folder("whisper"))
    model.card = replace(model.card, details={"seconds": seconds})
    tl.save(model, tmp_path / "odd.safetensors")
    if seconds is None:  # nothing was said
        tl.load(tmp_path / "odd.safetensors")
    else:
        with pytest.raises(ValueError, match="you gave seconds="):
            tl.load(tmp_path / "odd.safetensors")


@both
def test_without_its_folder_a_saved_network_says_what_it_needs(folder, tmp_path, kind):
    path = folder(kind)
    tl.save(tl.load(path), tmp_path / "mine.safetensors")
    path.rename(tmp_path / "moved")
    with pytest.raises(ValueError, match=r"was saved from hf/.*, and is built by its config.json: No folder"):
        tl.load(tmp_path / "mine.safetensors")


@both
def test_a_checkpoint_of_the_library_fits_too(folder, tmp_path, kind):
    path, x = folder(kind), sounds()
    checkpoint = tmp_path / "checkpoint.pth"
    torch.save(KINDS[kind]().state_dict(), checkpoint)
    with torch.no_grad():
        assert torch.equal(tl.load(path, weights=checkpoint).eval()(x), tl.load(path).eval()(x))


def test_names_of_older_files_are_those_of_today():
    name = resolve("hf/any.audio_classification")
    key = "wav2vec2.encoder.pos_conv_embed.conv"
    given = {f"{key}.weight_g": torch.zeros(1), f"{key}.weight_v": torch.ones(1), "wav2vec2.masked_spec_embed": 0}
    assert adapt(name, given) == {
        f"{key}.parametrizations.weight.original0": torch.zeros(1),
        f"{key}.parametrizations.weight.original1": torch.ones(1),
    }


def test_an_older_file_is_read_as_the_library_reads_it(folder):
    path, x = folder("wav2vec2"), sounds()
    network = wav2vec2()
    with torch.no_grad():
        expected = tl.load(path).eval()(x)
    old = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for key, value in network.state_dict().items()
    }
    assert len(set(old) - set(network.state_dict())) == 2
    (path / "model.safetensors").unlink()
    torch.save(old, path / "pytorch_model.bin")
    with torch.no_grad():
        assert torch.equal(tl.load(path).eval()(x), expected)
        assert torch.equal(tl.load(path, weights=path / "pytorch_model.bin").eval()(x), expected)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"encoder_layers": 10**9}, "encoder_layers cannot be 1000000000"),
        ({"d_model": 30}, "does not describe a network"),
        ({"d_model": 100_000, "encoder_ffn_dim": 1_000_000, "encoder_layers": 1_000}, "memory are left"),
        ({"max_source_positions": -5}, "max_source_positions cannot be -5"),
    ],
)
def test_numbers_that_no_network_has_are_refused_before_anything_is_built(folder, changes, sentence):
    path = folder("whisper")
    said = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps({**said, **changes}))
    hugging_face_folder._read.cache_clear()
    for pretrained in (True, False):
        with pytest.raises(ValueError, match=sentence):
            tl.load(path, pretrained=pretrained)


def test_tasks_that_do_not_fit(folder):
    with pytest.raises(ValueError, match=r"A whisper is no model for 'causal_lm'\. It can do: audio_classification"):
        tl.load(folder("whisper"), task="causal_lm")
    with pytest.raises(ValueError, match="task= is for networks for texts and sounds"):
        tl.load("bundled", task="audio_classification")


@pytest.mark.parametrize("old", [False, True], ids=["safetensors", "older file"])
def test_fetch_takes_an_older_file_only_where_there_is_no_other(folder, monkeypatch, old):
    path = folder("wav2vec2", cls="Wav2Vec2Model")
    weights = path / "model.safetensors"
    if old:
        weights.unlink()
    asked = []

    def snapshot_download(repository, allow_patterns):
        asked.append(allow_patterns)
        if "pytorch_model.bin" in allow_patterns:
            torch.save(wav2vec2("Wav2Vec2Model").state_dict(), path / "pytorch_model.bin")

    def cached(repository, file):
        return str(path / file) if asked else None

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", cached)
    report = tl.fetch("hf/owner/Some-Net")
    assert report.downloaded
    assert report.path == (path / "pytorch_model.bin" if old else weights)
    assert len(asked) == (2 if old else 1)
    assert "pytorch_model.bin" not in asked[0]
    assert not tl.fetch("hf/owner/Some-Net").downloaded
    assert tl.load("hf/owner/Some-Net", 4)(sounds()).shape == (3, 4)
