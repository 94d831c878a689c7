"""Thirty runs in one kernel: memory stays flat, and no hook, thread or file is left."""

import gc
import threading
from pathlib import Path

import pytest
from torch import nn

from transferlab.lab.past.history import KEPT_WHOLE
from transferlab.widgets.live_run import LiveRun


def resident_megabytes():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def hooks():
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in gc.get_objects()
        if issubclass(type(module), nn.Module)  # isinstance would ask torch's deprecated names for their class
    )


def networks():
    return sum(type(one).__name__ == "SmallResNet" for one in gc.get_objects())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from Linux's /proc")
def test_memory_is_flat_over_thirty_runs(make_session):
    gc.collect()
    hooks_before, networks_before = hooks(), networks()  # those of other tests in this process
    session = make_session(epochs=2, line="layer3")
    live = LiveRun(session)
    megabytes = []
    for seed in range(30):
        session.choose(seed=seed)
        session.start()
        assert session.wait(60)
        gc.collect()
        megabytes.append(resident_megabytes())
    live.close()
    assert megabytes[-1] <= 1.05 * megabytes[2], [round(one) for one in megabytes]
    assert hooks() <= hooks_before
    assert not [one for one in threading.enumerate() if one.name.startswith("transferlab")]
    kept = sum(len(one.snapshots) for one in session.runs)
    assert kept == 28 + KEPT_WHOLE * 3  # the last state of each older run; of the newest two all
    assert networks() - networks_before < 8  # the given one, one to plan with, the last run's; not one for each run
