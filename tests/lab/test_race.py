import json
import threading
import time
from functools import partial

import pytest
import torch
from torch.nn.modules import module as torch_module

from tests.lab.conftest import until
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.experiments.sweeps import sweep
from transferlab.lab import race as race_module
from transferlab.lab.data.data_choice import WorldData
from transferlab.lab.data.sound_choice import SoundWorldData
from transferlab.lab.race import BUDGETS, Entry, Race
from transferlab.lab.race_guess import RaceGuess
from transferlab.lab.rate_search import RateSearch
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch

SHORT = {"frozen": feature_extraction(1), "all": fine_tuning(1, 1), "scratch": from_scratch(1)}
OWN = ("frozen", "all")  # of a network of one's own, which cannot start from scratch


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(race_module, "STRATEGIES", SHORT)


@pytest.fixture
def race_of(tmp_path):
    made = []

    def make(session, on_change=lambda: None):
        made.append(Race(session, on_change, cache=tmp_path / "rows"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def over(race):
    """Whether everybody has been told, too: nobody is told after the thread has ended."""
    until(lambda: not race.is_on and not any(one.name == "transferlab race" for one in threading.enumerate()), 60)


def test_a_race_is_the_sweep_of_its_arms(make_session, race_of, two_colours):
    session = make_session()
    race = race_of(session)
    race.start((4, 2), num_seeds=2)
    over(race)
    arms = {arm: SHORT[arm] for arm in OWN}
    expected = sweep(
        arms, (2, 4), range(2), two_colours, session.settings.backbone, most_images=4000, cache=False, progress=False
    )
    assert race.state == "finished"
    assert race.results == expected
    assert (race.done, race.total, race.now, race.seconds_left) == (8, 8, None, None)


def test_results_arrive_one_by_one_from_the_smallest_budget_on(make_session, race_of):
    seen, read, left = [], {}, {}

    def look():
        seen.append((len(race.results.rows), race.now))
        read[race.done] = len(race.curve().crossovers), len(race.curve().needed), len(race.judgements())
        left[race.done] = race.seconds_left

    race = race_of(make_session(), look)
    race.start((2, 4), num_seeds=2, guess=RaceGuess("frozen", "all", 3))
    over(race)
    entries = [Entry(arm, budget, seed) for budget in (2, 4) for seed in (0, 1) for arm in OWN]
    assert list(dict.fromkeys(seen)) == [*enumerate(entries), (8, None)]
    # Crossovers come with the second budget; what is needed, and whether the guess was right, when all are through.
    assert (read[4], read[7]) == ((0, 0, 0), (0, 0, 0))
    assert read[8][0] == 1
    assert read[8][2] == 3
    # The time that is left follows from what each arm took. Of two classes come 4 images and 8 to train on, and 16 are
    # held out: a head looks once at all, for a quarter of the price; "all" trains for two epochs and looks in each.
    assert [race_module._work(SHORT["frozen"], n, 16) for n in (4, 8)] == [5, 6]
    assert [race_module._work(SHORT["all"], n, 16) for n in (4, 8)] == [2 * (4 + 4), 2 * (8 + 4)]
    frozen, everything = (row.seconds for row in race.results.rows[:2])
    assert left[1] is None  # the other arm has not run
    assert left[2] == pytest.approx(frozen * (1 + 2 * 6 / 5) + everything * (1 + 2 * 24 / 16))


def test_what_was_measured_once_is_there_the_next_time(make_session, race_of, monkeypatch):
    session = make_session()
    first, second = race_of(session), race_of(session)
    first.start((2, 4), num_seeds=2)
    over(first)

    def nothing(*_):
        raise AssertionError("something was trained twice")

    monkeypatch.setattr("transferlab.experiments.pools.run_job", nothing)
    second.start((2, 4), num_seeds=2)
    over(second)
    assert second.results == first.results


def test_a_pause_comes_between_two_runs_and_leaves_the_random_numbers_alone(make_session, race_of, slow_steps):
    race = race_of(make_session())
    before = torch.get_rng_state()
    race.start((2, 4), num_seeds=2)
    until(lambda: race.done > 0)
    race.pause()
    assert race.state == "pausing"
    until(lambda: race.state == "paused")
    done = race.done
    assert torch.equal(torch.get_rng_state(), before)
    time.sleep(0.1)
    assert (race.done, race.is_on) == (done, True)
    race.resume()
    over(race)
    assert (race.state, race.done) == ("finished", 8)


def test_a_stopped_race_keeps_whole_runs_and_no_half_one(make_session, race_of, slow_steps):
    race = race_of(make_session())
    race.start((2, 16), num_seeds=2)
    until(lambda: race.done > 1)
    race.stop()
    assert (race.is_on, race.state, race.now) == (False, "stopped", None)
    assert len(race.results.rows) == race.done < race.total
    assert not race.results.failed
    assert race.judgements() == ()
    race.start((2, 4), num_seeds=2)  # another one may follow
    assert race.is_on


def test_it_stops_in_the_middle_of_a_run(make_session, race_of, monkeypatch):
    monkeypatch.setattr(race_module, "STRATEGIES", {"frozen": feature_extraction(1), "all": fine_tuning(20, 20)})
    from transferlab.batch_gradient import BatchGradient

    gradient, batches = BatchGradient.__call__, []

    def slowly(self, index):
        time.sleep(0.05)
        batches.append(index)
        return gradient(self, index)

    monkeypatch.setattr(BatchGradient, "__call__", slowly)
    race = race_of(make_session())
    race.start((2, 16), num_seeds=2)
    until(lambda: len(batches) > 2)
    race.stop()
    there = len(batches)
    assert race.done == 1  # frozen, whose head is trained without batches of its own; "all" had begun
    assert there < 40  # its epochs, of a batch each
    assert not torch_module._global_forward_pre_hooks


def test_a_paused_race_can_be_stopped(make_session, race_of):
    race = race_of(make_session())
    race.start((2, 4), num_seeds=2)
    race.pause()
    until(lambda: race.state == "paused" or not race.is_on)
    race.stop()
    assert race.state in ("stopped", "finished")


def test_the_hook_and_the_thread_are_gone_afterwards(make_session, race_of):
    race = race_of(make_session())
    random = torch.get_rng_state()
    race.start((2, 4), num_seeds=2)
    race.close()
    assert not torch_module._global_forward_pre_hooks
    assert torch.equal(torch.get_rng_state(), random)
    assert not [one for one in threading.enumerate() if one.name == "transferlab race"]
    race.session.choose(data=WorldData("tissue", per_class=2))  # and nobody listens
    assert race._about != race._subject()


def test_a_run_refuses_a_race_and_ends_one(make_session, race_of, slow_steps):
    session = make_session(epochs=1)
    race = race_of(session)
    race.start((2, 16), num_seeds=2)
    session.start()
    assert not race.is_on  # before the first batch
    with pytest.raises(ValueError, match="A run is on, and the race would take its time"):
        race.start()
    assert session.wait(60)
    assert session.state == "finished"


def test_a_search_and_a_race_exclude_each_other(make_session, race_of, slow_steps):
    session = make_session()
    race, search = race_of(session), RateSearch(session, lambda: None)
    race.start((2, 16), num_seeds=2)
    with pytest.raises(ValueError, match="is on already"):
        search.start()
    with pytest.raises(ValueError, match="is on already"):
        race.start((2, 4), num_seeds=2)
    race.stop()
    search.start()
    with pytest.raises(ValueError, match="a search for rates is on already"):
        race.start((2, 4), num_seeds=2)
    search.close()


def test_a_cell_that_fails_costs_its_own_row_alone(make_session, race_of, monkeypatch):
    from transferlab.experiments import running

    run = running._run

    def unlucky(cell, conditions, data):
        if cell.arm == "all" and cell.seed == 1:
            raise RuntimeError("out of luck")
        return run(cell, conditions, data)

    monkeypatch.setattr(running, "_run", unlucky)
    race = race_of(make_session())
    race.start((2, 4), num_seeds=2)
    over(race)
    assert race.state == "finished"
    assert {row.error for row in race.results.failed} == {"RuntimeError: out of luck"}
    assert len(race.results.failed) == 2
    json.dumps(race.curve().to_plain(), allow_nan=False)


def test_what_breaks_the_race_off_is_a_sentence(make_session, race_of, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(race_module, "sweep", fail)
    race = race_of(make_session())
    race.start((2, 4), num_seeds=2)
    over(race)
    assert (race.state, race.failure) == ("failed", "The race broke off (RuntimeError: out of luck).")


def test_other_images_empty_it_and_rates_do_not(make_session, race_of):
    session = make_session()
    race = race_of(session)
    race.start((2, 4), num_seeds=2)
    over(race)
    session.set_lr("fc", 5e-3)
    session.choose(epochs=3)
    assert len(race.results.rows) == 8
    session.choose(data=WorldData("tissue", per_class=2))
    assert (race.results.rows, race.state) == ((), "ready")


def test_drawn_images_are_drawn_anew_for_every_budget(make_session, race_of):
    session = make_session(load("bundled"), WorldData("objects", per_class=2))
    race = race_of(session)
    assert set(race.arms) == set(SHORT)  # whose card says how to make it anew
    drawn = race._data(50)
    assert (drawn.func, drawn.args, drawn.keywords) == (worlds.target, ("objects",), {})
    session.choose(data=WorldData("objects", per_class=2, task="hue", domain_gap=0.5))
    assert isinstance(race._data(50), partial)
    assert race._data(50).keywords == {"task": "hue", "domain_gap": 0.5}
    session.choose(backbone="bundled", data="objects")
    assert race._data(50) == "objects"


def test_sounds_are_made_anew_for_every_budget_too(make_session, race_of):
    choice = SoundWorldData("vowel", per_class=2, room=0.5, seed=3)
    race = race_of(make_session(load("bundled"), choice))
    again = race._data(50)(per_class=2, seed=3)
    assert torch.equal(again.train.images, choice.make().train.images)
    race.start((1, 2), num_seeds=2)
    over(race)
    assert {row.data for row in race.results.rows} == {"vowel, 30 dB, room 0.5 as spectrograms"}


@pytest.mark.parametrize(
    ("budgets", "num_seeds", "sentence"),
    [
        ((2, 17), 2, "the smallest class has 16 to train on. Choose budgets up to 16"),
        ((5,), 2, "A race has 2 to 8 budgets"),
        ((), 2, "you gave 0"),
        (range(1, 10), 2, "you gave 9"),
        ((0, 5), 2, "from 1 to 2,000; you gave 0"),
        ((2.5, 5), 2, "you gave 2.5"),
        (("5", 10), 2, "you gave '5'"),
        ((True, 5), 2, "you gave True"),
        ((2, 4), 1, "2 to 8 seeds: one alone has no interval; you gave 1"),
        ((2, 4), 9, "you gave 9"),
        ((2, 4), "3", "you gave '3'"),
    ],
)
def test_bad_input_is_answered_and_starts_nothing(make_session, race_of, budgets, num_seeds, sentence):
    race = race_of(make_session())
    with pytest.raises(ValueError, match=sentence):
        race.start(budgets, num_seeds)
    assert (race.is_on, race.state) == (False, "ready")
    with pytest.raises(ValueError, match="No strategy 'scratch'"):
        race.start((2, 4), 2, RaceGuess("scratch"))


def test_the_usual_budgets_are_those_of_a_lesson():
    assert BUDGETS == (5, 10, 20, 50)
