from transferlab.advice.menu import CALLED, MENU
from transferlab.recipes import RECIPES


def test_every_strategy_is_a_recipe_with_its_own_numbers_and_has_words_for_it():
    assert set(MENU) == set(CALLED) <= set(RECIPES)
    for name, recipe in MENU.items():
        assert recipe == RECIPES[name]()


def test_what_trains_least_comes_first():
    frozen = [min(phase.frozen_share for phase in recipe.phases) for recipe in MENU.values()]
    assert frozen == sorted(frozen, reverse=True)
    assert list(MENU)[-1] == "from_scratch"
