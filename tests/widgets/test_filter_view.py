from transferlab.widgets.filter_view import FilterView


def test_a_stage_can_be_looked_at(make_session, page):
    session = make_session()
    view = FilterView(session)
    shown = page(view)
    shown.hello()
    assert shown.state["choices"]["stages"] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    view.show_stage("layer2")
    shown.press("look", position=None)
    content, buffers = shown.messages("frame")[-1]
    assert content["facts"]["layer"] == "layer2"
    assert (content["facts"]["of"], content["names"]) == ("red", ["now", "image"])
    assert len(buffers) == 2
    shown.press("choose", turn=1)
    shown.press("look", position=None)
    assert shown.messages("frame")[-1][0]["facts"]["of"] == "blue"
    view.show_stage(None)
    shown.press("look", position=None)
    assert shown.messages("frame")[-1][0]["facts"]["layer"] == "conv1"


def test_a_stage_of_another_backbone_is_no_trouble(make_session, page):
    session = make_session()
    view = FilterView(session)
    shown = page(view)
    view.show_stage("layer9")
    shown.press("look", position=None)
    assert shown.messages("frame")[-1][0]["facts"]["layer"] == "conv1"
