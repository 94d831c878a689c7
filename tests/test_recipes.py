import pytest

from transferlab.recipes import RECIPES, Phase, Recipe, fine_tuning, gradual_unfreezing, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_found_by_its_name(name):
    assert recipe(name).name == name
    assert recipe(recipe(name)) == recipe(name)


def test_gradual_unfreezing_thaws_ever_more_ever_slower():
    phases = gradual_unfreezing().phases
    shares = [phase.frozen_share for phase in phases]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.0)
    assert phases[0].until_converged
    for phase in phases[1:]:
        assert 10 <= phase.head_lr / phase.backbone_lr <= 100.0001  # the rule that we teach
    assert [p.backbone_lr for p in phases[1:]] == sorted([p.backbone_lr for p in phases[1:]], reverse=True)


def test_fine_tuning_trains_the_head_first_and_then_everything():
    first, second = fine_tuning(head_lr=1e-3).phases
    assert first.frozen_share == 1
    assert second.frozen_share == 0
    assert second.head_lr / second.backbone_lr == pytest.approx(10)  # the rule that we teach: 10 to 100 times lower
    assert second.head_lr / second.lowest_lr == pytest.approx(100)


def test_a_refused_rate_is_named_as_it_was_typed_or_derived():
    with pytest.raises(ValueError, match=r"head_lr must be above 0 and at most 100; you gave 150"):
        fine_tuning(head_lr=150)
    with pytest.raises(ValueError, match=r"3 · head_lr, the rate of the first phase, must be .* you gave 150"):
        fine_tuning(head_lr=50)


def test_shortened_keeps_at_least_one_epoch_a_phase():
    short = gradual_unfreezing(epochs=8, head_epochs=20).shortened(0.05)
    assert [phase.epochs for phase in short.phases] == [1, 1, 1, 1]


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"The recipes are: .*Did you mean 'fine_tuning'\?"):
        recipe("fine_tunning")


@pytest.mark.parametrize(
    "bad", [{"epochs": 0}, {"epochs": 1.5}, {"head_lr": 0}, {"head_lr": float("nan")}, {"batch_size": 1}]
)
def test_bad_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="you gave"):
        fine_tuning(**bad)


def test_bad_phases_are_refused():
    with pytest.raises(ValueError, match="frozen_share"):
        Phase("x", 1.5, 1, 1e-3)
    with pytest.raises(ValueError, match="schedule"):
        Phase("x", 1.0, 1, 1e-3, schedule="cosine")
    with pytest.raises(ValueError, match="no phases"):
        Recipe("empty", ())
    with pytest.raises(ValueError, match="give backbone_lr"):
        Phase("x", 0.0, 1, 1e-3, lowest_lr=1e-5)


def test_scratch_may_train_as_long_as_the_longest_of_the_others():
    epochs = {name: make().epochs for name, make in RECIPES.items()}
    assert epochs.pop("from_scratch") == max(epochs.values())


def test_stages_may_have_rates_of_their_own():
    assert Phase("mine", 0.5, 3, 1e-3, stage_lrs={"layer4": 1e-5}).stage_lrs == {"layer4": 1e-5}
    with pytest.raises(ValueError, match=r"stage_lrs\['layer4'\] must be above 0"):
        Phase("mine", 0.5, 3, 1e-3, stage_lrs={"layer4": 0.0})
    with pytest.raises(ValueError, match="names rates by stage"):
        Phase("mine", 0.5, 3, 1e-3, stage_lrs=[1e-3])


@pytest.mark.parametrize(("images", "batches"), [(64, 2), (65, 2), (66, 3), (3, 1), (1, 1)])
def test_an_epoch_has_as_many_batches_as_the_loop_makes(images, batches):
    import torch

    from transferlab.feeding import batches_of

    assert fine_tuning(batch_size=32).batches_per_epoch(images) == batches
    assert len(batches_of(torch.arange(images), 32)) == batches
