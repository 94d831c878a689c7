import pytest
import torch

from transferlab.bench.gpu import gpu_figures, gpu_table


def test_a_trial_runs_every_way_without_a_gpu_too():
    figures = gpu_figures(repeats=2, small=True)
    assert len(figures["seconds"]) == 4
    for ways in figures["seconds"].values():
        assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in ways.values())
    assert {"transferlab, cold", "tutorial's loop"} < set(figures["seconds"]["ResNet-50, frozen head"])


def test_the_table_compares_with_the_first_way_of_each_work():
    seconds = {"one": {"ours": [2.0, 2.0], "theirs": [6.0, 6.0]}, "two": {"ours": [1.0, 1.0]}}
    lines = gpu_table({"seconds": seconds}).splitlines()
    assert "3.00× (3.00 … 3.00)" in next(line for line in lines if line.startswith("one: theirs"))
    assert not any("×" in line for line in lines if ": ours" in line)


def test_no_turn_and_no_gpu_are_no_measurement():
    with pytest.raises(ValueError, match="1 or more; you gave 0"):
        gpu_figures(repeats=0)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="There is no GPU that runs CUDA here"):
            gpu_figures()
