import time

import pytest

from transferlab.lab.previews import MOST, Frame, Previews
from transferlab.records import Epoch, Measurement, Step

STEP = Step(1, 1, "all", 1.0, {})
BEFORE = Epoch(0, "before", None, None, 1.0, 0.5, None, {}, 1, 0.0)


def takes(seconds):
    def view(model):
        time.sleep(seconds)
        return Frame(facts={"seen": model})

    return view


def test_pictures_take_no_more_than_their_share():
    previews, taken = Previews(share=0.1), 0
    previews.watch("slow", takes(0.02))
    for tenth in range(100):  # ten seconds of training, as the run counts them
        taken += previews.follow(STEP, "model", tenth / 10, trained=tenth * 0.1)
    assert previews.seconds <= 0.1 * 10 + 0.1  # one more than allowed at most
    assert taken >= 10  # and there was time for many: each takes a little over 0.02 s


def test_the_model_before_training_is_seen_by_every_view():
    previews = Previews(share=0.0)
    previews.watch("one", takes(0.001))
    previews.watch("other", takes(0.001))
    assert previews.follow(BEFORE, "model", 0.0, trained=0.0)
    assert {name: list(frames) for name, frames in previews.frames.items()} == {"one": [0.0], "other": [0.0]}
    assert not previews.follow(STEP, "model", 0.1, trained=100.0)  # no share, no picture


def test_views_take_turns():
    previews = Previews(share=1.0)
    seen = []
    for name in ("one", "other"):
        previews.watch(name, lambda model, name=name: seen.append(name) or Frame())
    for number in range(4):
        previews.follow(STEP, "model", number, trained=1e9)
    assert sorted(seen[:2]) == sorted(seen[2:]) == ["one", "other"]


def test_other_records_are_passed():
    previews = Previews(share=1.0)
    previews.watch("one", takes(0))
    assert not previews.follow(Measurement(1, 0.5, None, None, 0), "model", 0.5, trained=1e9)


def test_a_view_that_fails_is_named_and_asked_no_more():
    def broken(model):
        raise ValueError("there are no filters")

    previews = Previews(share=1.0)
    previews.watch("filters", broken)
    for number in range(2):
        previews.follow(STEP, "model", number, trained=1e9)
    assert previews.errors == {"filters": "there are no filters"}
    assert previews.frames["filters"] == {}


def test_frames_stay_few_and_the_first_and_last_stay():
    previews = Previews(share=1.0)
    previews.watch("one", lambda model: Frame())
    for number in range(3 * MOST):
        previews.follow(STEP, "model", float(number), trained=1e9)
    epochs = sorted(previews.frames["one"])
    assert len(epochs) <= MOST
    assert (epochs[0], epochs[-1]) == (0.0, 3.0 * MOST - 1)


def test_a_new_run_starts_without_the_frames_of_the_last():
    previews = Previews(share=1.0)
    previews.watch("one", lambda model: Frame())
    previews.follow(STEP, "model", 1.0, trained=1e9)
    previews.begin()
    assert previews.frames == {"one": {}}
    assert previews.seconds == 0.0


def test_a_share_beyond_the_whole_is_refused():
    with pytest.raises(ValueError, match=r"you gave 1\.5"):
        Previews(share=1.5)
