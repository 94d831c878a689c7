import pytest

from transferlab.explain.drift import StageDrift
from transferlab.explain.drift_along import RunDrift
from transferlab.explain.separability import StageSeparability
from transferlab.plots.drift import drift_figure, run_heat_map, run_lines, stage_lines
from transferlab.plots.style import alternative_text

DRIFT = (StageDrift("conv1", 0.001, 0.99), StageDrift("layer1", 0.2, None))
APART = (
    StageSeparability("conv1", 0.1, 0.3, (0.2, 0.4), 40, 8),
    StageSeparability("layer1", 0.4, 0.8, (0.7, 0.9), 40, 8),
)
RUN = tuple(
    RunDrift(epoch, phase, stage, weights, similarity, between, accuracy, chance=0.125)
    for epoch, phase, stage, weights, similarity, between, accuracy in (
        (0, "before", "conv1", 0.0, 1.0, 0.1, 0.3), (0, "before", "layer1", 0.0, 1.0, 0.4, 0.7),
        (2, "head", "conv1", 0.0, 1.0, 0.1, 0.3), (2, "head", "layer1", 0.0, 1.0, 0.4, 0.7),
        (4, "all", "conv1", 0.0012, 0.99, 0.1, 0.3), (4, "all", "layer1", 0.25, 0.8, 0.5, 0.8),
    )
)  # fmt: skip


def test_a_line_a_model_over_the_stages():
    ax = stage_lines({"before": APART, "after": APART[:1]}, "accuracy")
    assert [line.get_ydata().tolist() for line in ax.lines[:2]] == [[0.3, 0.8], [0.3]]
    assert ax.lines[2].get_ydata() == [0.125, 0.125]  # chance
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["before", "after"]
    assert "before: conv1 0.30, layer1 0.80" in alternative_text(ax)
    alone = stage_lines(DRIFT, "similarity")
    assert alone.get_legend() is None
    assert "conv1 0.99, layer1 unknown" in alternative_text(alone)


def test_lines_along_a_run_with_the_name_and_last_value_at_their_ends():
    ax = run_lines(RUN)
    assert ax.lines[1].get_xdata().tolist() == [0, 2, 4]
    assert ax.lines[1].get_ydata().tolist() == [0, 0, 25]
    texts = [text.get_text() for text in ax.texts]
    assert "layer1 25" in texts
    assert "conv1 0.12" in texts
    assert " head" in texts
    text = alternative_text(ax)
    assert "(distance ‖w − w₀‖ in % of ‖w₀‖), epochs 0 to 4. Epoch 0: conv1 0.00, layer1 0.00." in text
    assert "Epoch 4: conv1 0.12, layer1 25." in text


def test_a_heat_map_holds_its_numbers():
    ax = run_heat_map(RUN, "similarity")
    assert ax.images[0].get_array().tolist() == [[1, 1, 0.99], [1, 1, 0.8]]
    texts = [text.get_text() for text in ax.texts]
    assert {"0.99", "0.80", " before", " head", " all"} <= set(texts)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "2", "4"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["conv1", "layer1"]


def test_the_figure_of_a_run_has_all_and_says_so(tmp_path):
    figure = drift_figure(RUN)
    assert len(figure.axes) == 3 * 2  # each with its colour bar
    text = alternative_text(figure)
    assert text.startswith("How far the weights moved")
    assert "Epoch 4: conv1 0.10, layer1 0.50." in text
    figure.savefig(tmp_path / "drift.png")
    gap = tuple(RunDrift(1, "all", "conv1", 0.1, None, None, None, 0.5) for _ in range(1))
    assert "conv1 unknown" in alternative_text(drift_figure(gap))


@pytest.mark.parametrize("draw", [stage_lines, run_lines, run_heat_map])
def test_an_axes_given_is_the_axes_returned(draw):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert draw(RUN, "between", ax=ax) is ax
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert ax.get_title() == "How far apart the classes lie"


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(ValueError, match=r"No measure 'weight'.*Did you mean 'weights'"):
        stage_lines(DRIFT, "weight")
    with pytest.raises(ValueError, match=r"A StageDrift knows no 'between'. It has: weights, similarity"):
        stage_lines(DRIFT, "between")
    with pytest.raises(ValueError, match="no rows"):
        run_lines(())
    with pytest.raises(ValueError, match="rows of drift_along; you gave StageDrift"):
        run_heat_map(DRIFT)
