from transferlab.widgets.code_panel import CodePanel


def test_the_code_follows_the_settings(make_session, page):
    session = make_session()
    code = page(CodePanel(session))
    code.hello()
    assert "seed=0" in code.state["code"]
    session.choose(seed=4)
    assert "seed=4" in code.state["code"]
    assert code.panel.in_words() == session.code()
