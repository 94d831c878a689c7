import json

import pytest
from matplotlib.figure import Figure

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.card import before_after_card, cannot_say, compared
from transferlab.audit.remedies import retrain_last_layer


@pytest.fixture(scope="module")
def remedied():
    model, train, held_out = TwoEvidences(), two_evidences(200, 0.9, seed=0), two_evidences(120, 0.5, seed=1)
    fairer, report = retrain_last_layer(model, train)
    return bias_audit(model, held_out), bias_audit(fairer, held_out), report


def test_a_page_and_the_same_as_json(remedied, tmp_path):
    before, after, report = remedied
    page, data = before_after_card(before, after, tmp_path / "new" / "card.html", cost=report)
    assert sorted(file.name for file in page.parent.iterdir()) == ["card.html", "card.json"]
    values = json.loads(data.read_text(encoding="utf-8"))
    assert values["kind"] == "BeforeAfterCard"
    assert values["before"]["comparisons"][0]["gap"]["value"] == 1.0
    assert values["after"]["accuracy"] == pytest.approx(after.accuracy)
    assert values["cost"] == str(report)
    assert values["cannot_say"] == list(cannot_say(before, before.main))
    assert "Deep feature reweighting: last layer" in page.read_text(encoding="utf-8")


def test_the_same_audits_give_the_same_bytes(remedied, tmp_path):
    before, after, _ = remedied
    files = [before_after_card(before, after, tmp_path / name / "card.html") for name in ("one", "other")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


def test_a_figure_is_written_beside(remedied, tmp_path):
    before, after, _ = remedied
    files = before_after_card(before, after, tmp_path / "card.html", figure=Figure())
    assert files[2].name == "card.png"
    assert files[2].read_bytes().startswith(b"\x89PNG")


def test_nothing_is_half_written(remedied, tmp_path):
    before, after, _ = remedied
    (tmp_path / "card.html").write_text("earlier")

    class Broken:
        def savefig(self, *_, **__):
            raise OSError("no")

    with pytest.raises(OSError, match="no"):
        before_after_card(before, after, tmp_path / "card.html", figure=Broken())
    assert (tmp_path / "card.html").read_text() == "earlier"
    assert len(list(tmp_path.iterdir())) == 1


def test_only_audits_of_the_same_images_by_the_same_groups(remedied, tmp_path):
    before, after, report = remedied
    path = tmp_path / "card.html"
    others = bias_audit(TwoEvidences(), two_evidences(120, 0.5, seed=2))
    with pytest.raises(ValueError, match="The two audits are of different images"):
        before_after_card(before, others, path)
    images = two_evidences(120, 0.5, seed=1)
    halves, thirds = (
        bias_audit(TwoEvidences(), images, {"part": ["a"] * first + ["b"] * (120 - first)}) for first in (60, 40)
    )
    with pytest.raises(ValueError, match="'part' has other groups before than after"):
        compared(halves, thirds)
    with pytest.raises(ValueError, match=r"No attribute 'group'\. This audit compares by: part"):
        compared(before, halves)
    with pytest.raises(ValueError, match=r"are audits.*a RemedyReport"):
        before_after_card(before, report, path)
    with pytest.raises(ValueError, match=r"such as 'card\.html'"):
        before_after_card(before, after, tmp_path / "card.pdf")
    assert not list(tmp_path.iterdir())


def test_small_groups_and_attribution_are_among_what_it_cannot_say(remedied):
    images = two_evidences(120, 0.5, seed=1)
    audit = bias_audit(TwoEvidences(), images, {"part": ["a"] * 117 + ["rare"] * 3})
    assert any("'rare' there are fewer than 10 images" in sentence for sentence in cannot_say(audit, audit.main))
    before = remedied[0]
    assert not any("fewer than" in sentence for sentence in cannot_say(before, before.main))
