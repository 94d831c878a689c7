import json

import pytest
import torch

from tests.lab.conftest import small_network
from transferlab import load, replace_head
from transferlab.backbones.preprocessing import normalise
from transferlab.data.images import ImageSet
from transferlab.inference import predict
from transferlab.lab.past import exporting
from transferlab.lab.past.exporting import export_onnx, export_safetensors
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set

NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def model():
    one = load("bundled")
    replace_head(one, 3, seed=0)
    return one.eval()


@pytest.fixture(scope="module")
def images():
    pixels = torch.randint(0, 256, (9, 3, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(9) % 3, NAMES)


def test_onnx_takes_pixels_as_they_are_and_says_what_the_model_says(model, images, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    before = torch.get_rng_state()
    report = export_onnx(model, tmp_path / "ants.onnx", images)
    assert torch.equal(before, torch.get_rng_state())
    session = onnxruntime.InferenceSession(report.path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape) == ("images", "tensor(uint8)", ["batch", 3, 64, 64])
    for count in (1, 5):  # any batch
        (logits,) = session.run(None, {"images": images.images[:count].numpy()})
        with torch.no_grad():
            expected = model(normalise(images.images[:count], model.card))
        torch.testing.assert_close(torch.from_numpy(logits), expected, rtol=1e-4, atol=1e-4)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["class_names"]) == list(NAMES)
    assert json.loads(facts["preprocessing"])["mean"] == list(model.card.mean)
    assert "9 held-out images" in str(report)


def test_safetensors_come_back_with_card_and_names(model, images, tmp_path):
    report = export_safetensors(model, tmp_path / "ants.safetensors", images, NAMES)
    again = load(report.path)
    assert again.card.class_names == NAMES
    assert torch.equal(predict(again, images), predict(model, images))
    assert report.difference == 0


def test_a_network_of_ones_own_is_read_back_too(tmp_path):
    model = small_network(2)
    images = ImageSet(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.tensor([0, 0, 1, 1]), ("a", "b"))
    weight = model.fc.weight.clone()
    assert export_safetensors(model, tmp_path / "own.safetensors", images, ("a", "b")).difference == 0
    assert torch.equal(model.fc.weight, weight)


@pytest.mark.parametrize("change", ["predictions", "logits", "nan", "shape"])
def test_a_file_that_answers_otherwise_is_not_left_behind(change, model, images, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    answers = exporting._answers

    def others(path, images):
        logits = answers(path, images)
        return {
            "predictions": -logits, "logits": logits + 1, "nan": logits * float("nan"), "shape": logits[:, :2],
        }[change]  # fmt: skip

    monkeypatch.setattr(exporting, "_answers", others)
    (tmp_path / "ants.onnx").write_bytes(b"an earlier export")
    with pytest.raises(ValueError, match=r"'ants\.onnx' was not written"):
        export_onnx(model, tmp_path / "ants.onnx", images)
    assert [one.name for one in tmp_path.iterdir()] == ["ants.onnx"]
    assert (tmp_path / "ants.onnx").read_bytes() == b"an earlier export"


def test_what_is_missing_or_mistyped_is_said(model, images, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"Type '.*ants\.onnx'"):
        export_onnx(model, tmp_path / "ants.pt", images)
    with pytest.raises(ValueError, match=r"ants\.safetensors'"):
        export_safetensors(model, tmp_path / "ants.bin", images)
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'transferlab\[export\]'"):
        export_onnx(model, tmp_path / "ants.onnx", images)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_traced_is_said(images, tmp_path):
    pytest.importorskip("onnxruntime")

    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))

        def forward(self, x):
            return torch.linalg.svdvals(x.mean((2, 3)) @ torch.diag(self.scale)).expand(len(x), 3) + x.mean((2, 3))

    with pytest.raises(ValueError, match="cannot be written as an ONNX graph"):
        export_onnx(Odd(), tmp_path / "odd.onnx", images)
    assert list(tmp_path.iterdir()) == []


def test_more_images_than_are_checked_are_no_hindrance(tmp_path):
    model = small_network(2)
    count = exporting.MOST_IMAGES + 44
    pixels = torch.randint(0, 256, (count, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    images = ImageSet(pixels, torch.arange(count) % 2, ("a", "b"))
    for export, name in ((export_safetensors, "own.safetensors"), (export_onnx, "own.onnx")):
        assert export(model, tmp_path / name, images).num_images == exporting.MOST_IMAGES


def test_a_language_model_is_written_and_read_back(tmp_path):
    model = LastToken(SmallGPT(256, dim=16, blocks=1, heads=2, hidden=32, context=32))
    replace_head(model, 2, seed=0)
    texts = sentence_set(Tokenizer([]), ["one", "two", "three"], [0, 1, 0], ("odd", "even"), length=8)
    report = export_safetensors(model, tmp_path / "gpt.safetensors", texts)
    assert (report.difference, report.noun) == (0, "text")
    with pytest.raises(ValueError, match=r"this one reads texts\. Export it as \.safetensors"):
        export_onnx(model, tmp_path / "gpt.onnx", texts)
    assert not (tmp_path / "gpt.onnx").exists()
