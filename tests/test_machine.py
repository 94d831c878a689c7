from pathlib import Path

import pytest

from transferlab.machine import processor


def test_the_processor_is_the_one_that_the_kernel_names():
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists() or "model name" not in cpuinfo.read_text():
        pytest.skip("the kernel names no processor in /proc/cpuinfo")
    assert f": {processor()}\n" in cpuinfo.read_text()


def test_elsewhere_it_is_what_python_says(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda self: False)
    monkeypatch.setattr("platform.processor", lambda: "arm")
    assert processor() == "arm"
