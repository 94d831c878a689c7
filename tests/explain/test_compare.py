import copy
import dataclasses

import pytest
import torch
from torch import nn

from tests.test_records import make_run
from transferlab.backbones import load
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data import worlds
from transferlab.explain import explain
from transferlab.explain.compare import compare, strip
from transferlab.explain.snapshots import Snapshots
from transferlab.heads import replace_head
from transferlab.inference import predict


@pytest.fixture(scope="module")
def models():
    """The pretrained model with its 232 classes, and one with a new head of 8."""
    pretrained = load("bundled").eval()
    tuned = copy.deepcopy(pretrained)
    replace_head(tuned, 8, seed=0)
    return {"pretrained": pretrained, "tuned": tuned.train()}


@pytest.fixture(scope="module")
def images():
    return worlds.target("objects", per_class=1).train.subset([0, 1, 2])


def test_each_model_has_its_own_maps_and_answers(models, images):
    before = {name: copy.deepcopy(model.state_dict()) for name, model in models.items()}
    stream = torch.get_rng_state()
    found = compare(models, images, stage="layer3")
    assert torch.equal(torch.get_rng_state(), stream)
    assert found.names == ("pretrained", "tuned")
    assert found.labels == tuple(images.class_names[i] for i in images.labels.tolist())
    for name, model in models.items():
        probabilities = predict(model, images).softmax(1)
        torch.testing.assert_close(found.attributions[name].maps, explain(model, images, stage="layer3").maps)
        names = model.card.class_names if name == "pretrained" else images.class_names
        assert [one.predicted for one in found.answers[name]] == [names[i] for i in probabilities.argmax(1).tolist()]
        assert [one.probability for one in found.answers[name]] == pytest.approx(probabilities.amax(1).tolist())
        assert all(one.explained == one.predicted for one in found.answers[name])
        assert all(torch.equal(value, before[name][key]) for key, value in model.state_dict().items())
        assert not any(module._forward_hooks for module in model.modules())
    assert models["tuned"].training
    assert not models["pretrained"].layer1.training
    again = compare(models, images, stage="layer3")
    assert all(torch.equal(again.attributions[name].maps, one.maps) for name, one in found.attributions.items())
    assert str(found).startswith("pretrained: ")
    assert "(grad_cam at 'layer3')" in str(found)


def test_a_class_by_name_is_looked_up_in_each_model(models, images):
    names = {"pretrained": (*models["pretrained"].card.class_names[:-1], "anchor")}
    found = compare(models, images, "anchor", class_names=names)
    assert found.attributions["pretrained"].targets.tolist() == [231] * 3
    assert found.attributions["tuned"].targets.tolist() == [images.class_names.index("anchor")] * 3
    probabilities = predict(models["tuned"], images).softmax(1)[:, images.class_names.index("anchor")]
    explained = [one.explained_probability for one in found.answers["tuned"]]
    assert explained == pytest.approx(probabilities.tolist())
    with pytest.raises(ValueError, match="In 'pretrained': No class 'anchor'"):
        compare(models, images, "anchor")


def test_a_stage_has_to_exist_in_each(models, images):
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 8)

        def forward(self, x):
            return self.fc(self.conv1(x).mean((2, 3)))

    with pytest.raises(ValueError, match=r"In 'other': No stage 'layer3'. This model's stages are: conv1, fc"):
        compare({**models, "other": Other()}, images, stage="layer3")
    found = compare({**models, "other": Other()}, images.images[0], stage="conv1")
    assert found.answers["other"][0].predicted.startswith("class ")
    assert found.labels is None


def test_what_cannot_be_compared_is_said(models, images):
    for given in ({}, [models["tuned"]], {"tuned": "tuned"}):
        with pytest.raises(ValueError, match="takes models by name"):
            compare(given, images)
    with pytest.raises(ValueError, match="In 'tuned': No class 200: this model has 8"):
        compare(models, images, 200)
    with pytest.raises(ValueError, match="In 'tuned': You gave 2 class_names, and its head has 8"):
        compare(models, images, class_names=("a", "b"))
    with pytest.raises(ValueError, match="In 'pretrained': No method 'grad_cap'"):
        compare(models, images, method="grad_cap")


def test_a_strip_goes_through_the_run(two_colours):
    torch.manual_seed(0)
    model = SmallResNet(2, width=8)
    snapshots, expected = Snapshots(), {}
    for number in range(7):
        snapshots.keep(dataclasses.replace(make_run().epochs[0], epoch=number), model)
        expected[f"epoch {number}"] = explain(model, two_colours.train.images[:2], 1, stage="layer2").maps
        with torch.no_grad():
            model.layer1[0].conv1.weight += 0.05
    found = strip(snapshots, model, two_colours.train.subset([0, 1]), "blue", stage="layer2", most=4)
    assert found.names == ("epoch 0", "epoch 2", "epoch 4", "epoch 6")
    for name, one in found.attributions.items():
        torch.testing.assert_close(one.maps, expected[name])
    assert not torch.equal(expected["epoch 0"], expected["epoch 6"])
    assert strip([snapshots[0]], model, two_colours.train.subset([0])).names == ("epoch 0",)
    with pytest.raises(ValueError, match="no snapshots"):
        strip([], model, two_colours.train)
    with pytest.raises(ValueError, match="2 or more; you gave 1"):
        strip(snapshots, model, two_colours.train, most=1)
    with pytest.raises(ValueError, match="In 'the model of this run': No stage 'layer9'"):
        strip(snapshots, model, two_colours.train, stage="layer9")
