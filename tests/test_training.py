import copy
import dataclasses
from collections import namedtuple

import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import ImageSet, Splits
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.recipes import RECIPES, feature_extraction, fine_tuning, from_scratch
from transferlab.records import Epoch, Run, Step
from transferlab.training import fit, train


def network(num_classes=2, seed=0):
    torch.manual_seed(seed)
    return SmallResNet(num_classes, width=8)


SHORT = {
    "feature_extraction": {"epochs": 2},
    "last_stage": {"epochs": 2, "head_epochs": 1},
    "fine_tuning": {"epochs": 2, "head_epochs": 1},
    "gradual_unfreezing": {"epochs": 1, "head_epochs": 2},
    "lp_ft": {"epochs": 1, "probe_epochs": 1},
    "lora": {"epochs": 2, "head_epochs": 1},
    "from_scratch": {"epochs": 2},
}


@pytest.fixture(params=RECIPES)
def short_recipe(request):
    return RECIPES[request.param](**SHORT[request.param])


def test_every_recipe_yields_steps_epochs_and_the_run(short_recipe, two_colours):
    records = list(fit(network(), two_colours, short_recipe))
    steps = [record for record in records if isinstance(record, Step)]
    epochs = [record for record in records if isinstance(record, Epoch)]
    run = records[-1]
    assert isinstance(run, Run)
    assert run.epochs == tuple(epochs)
    assert [epoch.epoch for epoch in epochs] == list(range(short_recipe.epochs + 1))
    assert [step.step for step in steps] == list(range(1, short_recipe.epochs + 1))  # 32 images, one batch an epoch
    assert epochs[0].train_loss is None
    assert [phase.name for phase in run.phases] == [phase.name for phase in short_recipe.phases]


def test_the_same_seed_gives_the_same_run_bit_for_bit(short_recipe, two_colours):
    first, second, other = network(), network(), network()
    run = train(first, two_colours, short_recipe, seed=1, progress=False)
    records = []
    for record in fit(second, two_colours, short_recipe, seed=1):
        records.append(record)
        torch.rand(3)  # what the caller draws in between must not matter
    assert records[-1] == run
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert train(other, two_colours, short_recipe, seed=2, progress=False) != run


def test_a_saved_run_is_the_run(tmp_path, two_colours):
    run = train(network(), two_colours, fine_tuning(epochs=1, head_epochs=1), progress=False)
    assert Run.load(run.save(tmp_path / "run.json")) == run


def test_feature_extraction_leaves_the_backbone_bit_equal(two_colours):
    model = network()
    before = copy.deepcopy(model.state_dict())
    train(model, two_colours, feature_extraction(epochs=2), progress=False)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) != name.startswith("fc."), name


def test_a_task_that_can_be_learned_is_learned(two_colours):
    run = train(network(), two_colours, from_scratch(epochs=15), progress=False)
    assert run.accuracy == 1.0
    assert run.epochs[-1].train_loss < run.epochs[1].train_loss


def test_forgetting_is_measured_each_epoch(two_colours):
    model = network(num_classes=5)
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    kept = train(copy.deepcopy(model), two_colours, feature_extraction(epochs=2), memory=memory, progress=False)
    assert [epoch.source_accuracy for epoch in kept.epochs] == [1.0, 1.0, 1.0]
    assert kept.source_kind == "agreement"


@pytest.mark.parametrize(("bn", "asked"), [("frozen", 3), ("train", 5)])
def test_what_cannot_have_changed_is_not_measured_again(two_colours, monkeypatch, bn, asked):
    """Two epochs of the head alone, two of everything: a frozen backbone is asked once, before training."""
    model = network(num_classes=5)
    memory = remember(model, two_colours.held_out)
    replace_head(model, 2)
    answers = []
    judge = memory.judge
    monkeypatch.setattr(memory, "judge", lambda *given: answers.append(judge(*given)) or answers[-1])
    run = train(model, two_colours, fine_tuning(epochs=2, head_epochs=2, bn=bn), memory=memory, progress=False)
    assert len(answers) == asked
    assert len(run.epochs) == 5
    assert run.source_after == judge(model).accuracy


