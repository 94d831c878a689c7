import pytest

from transferlab.bench.report import drift, medians_table, native_note, ratio_of, ratios_table


def measured(name, seconds, accuracy=0.5, peak=700.0):
    return {
        "way": name, "cpu_seconds": seconds, "wall_seconds": seconds, "first_point_seconds": seconds / 10,
        "accuracy": accuracy, "peak_megabytes": peak, "calibration_seconds": [1.0, 1.5],
    }  # fmt: skip


@pytest.fixture
def figures():
    head = [measured("head", seconds) for seconds in (1.0, 2.0, 9.0)]
    fastai = [measured("head_fastai", seconds, 0.25) for seconds in (60.0, 40.0, 80.0)]
    return {"num_held_out": 100, "measurements": [*head, *fastai, measured("twice", 2.2)]}


def test_a_ratio_is_that_of_the_medians_and_lies_in_its_interval(figures):
    ratio, low, high = ratio_of(figures, "head_fastai", "head")
    assert ratio == 30.0  # 60 / 2
    assert 40 / 9 <= low <= ratio <= high <= 80.0
    assert ratio_of(figures, "full_fastai", "full") is None


def test_promises_are_kept_or_missed(figures):
    lines = {line.split("  ")[0]: line for line in ratios_table(figures).splitlines()}
    assert lines["frozen head, cold, against fastai's default"].endswith("kept")  # 30 ≥ 25
    assert lines["twice the epochs of a frozen run"].endswith("missed")  # +10 % > +5 %
    assert "+10.0%" in lines["twice the epochs of a frozen run"]
    assert lines["peak memory of a frozen run, whole process"].endswith("kept")
    assert not any("full fine-tuning" in line for line in lines)


def test_each_way_has_a_line_of_medians(figures):
    text = medians_table(figures)
    assert "head: transferlab, cold" in text
    line = next(line for line in text.splitlines() if "fastai, default" in line)
    assert line.split() == ["head:", "fastai,", "default", "60.00", "6.00", "700", "25.0%", "(18%", "…", "34%)"]


def test_a_machine_that_slowed_down_shows(figures):
    assert drift(figures) == 1.5


def test_native_defaults_have_lines_of_their_own_and_say_who_trained_how_long():
    native = {
        "num_held_out": 100, "measurements": [measured("native", 1.0), measured("native_tutorial", 4.0)],
        "settings": {"native_epochs": 25, "batch_size": 64},
    }  # fmt: skip
    lines = medians_table(native).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "native defaults: transferlab, fine_tuning", "native defaults: PyTorch tutorial, finetuning",
    ]  # fmt: skip
    assert ratios_table(native) == ""
    assert "cut" not in native_note(native)
    trial = {**native, "settings": {"native_epochs": 2, "batch_size": 16}}
    assert "all cut to 2/25" in native_note(trial)
    assert "gets fastai's, cut to 16" in native_note(trial)


def test_without_native_ways_nothing_is_said_of_them(figures):
    assert native_note(figures) == ""
