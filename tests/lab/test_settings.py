import pytest

from transferlab.keep_methods import LwF
from transferlab.lab.settings import Settings
from transferlab.recipes import feature_extraction, fine_tuning

STAGES = ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")


def test_a_named_recipe_is_the_recipe_of_that_name():
    assert Settings(recipe="fine_tuning").to_recipe(STAGES) == fine_tuning()
    assert Settings(recipe="feature_extraction", batch_size=16).to_recipe(STAGES) == feature_extraction(batch_size=16)
    assert Settings(recipe="fine_tuning", length=0.5).to_recipe(STAGES) == fine_tuning().shortened(0.5)


def test_mine_has_one_phase_with_the_line_and_the_rates():
    settings = Settings(recipe="mine", line="layer3", stage_lrs={"layer3": 1e-5, "layer4": 1e-4, "fc": 2e-3}, epochs=7)
    recipe = settings.to_recipe(STAGES)
    (phase,) = recipe.phases
    assert (phase.epochs, phase.frozen_share, phase.head_lr) == (7, 3 / 5, 2e-3)
    assert phase.stage_lrs == {"layer3": 1e-5, "layer4": 1e-4}


@pytest.mark.parametrize("line", STAGES)
def test_every_line_survives_being_a_share(line):
    from tests.lab.conftest import small_network
    from transferlab.phases import freeze_line

    recipe = Settings(recipe="mine", line=line).to_recipe(STAGES)
    assert freeze_line(small_network(), recipe.phases[0].frozen_share) == STAGES.index(line)


def test_from_random_weights_there_is_nothing_to_keep():
    assert Settings(recipe="fine_tuning", keep="LwF").to_recipe(STAGES).keep == LwF()
    assert Settings(recipe="from_scratch", keep="LwF").to_recipe(STAGES).keep is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": "finetuning"}, "Did you mean 'fine_tuning'"),
        ({"keep": "ewc"}, "Did you mean 'EWC'"),
        ({"epochs": 0}, "epochs is a whole number of 1 … 500; you gave 0"),
        ({"epochs": True}, "you gave True"),
        ({"batch_size": 1}, "batch_size"),
        ({"length": 0}, "above 0"),
        ({"stage_lrs": {"fc": 1e9}}, "the rate of 'fc' must be above 0 and at most 100"),
        ({"sed": 1}, "Did you mean 'seed'"),
        ({"bn": "recalibrate"}, "frozen, train"),
    ],
)
def test_what_no_run_can_be_trained_with_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Settings().changed(**changes)


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'layer4'"):
        Settings(recipe="mine", line="layre4").to_recipe(STAGES)
    with pytest.raises(ValueError, match="No stage 'head'"):
        Settings(recipe="mine", stage_lrs={"head": 1e-3}).to_recipe(STAGES)
