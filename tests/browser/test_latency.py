"""The claim about clicks, measured on a machine that does nothing else: pytest -m slow tests/browser/test_latency.py"""

import statistics

import pytest

from tests.browser.labs import open_lab
from tests.browser.measure_latency import click_latencies, percentile


@pytest.mark.slow
def test_a_click_has_its_effect_within_100_ms_and_hardly_ever_after_300_ms(notebook):
    open_lab(notebook, "clicks", line="layer3", epochs=500)
    for name, values in click_latencies(notebook).items():
        assert statistics.median(values) <= 100, (name, values)
        assert percentile(values, 0.95) <= 300, (name, values)
    notebook.check()
