import pytest

from transferlab.lab.data.data_choice import FolderData, WorldData
from transferlab.lab.data.given_data import GivenData, choice_of


def test_what_a_notebook_may_give(two_colours, tree):
    assert choice_of("satellite", seed=3) == WorldData("satellite", seed=3)
    assert choice_of(two_colours).make() is two_colours
    assert isinstance(choice_of(tree({"ants/a.png": 1, "bees/b.png": 2})), FolderData)
    choice = GivenData(two_colours)
    assert choice_of(choice) is choice


@pytest.mark.parametrize(
    ("given", "words"), [("satelite", "Did you mean 'satellite'"), (3, "you gave int"), (None, "you gave NoneType")]
)
def test_anything_else_is_a_sentence(given, words):
    with pytest.raises(ValueError, match=words):
        choice_of(given)
