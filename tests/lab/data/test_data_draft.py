import contextlib
import threading

import pytest
import torch

from tests.folder_files import insects
from tests.lab.conftest import until
from transferlab.data.worlds import tissue
from transferlab.lab.data.data_choice import EditedData, FolderData, WorldData
from transferlab.lab.data.data_draft import DataDraft
from transferlab.lab.data.edits import Edits
from transferlab.lab.data.given_data import GivenData

SMALL = WorldData(per_class=2)


class Watched:
    """A draft, and what it said."""

    def __init__(self, session):
        self.events, self.troubles = [], []
        self.draft = DataDraft(session, self.events.append, self.troubles.append)
        assert self.draft.wait()


@pytest.fixture
def watched(make_session):
    return Watched(make_session(data=SMALL))


@pytest.fixture
def draft(watched):
    return watched.draft


def test_it_begins_with_what_the_session_uses(watched, draft):
    assert (draft.kind, draft.base, draft.is_in_use, draft.failure) == ("world", SMALL, True, "")
    assert draft.splits is draft.session.data  # and not drawn a second time
    assert draft.counts()[0] == {"name": "anchor", "train": 2, "held_out": 25}
    assert "images" in watched.events


def test_images_of_the_notebook_are_a_kind_of_their_own(make_session, two_colours):
    draft = Watched(make_session()).draft
    assert (draft.kind, draft.splits) == ("given", two_colours)
    draft.relabel([("train", 0)], "blue")
    draft.use()
    assert draft.wait()
    assert isinstance(draft.session.settings.data.base, GivenData)
    assert draft.session.data.train.labels[0] == 1


def test_knobs_draw_other_images_and_leave_the_session_alone(watched, draft):
    draft.turn(name="tissue", shortcut=1)
    assert draft.wait()
    assert draft.base == WorldData("tissue", 2, shortcut=1.0)
    assert draft.splits.train.class_names == tissue.CLASSES
    assert not draft.is_in_use
    assert draft.session.settings.data == SMALL
    draft.use()
    assert draft.wait()
    assert draft.is_in_use
    assert torch.equal(draft.session.data.train.images, draft.splits.train.images)
    assert watched.troubles == []


def test_another_world_is_asked_for_its_kind(draft):
    draft.turn(task="hue")
    draft.turn(name="defects")
    assert draft.base == WorldData("defects", 2)
    assert draft.wait()
    assert draft.failure == ""


def test_a_preview_changes_nothing_but_what_is_shown(watched, draft):
    for step in range(6):
        draft.turn_a_little(domain_gap=step / 5)
    assert draft.wait()
    assert draft.base == SMALL
    assert 1 <= watched.events.count("preview") <= 6
    assert len(draft.preview) == 40
    draft.turn(domain_gap=1.0)
    assert draft.wait()
    assert draft.preview is None


@pytest.mark.parametrize(
    ("knobs", "words"),
    [({"gap": 1}, "no knob 'gap'"), ({"per_class": "5"}, "per_class"), ({"domain_gap": None}, "gap")],
)
def test_knobs_that_do_not_exist_are_refused(draft, knobs, words):
    for turn in (draft.turn, draft.turn_a_little):
        with pytest.raises(ValueError, match=words):
            turn(**knobs)
    assert draft.base == SMALL


def test_what_cannot_be_drawn_is_a_sentence_and_nothing_can_be_used(draft):
    draft.turn(domain_gap=3.0)
    assert draft.wait()
    assert "between 0 and 1" in draft.failure
    assert draft.splits is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        draft.use()
    with pytest.raises(ValueError, match="no images to change"):
        draft.drop([("train", 0)])
    draft.turn(domain_gap=0.5)
    assert draft.wait()
    assert (draft.failure, draft.splits.train.name) == ("", "objects, domain gap 0.5")


def test_edits_can_be_taken_back_and_are_used(draft):
    draft.relabel([("train", 0), ("train", 1)], "snail")
    draft.drop([("held_out", 5)])
    assert draft.history.undoes == "1 picture dropped"
    assert draft.undo() == "1 picture dropped"
    assert draft.undo() == "2 pictures labelled snail"
    assert draft.choice == SMALL
    draft.redo()
    assert draft.choice == EditedData(SMALL, Edits().relabel([("train", 0), ("train", 1)], "snail"))
    assert sum(one["train"] for one in draft.counts() if one["name"] == "snail") >= 2
    draft.use()
    assert draft.wait()
    assert draft.is_in_use
    assert draft.session.data.train.labels[:2].tolist() == [5, 5]
    draft.undo()
    assert not draft.is_in_use


