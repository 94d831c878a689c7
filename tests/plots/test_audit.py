import pytest

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.remedies import retrain_last_layer
from transferlab.audit.trials import try_remedies
from transferlab.meters import mean_interval
from transferlab.plots.audit import before_after_figure, group_accuracy, remedy_dots
from transferlab.plots.style import alternative_text


@pytest.fixture(scope="module")
def sets():
    return two_evidences(200, 0.9, seed=0), two_evidences(120, 0.5, seed=1)


@pytest.fixture(scope="module")
def audits(sets):
    model = TwoEvidences()
    table = {"light": ["day"] * 77 + ["a $trange name of a group that is long"] * 40 + ["dusk"] * 3}
    fairer, _ = retrain_last_layer(model, sets[0])
    return [bias_audit(one, sets[1], table) for one in (model, fairer)] + [bias_audit(model, sets[1])]


def test_a_dot_and_an_interval_for_each_group(audits):
    audit = audits[0]
    ax = group_accuracy(audit)
    lines = [line.get_xdata() for line in ax.lines]
    for i, group in enumerate(audit.main.groups):
        assert list(lines[2 * i]) == pytest.approx([100 * end for end in group.interval])
        assert list(lines[2 * i + 1]) == pytest.approx([100 * group.accuracy])
        assert (ax.lines[2 * i + 1].get_alpha() < 1) == group.is_small
    assert list(lines[-1]) == pytest.approx([100 * audit.accuracy] * 2)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[2] == "dusk\n3 images, too few"
    assert names[0].startswith("a \\$trange name of a group")
    assert audit.main.verdict in alternative_text(ax)
    ax.figure.draw_without_rendering()
    with pytest.raises(ValueError, match="No attribute 'dark'"):
        group_accuracy(audit, "dark")


def test_the_title_says_gap_or_none_or_no_verdict(audits, sets):
    assert group_accuracy(audits[2]).get_title(loc="left").startswith("gap 100 points")
    assert group_accuracy(audits[0]).get_title(loc="left").startswith("no gap shown: ")
    few = bias_audit(TwoEvidences(), sets[1], {"light": ["day"] * 117 + ["dusk"] * 3})
    assert group_accuracy(few).get_title(loc="left") == "no verdict: too few images"


def test_before_and_after_side_by_side(audits, sets):
    figure = before_after_figure(audits[0], audits[1])
    groups, gaps = figure.axes
    marks = [line for line in groups.lines if line.get_marker() in ("o", "D") and len(line.get_xdata())]
    expected = [
        100 * one.accuracy for pair in zip(audits[0].main.groups, audits[1].main.groups, strict=True) for one in pair
    ]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx(expected)
    values = [line.get_xdata()[0] for line in gaps.lines if line.get_marker() in ("o", "D")]
    assert values == pytest.approx([100 * one.main.gap.value for one in audits[:2]])
    text = alternative_text(figure)
    assert f"Before: {audits[0].main.verdict} After: {audits[1].main.verdict}" in text
    figure.draw_without_rendering()
    with pytest.raises(ValueError, match="No attribute 'group'"):
        before_after_figure(audits[2], audits[1])
    few = bias_audit(TwoEvidences(), sets[1], {"light": ["day"] * 117 + ["dusk"] * 3})
    assert [one.get_text() for one in before_after_figure(few, few).axes[1].texts] == ["no verdict", "no verdict"]


def test_remedies_with_the_worst_group_and_all_images(sets):
    trial = try_remedies(TwoEvidences(), *sets, seeds=(0, 1))
    ax = remedy_dots(trial)
    assert [label.get_text() for label in ax.get_yticklabels()] == [one.remedy for one in trial.results]
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "v"]
    means = [mean_interval(one.worst)[0] if len(one.worst) > 1 else one.worst[0] for one in trial.results]
    assert drawn == pytest.approx([100 * mean for mean in means])
    assert f"group DRO, worst group: {means[-1]:.1%}" in alternative_text(ax)
    ax.figure.draw_without_rendering()
