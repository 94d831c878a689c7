import pytest

from transferlab.lab.looks.scrub import Scrub


def test_everybody_hears_where_to_look_but_whoever_moved():
    scrub, heard, mine = Scrub(), [], []
    end = scrub.subscribe(heard.append)
    scrub.subscribe(mine.append)
    scrub.move(2.5, but=mine.append)
    scrub.move(None)
    end()
    scrub.move(1)
    assert (heard, mine) == ([2.5, None], [None, 1.0])
    assert scrub.position == 1.0


def test_there_is_nothing_before_the_start():
    scrub = Scrub()
    scrub.move(-3)
    assert scrub.position == 0.0


@pytest.mark.parametrize("position", ["2", True, float("nan"), float("inf"), [1]])
def test_what_is_no_position_is_said(position):
    scrub = Scrub()
    with pytest.raises(ValueError, match="number of epochs"):
        scrub.move(position)
    assert scrub.position is None