def test_an_edit_that_leaves_too_little_changes_nothing(draft):
    rows = (draft.splits.train.labels == 3).nonzero().flatten().tolist()
    with pytest.raises(ValueError, match="no picture of 'guitar' to train on"):
        draft.drop([("train", row) for row in rows])
    with pytest.raises(ValueError, match="Select a picture first"):
        draft.drop([])
    with pytest.raises(ValueError, match="No class 'gitar'"):
        draft.relabel([("train", 0)], "gitar")
    assert len(draft.edits) == 0
    assert draft.history.undoes == ""


def test_edits_wait_while_other_images_are_looked_at(draft):
    draft.drop([("train", 0)])
    draft.turn(domain_gap=0.5)
    assert draft.wait()
    assert len(draft.edits) == 0
    draft.turn(domain_gap=0)
    assert draft.wait()
    assert draft.edits == Edits(dropped=(("train", 0),))


def test_edits_of_a_folder_hold_for_every_budget(draft, tree):
    root = tree(insects("set/", ants=6, bees=6)) / "set"
    draft.open(FolderData(str(root), size=8))
    assert draft.wait()
    assert draft.kind == "folder"
    name = draft.splits.train.files[0]
    draft.drop([("train", name)])
    for per_class in (1, 3, 4):
        base = FolderData(str(root), per_class, size=8)
        draft.open(base)
        assert draft.wait()
        assert draft.edits == Edits(dropped=(("train", name),))
        left = [one for one in base.make().train.files if one != name]
        if any(one.startswith("ants") for one in left):
            assert [draft.splits.train.files[row] for row in draft.outcome.rows["train"]] == left
        else:
            assert "The edits do not fit these images" in draft.failure


def test_edits_that_no_longer_fit_are_said_and_can_be_undone(draft, tree):
    root = tree({**insects("set/train/", ants=2), **insects("set/val/", first=10)}) / "set"
    draft.open(FolderData(str(root), size=8))
    assert draft.wait()
    draft.drop([("train", "ants/0.png")])
    (root / "train/ants/1.png").unlink()
    draft.open(FolderData(str(root), size=8).fresh())
    assert draft.wait()
    assert "Undo brings the images back" in draft.failure
    with pytest.raises(ValueError, match="do not fit"):
        draft.use()
    draft.undo()
    assert draft.failure == ""
    assert draft.counts()


def test_while_a_run_is_on_nothing_is_taken_over_and_nothing_lost(make_session, slow_steps):
    draft = Watched(make_session(epochs=50)).draft
    draft.session.start()
    until(lambda: draft.session.state == "running")
    draft.turn(per_class=1)
    with pytest.raises(ValueError, match="A run is on with its own images"):
        draft.use()
    draft.session.end()
    draft.use()
    assert draft.wait()
    assert draft.session.settings.data == WorldData(per_class=1)


def test_what_the_notebook_chooses_is_followed(watched, draft):
    draft.session.subscribe(lambda event: draft.follow())
    draft.session.choose(data=WorldData("thermal", 2))
    assert draft.wait()
    assert draft.base == WorldData("thermal", 2)
    given = EditedData(SMALL, Edits(dropped=(("train", 3),)))
    draft.session.choose(data=given)
    assert draft.wait()
    assert (draft.choice, draft.is_in_use) == (given, True)
    assert len(draft.outcome.rows["train"]) == 15


def test_the_last_of_many_choices_is_the_one_that_is_shown(draft):
    for name in ("satellite", "tissue", "defects", "thermal"):
        draft.turn(name=name)
    assert draft.wait()
    assert draft.splits.train.name == "thermal"
    assert draft.task == ""


def test_choices_from_many_threads_leave_a_consistent_draft(watched, draft):
    undo, redo = (lambda i: draft.undo()), (lambda i: draft.redo())

    def act(seed):
        acts = (lambda i: draft.turn(seed=seed), lambda i: draft.drop([("train", i)]), undo, redo)
        for i in range(6):
            with contextlib.suppress(ValueError):
                acts[(i + seed) % 4](i)

    threads = [threading.Thread(target=act, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert draft.wait()
    draft.turn(seed=9)
    assert draft.wait()
    assert draft.failure == ""
    assert draft.splits.train.images.equal(WorldData(per_class=2, seed=9).make().train.images)
    assert watched.troubles == []
