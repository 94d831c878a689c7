from transferlab.lab.looks.look_drift import DriftLook
from transferlab.widgets.drift_view import DriftView


def test_the_drift_of_the_last_state_reaches_the_page(make_session, page):
    session = make_session(line="layer4", stage_lrs={"layer4": 1e-2, "fc": 1e-2})
    session.start(blocking=True)
    shown = page(DriftView(session))
    shown.press("look", position=2.0)
    facts = shown.messages("frame")[-1][0]["facts"]
    start = session.workshop.pretrained(session.settings)
    assert facts == DriftLook(start, session.data.held_out)(session.model).facts
    moved = {row["stage"]: row["weights"] for row in facts["stages"]}
    assert moved.pop("layer4") > 0
    assert set(moved.values()) == {0.0}  # frozen
