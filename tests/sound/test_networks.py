"""Wav2Vec2 and Whisper's encoder: equal to transformers' own, loaded from files that are whole, broken or absent."""

import copy
import json
import pickle
import subprocess
import sys

import pytest
import torch

pytest.importorskip("transformers")

import transformers

import transferlab as tl
from tests.sound.tiny_networks import sounds, wav2vec2, whisper
from transferlab.backbones.sound_networks.wav2vec2 import Wav2Vec2Classifier
from transferlab.backbones.sound_networks.whisper import WhisperClassifier
from transferlab.sound import load_sound_network


@pytest.mark.parametrize("stable", [False, True])
def test_wav2vec2_is_what_transformers_gives(stable):
    network, x = wav2vec2(stable=stable), sounds()
    extractor = transformers.Wav2Vec2FeatureExtractor()
    values = extractor(list(x.numpy()), sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        expected = network(values).logits
        found = Wav2Vec2Classifier(copy.deepcopy(network)).eval()(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.7])
def test_whisper_is_what_transformers_gives(seconds):
    network, x = whisper(), sounds(length=round(seconds * 16_000))
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=1)
    features = extractor(list(x.numpy()), sampling_rate=16_000, return_tensors="pt").input_features
    with torch.no_grad():
        expected = network(features).logits
        found = WhisperClassifier(copy.deepcopy(network)).eval()(x)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_whisper_that_reads_less_is_one_with_fewer_positions():
    network, x = whisper(), sounds(length=8_000)
    short = copy.deepcopy(network)
    short.config.max_source_positions = short.encoder.config.max_source_positions = 25
    short.encoder.embed_positions = torch.nn.Embedding.from_pretrained(network.encoder.embed_positions.weight[:25])
    extractor = transformers.WhisperFeatureExtractor(feature_size=16)
    features = extractor(
        list(x.numpy()), sampling_rate=16_000, return_tensors="pt", padding="do_not_pad"
    ).input_features
    with torch.no_grad():
        expected = short(features).logits
        found = WhisperClassifier(network, seconds=0.5).eval()(x)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_names_are_those_that_users_know():
    for network, wrapped in ((wav2vec2(), Wav2Vec2Classifier), (whisper(), WhisperClassifier)):
        names = set(network.state_dict())
        assert names - set(wrapped(network).state_dict()) <= {"wav2vec2.masked_spec_embed"}
        assert set(wrapped(network).state_dict()) <= names


@pytest.fixture
def saved(tmp_path):
    def save(network, name="net"):
        network.save_pretrained(tmp_path / name)
        return tmp_path / name

    return save


def test_a_trained_classifier_comes_back_as_it_is(saved):
    for network in (wav2vec2(), whisper()):
        model = load_sound_network(saved(network, type(network).__name__))
        assert not model.training
        assert model.card.num_classes == 3
        assert model.card.notes == ()
        state, own = model.state_dict(), network.state_dict()
        assert all(torch.equal(value, own[name]) for name, value in state.items())


@pytest.mark.parametrize(
    "network",
    [lambda: wav2vec2("Wav2Vec2ForCTC"), lambda: wav2vec2("Wav2Vec2Model", stable=True),
     lambda: whisper("WhisperForConditionalGeneration"), lambda: whisper("WhisperModel")],
    ids=["CTC", "base", "speech to text", "base whisper"],
)  # fmt: skip
def test_a_network_without_a_head_gets_one_and_no_random_layer_in_front(saved, network):
    network = network()
    folder = saved(network)
    model = load_sound_network(folder, num_classes=4)
    assert model(sounds()).shape == (3, 4)
    assert model.card.notes == ("the head is fresh, with 4 classes; the weights come without a head",)
    assert "projector" not in tl.stages(model).names
    own = network.state_dict()
    for name, value in model.state_dict().items():
        if not name.startswith("classifier"):
            matching = [key for key in own if key.endswith(name.removeprefix("wav2vec2.").removeprefix("encoder."))
                        and "decoder" not in key]  # fmt: skip
            assert any(torch.equal(value, own[key]) for key in matching), name
    with pytest.raises(ValueError, match="comes without a head; give num_classes="):
        load_sound_network(folder)


def test_another_number_of_classes_gets_a_fresh_head_and_keeps_the_rest(saved):
    network = wav2vec2()
    model = load_sound_network(saved(network), num_classes=5)
    assert model.classifier.out_features == 5
    assert torch.equal(model.projector.weight, network.projector.weight)
    assert model.card.notes == ("the head is fresh, with 5 classes; the weights' own head had 3",)


def test_random_weights_are_others_and_the_card_says_so(saved):
    network = whisper()
    model = load_sound_network(saved(network), num_classes=4, pretrained=False)
    assert not torch.equal(model.encoder.conv1.weight, network.encoder.conv1.weight)
    assert not model.card.pretrained
    assert "takes     sounds of 16,000 samples a second (whisper)" in str(model.card)


