import json
import subprocess
import sys

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.bench.worker import counting, peak_megabytes


def test_a_worker_prints_its_figures_as_its_last_line(small):
    command = [sys.executable, "-m", "transferlab.bench.worker", str(small), "head"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    assert figures["way"] == "head"
    assert len(figures["points"]) == 5
    assert figures["cpu_seconds"] > 0
    assert len(figures["calibration_seconds"]) == 2


def test_counting_ends_with_the_block():
    model, x = SmallResNet(2, width=8).eval(), torch.zeros(3, 3, 32, 32)
    with counting() as images:
        model(x)
        model(x[:1])
    assert images == [4]
    with pytest.raises(RuntimeError), counting() as images:
        raise RuntimeError
    model(x)
    assert images == [0]


def test_the_most_memory_ever_used_is_this_processs_own():
    peak = peak_megabytes()
    assert peak is None or peak > 50
