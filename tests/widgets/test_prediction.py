import json

from transferlab.widgets.prediction import Prediction


def test_a_guess_is_kept_and_compared(make_session, page):
    session = make_session(epochs=2)
    panel = page(Prediction(session))
    panel.hello()
    assert (panel.state["given"], panel.state["epochs"], panel.state["classes"]) == (None, 2, 2)
    panel.press("guess", accuracy=0.3, curve=[[0, 0.5], [1, 0.3]])
    assert panel.state["given"] == {"accuracy": 0.3, "curve": [[0, 0.5], [1, 0.3]]}
    session.start(blocking=True)
    state = panel.state
    (row,) = state["verdicts"]
    run = session.runs[0].run
    assert state["given"] is None
    assert (row["guess"], row["result"], row["number"]) == (0.3, run.accuracy, 1)
    assert state["measured"] == [[epoch / 2, one.held_out_accuracy] for epoch, one in enumerate(run.epochs)]
    assert f"You guessed 30.0%, it was {run.accuracy:.1%}" in panel.panel.in_words()
    json.dumps(state, allow_nan=False)


def test_the_numbers_follow_the_settings(make_session, page):
    session = make_session(epochs=2)
    panel = page(Prediction(session))
    session.choose(epochs=7)
    assert panel.state["epochs"] == 7


def test_a_guess_can_be_taken_back(make_session, page):
    panel = page(Prediction(make_session()))
    panel.press("guess", accuracy=0.3)
    panel.press("withdraw")
    assert panel.state["given"] is None
    assert panel.panel.in_words() == "Predict first: no guess yet."


def test_what_is_no_guess_is_said(make_session, page):
    panel = page(Prediction(make_session()))
    for content in ({"accuracy": 7}, {"accuracy": None}, {}, {"accuracy": 0.5, "curve": [[0, 9]]}):
        panel.press("guess", **content)
        assert "This is no guess: A guess" in panel.sentences[-1]
    for curve in ([[1]], ["ab"], 5, [None]):
        panel.press("guess", accuracy=0.5, curve=curve)
        assert "This is no guess" in panel.sentences[-1]
    assert panel.panel.failures == []


def test_two_panels_show_one_guess(make_session, page):
    session = make_session()
    one, other = page(Prediction(session)), page(Prediction(session))
    one.press("guess", accuracy=0.3)
    assert other.state["given"]["accuracy"] == 0.3