def test_what_its_files_say_of_its_input_holds(saved):
    folder, x = saved(wav2vec2()), sounds()
    said = folder / "preprocessor_config.json"
    with torch.no_grad():
        standardised = load_sound_network(folder)(x)
        said.write_text(json.dumps({"do_normalize": True, "sampling_rate": 16_000}))
        assert torch.equal(load_sound_network(folder)(x), standardised)
        said.write_text(json.dumps({"do_normalize": False}))
        assert not torch.allclose(load_sound_network(folder)(x), standardised)
    said.write_text(json.dumps({"sampling_rate": 8_000}))
    with pytest.raises(ValueError, match="takes 8000 samples a second"):
        load_sound_network(folder)
    said.write_text("{")
    with pytest.raises(ValueError, match=r"preprocessor_config.json' is broken"):
        load_sound_network(folder)


def test_older_checkpoints_are_read_without_running_what_is_in_them(saved, tmp_path):
    network = wav2vec2()
    folder = saved(network)
    (folder / "model.safetensors").unlink()
    torch.save(network.state_dict(), folder / "pytorch_model.bin")
    x = sounds()
    with torch.no_grad():
        assert load_sound_network(folder)(x).shape == (3, 3)

    class Runs:
        def __reduce__(self):
            return (open, (str(tmp_path / "was run"), "w"))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Runs()}))
    with pytest.raises(ValueError, match="refused and nothing in it was run"):
        load_sound_network(folder)
    assert not (tmp_path / "was run").exists()


def test_broken_files_are_sentences(saved, tmp_path):
    folder = saved(wav2vec2())
    weights, config = folder / "model.safetensors", folder / "config.json"
    whole, said = weights.read_bytes(), config.read_text()
    weights.write_bytes(whole[:5_000])
    with pytest.raises(ValueError, match=r"model\.safetensors' is broken"):
        load_sound_network(folder)
    weights.unlink()
    with pytest.raises(ValueError, match=r"holds no model\.safetensors"):
        load_sound_network(folder)
    weights.write_bytes(whole)
    config.write_text(said.replace('"num_hidden_layers": 4', '"num_hidden_layers": 6'))
    with pytest.raises(ValueError, match=r"not those of the config.json .* missing or of another shape"):
        load_sound_network(folder)
    config.write_text(said.replace('"intermediate_size": 64', '"intermediate_size": 48'))
    with pytest.raises(ValueError, match=r"not those of the config.json"):
        load_sound_network(folder)
    config.write_text("{")
    with pytest.raises(ValueError, match=r"config\.json"):
        load_sound_network(folder)
    config.write_text(said.replace('"model_type": "wav2vec2"', '"model_type": "bert"'))
    with pytest.raises(ValueError, match=r"A bert is no model for 'audio_classification'"):
        load_sound_network(folder)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match=r"no config\.json"):
        load_sound_network(tmp_path / "nothing")


def test_what_is_not_here_says_how_it_comes():
    for name in ("hf/facebook/wav2vec2-nowhere", "facebook/wav2vec2-nowhere"):
        with pytest.raises(ValueError, match="transferlab fetch hf/facebook/wav2vec2-nowhere"):
            load_sound_network(name, 4)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"num_classes": 1}, "at least 2 classes"), ({"num_classes": 3, "seconds": 1.0}, "leave seconds out")],
)
def test_arguments_that_make_no_sense(saved, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_sound_network(saved(wav2vec2()), **arguments)


def test_networks_that_cannot_be_cut_are_refused(saved):
    for network, wrapped in (
        (wav2vec2(use_weighted_layer_sum=True), Wav2Vec2Classifier),
        (whisper(use_weighted_layer_sum=True), WhisperClassifier),
    ):
        with pytest.raises(ValueError, match="weighs the outputs of all its layers"):
            wrapped(network)
    with pytest.raises(ValueError, match=r"reads 0.02 to 1 seconds; you gave seconds=2"):
        WhisperClassifier(whisper(), seconds=2)
    with pytest.raises(ValueError, match=r"describe a network: .* adapters"):
        load_sound_network(saved(wav2vec2("Wav2Vec2Model", add_adapter=True)), 4)


def test_transformers_says_nothing_and_is_left_as_it_was(saved, capsys):
    folder = saved(wav2vec2("Wav2Vec2ForCTC"))
    level, bar = transformers.utils.logging.get_verbosity(), transformers.utils.logging.is_progress_bar_enabled()
    capsys.readouterr()
    load_sound_network(folder, 4)
    said = capsys.readouterr()
    assert said.out + said.err == ""
    assert transformers.utils.logging.get_verbosity() == level
    assert transformers.utils.logging.is_progress_bar_enabled() == bar


def test_without_transformers_the_command_is_said(saved, monkeypatch):
    folder = saved(whisper())
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match=r'which is not installed: type pip install "transferlab\[audio\]"'):
        load_sound_network(folder, 4)


def test_the_rest_of_sound_needs_neither_transformers_nor_soundfile():
    code = (
        "import sys; sys.modules['transformers'] = sys.modules['soundfile'] = None\n"
        "from transferlab.sound import sound_folder, spectrograms, world\n"
        "spectrograms(world.target('vowel', 1, seconds=0.25, held_out_per_class=1))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
