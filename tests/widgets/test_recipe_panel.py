from transferlab.lab.settings import RECIPE_NAMES
from transferlab.widgets.recipe_panel import RecipePanel


def test_a_choice_reaches_the_settings_and_the_page(make_session, page):
    session = make_session()
    recipe = page(RecipePanel(session))
    recipe.press("choose", recipe="gradual_unfreezing", seed=3)
    assert (session.settings.recipe, session.settings.seed) == ("gradual_unfreezing", 3)
    assert recipe.state["recipe"] == "gradual_unfreezing"


def test_a_refused_choice_does_not_stay_on_view(make_session, page):
    session = make_session("bundled")
    recipe = page(RecipePanel(session))
    for wrong in ({"backbone": "nonesuch"}, {"epochs": 0}, {"keep": "EWCC"}, {"line": "fc"}):
        recipe.press("choose", **wrong)
        assert recipe.state["backbone"] == "bundled"
        assert recipe.sentences
        recipe.sent.clear()


def test_the_page_offers_every_recipe_there_is():
    for name in RECIPE_NAMES:
        assert f'["{name}"' in RecipePanel._esm


def test_while_a_run_is_on_nothing_can_be_chosen(make_session, page, slow_steps):
    session = make_session(epochs=30)
    recipe = page(RecipePanel(session))
    session.start()
    assert recipe.state["busy"]
    recipe.press("choose", seed=1)
    assert "Stop it first" in recipe.sentences[-1]
