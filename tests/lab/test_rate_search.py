import threading
import time

import pytest
import torch

from tests.lab.conftest import until
from transferlab.freezing import freeze_to
from transferlab.lab import rate_search
from transferlab.lab.rate_search import RateBand, RateSearch
from transferlab.lr_find import lr_find


@pytest.fixture
def search_of():
    made = []

    def make(session):
        made.append(RateSearch(session, on_change=lambda: None))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def slow_sweeps(monkeypatch):
    """Each batch of a sweep takes a while, so that a search is still on when it is cancelled."""
    from transferlab.feeding import Feed

    train, batches = Feed.train, []

    def slowly(self, index, generator):
        time.sleep(0.01)
        batches.append(index)
        return train(self, index, generator)

    monkeypatch.setattr(Feed, "train", slowly)
    return batches


def test_a_band_is_what_lr_find_gives_for_that_stage_alone(make_session, search_of):
    session = make_session(line="layer4", seed=3)
    search = search_of(session)
    search.start()
    until(lambda: not search.is_on)
    assert search.failure is None
    assert set(search.found) == {"fc", "layer4"}
    for stage in ("fc", "layer4"):
        model = session.workshop.model(session.settings)
        freeze_to(model, stage)
        curve = lr_find(model, session.data, stage, repeats=3, batch_size=8, seed=3)
        assert search.found[stage] == RateBand(curve.band[0], curve.valley, curve.band[1])
    assert (search.done, search.total) == (6, 6)


def test_only_what_is_missing_is_swept(make_session, search_of):
    session = make_session(line="fc")
    search = search_of(session)
    search.start()
    until(lambda: not search.is_on)
    fc = search.found["fc"]
    with pytest.raises(ValueError, match="has its suggestion already"):
        search.start()
    session.freeze_to("layer4")  # results of a stage do not depend on the line
    assert search.found == {"fc": fc}
    assert search.missing == ("layer4",)
    search.start()
    until(lambda: not search.is_on)
    assert search.found["fc"] == fc
    assert search.total == rate_search.SWEEPS


def test_the_random_numbers_and_the_model_of_the_session_stay_as_they_are(make_session, search_of):
    session = make_session(line="layer4")
    before = {name: value.clone() for name, value in session.workshop.pretrained(session.settings).state_dict().items()}
    search = search_of(session)
    random = torch.get_rng_state()
    search.start()
    until(lambda: not search.is_on)
    assert torch.equal(torch.get_rng_state(), random)
    after = session.workshop.pretrained(session.settings)
    assert all(torch.equal(value, before[name]) for name, value in after.state_dict().items())
    assert not any(module._forward_pre_hooks for module in after.modules())
    assert not any(module._forward_pre_hooks for module in session.model.modules())


def test_a_cancelled_search_ends_in_the_middle_of_a_sweep(make_session, search_of, slow_sweeps):
    session = make_session(line="conv1")
    search = search_of(session)
    search.start()
    until(lambda: len(slow_sweeps) > 3)
    search.cancel()
    assert not search.is_on
    assert search.done == 0
    assert len(slow_sweeps) < 60  # a whole sweep's
    assert search.failure is None
    search.start()  # another one may follow
    assert search.is_on


def test_one_search_at_a_time(make_session, search_of, slow_sweeps):
    one, other = make_session(line="fc"), make_session(line="fc")
    first, second = search_of(one), search_of(other)
    first.start()
    for search in (first, second):
        with pytest.raises(ValueError, match="on already"):
            search.start()
    first.cancel()
    second.start()
    assert second.is_on


def test_a_run_refuses_a_search_and_ends_one(make_session, search_of, slow_sweeps):
    session = make_session(line="conv1", epochs=1)
    search = search_of(session)
    search.start()
    until(lambda: search.is_on)
    session.start()
    assert not search.is_on  # before the first batch
    with pytest.raises(ValueError, match="A run is on"):
        search.start()
    assert session.wait(60)
    assert session.state == "finished"


def test_a_run_after_a_search_is_the_run_without_it(make_session, search_of, slow_sweeps):
    def losses(with_search):
        session = make_session(line="layer4", epochs=1)
        if with_search:
            search = search_of(session)
            search.start()
            until(lambda: search.done > 0)
        session.start()
        assert session.wait(60)
        return list(session.log.series["loss"].y)

    assert losses(True) == losses(False)


def test_other_data_empties_what_was_found_and_rates_do_not(make_session, search_of, two_colours):
    session = make_session(line="fc")
    search = search_of(session)
    search.found = {"fc": RateBand(1e-3, 2e-3, 3e-3)}
    session.set_lr("fc", 5e-3)
    session.choose(epochs=3, schedule="constant")
    assert search.found
    session.choose(batch_size=4)
    assert not search.found


def test_what_goes_wrong_is_a_sentence(make_session, search_of, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(rate_search, "lr_find", fail)
    search = search_of(make_session(line="fc"))
    search.start()
    until(lambda: not search.is_on)
    assert search.failure == "The search broke off (RuntimeError: out of luck)."
    assert not search.found


def test_no_thread_is_left(make_session, search_of, slow_sweeps):
    session = make_session(line="conv1")
    search = search_of(session)
    search.start()
    search.close()
    assert not [one for one in threading.enumerate() if one.name == "transferlab rate search"]
    session.choose(batch_size=4)  # and nobody listens
    assert search._about != search._subject()
