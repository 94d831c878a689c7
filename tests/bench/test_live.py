import pytest

from transferlab.bench.live import WAYS, live_figures, live_table


def test_every_way_is_run_and_leaves_nothing():
    import threading

    figures = live_figures(repeats=1, small=True)
    assert set(figures["processor_seconds"]) == set(WAYS)
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in figures["processor_seconds"].values())
    assert not [one for one in threading.enumerate() if one.name.startswith("transferlab")]


def test_the_table_says_how_much_more_than_headless():
    seconds = {"headless": [10.0, 10.0], "live curves": [10.2, 10.2], "and pictures": [11.0, 11.0]}
    lines = live_table({"processor_seconds": seconds}).splitlines()
    assert "+2.0% (+2.0% … +2.0%)" in lines[3]
    assert "≤ +3%" in lines[3]
    assert "+10.0%" in lines[4]
    assert "≤ +8%" in lines[4]


def test_no_turn_is_no_measurement():
    with pytest.raises(ValueError, match="1 or more; you gave 0"):
        live_figures(repeats=0)