@pytest.mark.parametrize("keep", [True, False])
def test_thawed_batch_norm_keeps_the_pretrained_statistics_unless_told_otherwise(two_colours, keep):
    model = network()
    before = copy.deepcopy(model.state_dict())
    train(model, two_colours, fine_tuning(epochs=1, head_epochs=1, keep_statistics=keep), progress=False)
    after = model.state_dict()
    for name in ("bn1.running_mean", "layer4.1.bn2.running_var"):
        assert torch.equal(after[name], before[name]) == keep
    assert not torch.equal(after["layer4.1.bn2.weight"], before["layer4.1.bn2.weight"])  # they learn all the same


def test_from_scratch_there_are_no_statistics_to_keep(two_colours):
    model = network()
    before = model.bn1.running_mean.clone()
    train(model, two_colours, from_scratch(epochs=1), progress=False)
    assert not torch.equal(model.bn1.running_mean, before)


def test_dropout_is_drawn_from_the_runs_own_stream(two_colours):
    def with_dropout():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2)),
        )

    recipe = from_scratch(epochs=2)
    first = train(with_dropout(), two_colours, recipe, progress=False)
    torch.manual_seed(99)
    assert train(with_dropout(), two_colours, recipe, progress=False) == first


def test_a_rate_far_too_high_stops_with_a_sentence_that_names_the_group(two_colours):
    with pytest.raises(ValueError, match=r"Training diverged: .* The group 'fc\S*' learns at .*Start again"):
        train(network(), two_colours, feature_extraction(epochs=20, head_lr=100.0), progress=False)


def test_the_head_must_fit_the_classes(two_colours):
    with pytest.raises(ValueError, match=r"'fc' has 5 outputs and the data 2 classes. Type replace_head\(model, 2\)"):
        fit(network(5), two_colours, "fine_tuning")


def test_data_must_be_split(two_colours):
    with pytest.raises(ValueError, match=r"you gave ImageSet\. Type images\.split"):
        fit(network(), two_colours.train, "fine_tuning")


def test_a_task_of_one_class_is_none():
    images = ImageSet(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64), ("ants",))
    with pytest.raises(ValueError, match="only the class 'ants'"):
        fit(network(1), Splits(images, images), "fine_tuning")


def test_a_class_without_training_images_is_named(two_colours):
    names = ("red", "blue", "green")
    train_set, held_out = (
        dataclasses.replace(images, class_names=names) for images in (two_colours.train, two_colours.held_out)
    )
    with pytest.raises(ValueError, match="No training image of: green"):
        fit(network(3), Splits(train_set, held_out), "fine_tuning")


def test_errors_come_at_the_call_and_not_at_the_first_record(two_colours):
    with pytest.raises(ValueError, match="Did you mean 'fine_tuning'"):
        fit(network(), two_colours, "fine_tunin")
    with pytest.raises(ValueError, match="No device"):
        fit(network(), two_colours, "fine_tuning", device="gpu")


def test_scratch_refuses_pretrained_weights(two_colours):
    model = network()
    model.card = namedtuple("Card", "pretrained name mean std input_size class_names")(True, "bundled", 0, 1, 32, ())
    with pytest.raises(ValueError, match=r"load\('bundled', num_classes=2, pretrained=False\)"):
        fit(model, two_colours, "from_scratch")


def test_a_model_that_answers_with_auxiliary_logits_trains(two_colours):
    class WithAuxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
            self.fc = nn.Linear(4, 2)

        def forward(self, x):
            logits = self.fc(self.features(x))
            return namedtuple("Outputs", "logits aux_logits")(logits, logits) if self.training else logits

    assert len(train(WithAuxiliary(), two_colours, from_scratch(epochs=1), progress=False).epochs) == 2


def test_a_rate_for_a_stage_that_is_not_there_is_refused(two_colours):
    from transferlab.recipes import Phase, Recipe

    recipe = Recipe("mine", (Phase("mine", 0.0, 1, 1e-3, stage_lrs={"layre4": 1e-4}),))
    model = SmallResNet(2, width=8)
    with pytest.raises(ValueError, match="Did you mean 'layer4'"):
        fit(model, two_colours, recipe)
