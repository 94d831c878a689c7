import ast

import pytest
import torch

from transferlab.data import worlds
from transferlab.museum import EXHIBITS, exhibit_named

EACH = pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=list(EXHIBITS))


@pytest.fixture(scope="module")
def data():
    return worlds.target("objects", per_class=4, held_out_per_class=4)


def test_there_are_twelve():
    assert len(EXHIBITS) == 12
    assert len({exhibit.title for exhibit in EXHIBITS.values()}) == 12
    assert [exhibit.name for exhibit in EXHIBITS.values()] == list(EXHIBITS)


@EACH
def test_a_loop_can_be_read_in_a_lesson_and_its_twin_differs_in_a_line_or_two(exhibit):
    for code in (exhibit.broken_code, exhibit.repaired_code):
        assert 15 <= len(code.splitlines()) <= 40
        ast.parse(code)
    removed, added = ([line for line in exhibit.the_line.splitlines() if line[0] == sign] for sign in "-+")
    assert len(removed) <= 2
    assert 1 <= len(added) <= 2


@EACH
def test_what_the_label_says_is_there_and_the_code_does_not_give_it_away(exhibit):
    for text in (exhibit.title, exhibit.what_you_see, exhibit.why, exhibit.source):
        assert len(text) > 10
    assert exhibit.name not in exhibit.broken_code


def test_the_line_is_read_off_the_sources():
    assert exhibit_named("sorted_batches").the_line == (
        "-     loader = loader_of(images, labels)\n+     loader = loader_of(images, labels, shuffle=True)"
    )


def test_the_same_seed_gives_the_same_bits_and_nothing_of_the_callers_randomness_is_used(data):
    exhibit = EXHIBITS["augmented_validation"]  # which draws wherever one can
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = exhibit.broken(data, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = exhibit.broken(data, seed=3), exhibit.broken(data, seed=4)
    assert first.losses == again.losses != other.losses
    assert first.reported == again.reported
    assert torch.equal(first.model.fc.weight, again.model.fc.weight)


def test_both_twins_begin_with_the_same_head(data):
    broken, repaired = (run(data, seed=5) for run in (EXHIBITS["frozen_head"].broken, EXHIBITS["frozen_head"].repaired))
    assert torch.equal(broken.before["fc.weight"], repaired.before["fc.weight"])
    assert broken.losses[0] == repaired.losses[0]


def test_what_is_no_data_is_said(data):
    with pytest.raises(ValueError, match=r"you gave ImageSet\. Type worlds\.target"):
        EXHIBITS["frozen_head"].broken(data.train)
    with pytest.raises(ValueError, match="seed is a whole number"):
        EXHIBITS["frozen_head"].repaired(data, seed=-1)
    with pytest.raises(ValueError, match="Did you mean 'softmax_twice'"):
        exhibit_named("softmax")
