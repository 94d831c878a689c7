from dataclasses import replace

import pytest

from transferlab.lab.log import RunLog
from transferlab.lab.past.prediction import Prediction, Verdict, learning_words, predictions_of, verdict


def test_a_guess_stays_with_its_run(make_session):
    session = make_session(epochs=1)
    predictions = predictions_of(session)
    assert predictions_of(session) is predictions
    session.start(blocking=True)  # works without one
    predictions.guess(0.7)
    session.start(blocking=True)
    assert predictions.given is None
    first, second = session.runs
    assert predictions.of(first) is None
    assert predictions.of(second) == Prediction(0.7)
    (one,) = predictions.verdicts
    assert (one.number, one.result) == (2, second.run.accuracy)
    session.start(blocking=True)
    session.start(blocking=True)  # older runs are thinned; guesses stay with them
    assert [each.number for each in predictions.verdicts] == [2]
    session.history.forget(2)
    assert predictions.verdicts == ()


def test_a_recordings_guess_is_somebody_elses(make_session, tmp_path):
    session = make_session(epochs=1)
    predictions = predictions_of(session)
    predictions.guess(0.7)
    session.start(blocking=True)
    one = session.runs[0]
    recorded = session.history.add(one.run, one.settings, one.stages, RunLog(1), source=tmp_path / "a.transferlab")
    predictions.guess(0.6)
    session.tell("runs")  # a recording takes no guess that was meant for the next run
    assert predictions.given == Prediction(0.6)
    predictions.keep(recorded, Prediction(0.2))
    assert predictions.of(recorded) == Prediction(0.2)
    assert [each.number for each in predictions.verdicts] == [1]


def test_nobody_guesses_what_they_already_see(make_session, slow_steps):
    session = make_session(epochs=50)
    predictions = predictions_of(session)
    predictions.guess(0.5)
    session.start()
    for change in (lambda: predictions.guess(0.9), predictions.withdraw):
        with pytest.raises(ValueError, match="a guess is made before it"):
            change()
    session.end()
    assert predictions.of(session.runs[0]) == Prediction(0.5)


def test_a_run_that_fails_gives_the_guess_back(make_session, monkeypatch):
    from transferlab.batch_gradient import BatchGradient

    session = make_session()
    predictions_of(session).guess(0.5)
    monkeypatch.setattr(BatchGradient, "__call__", lambda self, index: 1 / 0)
    session.start()
    session.wait(20)
    assert session.state == "failed"
    assert predictions_of(session).given == Prediction(0.5)


def test_the_guess_is_compared_with_the_interval(make_session):
    session = make_session(epochs=1)
    session.start(blocking=True)
    run = session.runs[0].run
    half = replace(run.epochs[-1], held_out_accuracy=0.5)
    one = replace(session.runs[0], run=replace(run, epochs=(*run.epochs[:-1], half), num_held_out=100))
    low = verdict(one, Prediction(0.3))
    assert low.interval == pytest.approx((0.404, 0.596), abs=5e-4)
    assert low.words == "You guessed 30.0%, it was 50.0% (40.4 … 59.6%): 20.0 points too low."
    assert verdict(one, Prediction(0.7)).words.endswith("20.0 points too high.")
    assert verdict(one, Prediction(0.58)).words.endswith("as near as these images can tell.")


def test_a_curve_is_compared_where_it_was_drawn(make_session):
    session = make_session(epochs=2)
    session.start(blocking=True)
    run = session.runs[0].run
    results = (0.1, 0.4, 0.8)
    epochs = tuple(replace(one, held_out_accuracy=value) for one, value in zip(run.epochs, results, strict=True))
    one = replace(session.runs[0], run=replace(run, epochs=epochs))
    guess = Prediction(0.9, ((0.0, 0.1), (0.5, 0.5), (1.0, 0.9)))
    assert verdict(one, guess).curve_error == pytest.approx((0.0 + 0.1 + 0.1) / 3)
    later = Prediction(0.9, ((0.4, 0.5), (1.0, 0.9)))  # at 0.5 it says 0.5 + 0.4 / 6
    assert verdict(one, later).curve_error == pytest.approx((0.4 / 6 + 0.1 + 0.1) / 2)


def test_between_two_points_a_curve_is_straight():
    one = Prediction(0.9, ((0.2, 0.1), (0.6, 0.5)))
    assert [one.at(share) for share in (0.2, 0.3, 0.6)] == pytest.approx([0.1, 0.2, 0.5])
    assert one.at(0.1) is None
    assert one.at(0.7) is None
    assert Prediction(0.5).at(0.5) is None
    assert Prediction.from_plain(one.to_plain()) == one


@pytest.mark.parametrize(
    "values",
    [
        (1.1,), (-0.1,), ("high",), (None,), (True,), (float("nan"),),
        (0.5, ((0.5, 2.0),)), (0.5, ((-1.0, 0.5),)), (0.5, ((0.5, 0.5), (0.5, 0.6))), (0.5, ((0.9, 0.5), (0.1, 0.6))),
        (0.5, tuple((i / 300, 0.5) for i in range(201))),
    ],
)  # fmt: skip
def test_no_guess(values):
    with pytest.raises(ValueError, match=r"A guess"):
        Prediction(*values)


@pytest.mark.parametrize(
    "plain", [{}, {"accuracy": 2}, {"accuracy": 0.5, "curve": 3}, {"accuracy": 0.5, "curve": [[1]]}, 3]
)
def test_no_guess_from_a_file(plain):
    with pytest.raises(ValueError, match="This is no guess"):
        Prediction.from_plain(plain)


def test_whether_guesses_get_better():
    def off_by(error, number):
        return Verdict(number, Prediction(0.5 + error), 0.5, (0.4, 0.6), None, False)

    verdicts = [off_by(error, i) for i, error in enumerate((0.2, -0.1, 0.3, 0.05, -0.05, 0.02))]
    assert learning_words(verdicts) == ("Your first 3 guesses were off by 20.0 points on average, the last 3 by 4.0.")
    assert learning_words(verdicts[:3]) == ""
