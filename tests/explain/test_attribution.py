import copy

import pytest
import torch
from torch import nn

from tests.explain.known_net import ADDED, IMAGE, KnownNet
from transferlab.backbones import load
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data import worlds
from transferlab.explain import METHODS, explain
from transferlab.freezing import freeze

KNOWN = {
    "grad_cam": [[0.5, 0], [1, 0]],  # ADDED, what is below zero cut away
    "guided_grad_cam": [
        [0.25, 0],
        [0.5, 0],
    ],  # times guided gradients: 1/2 where red is above zero; green's is negative
    "layer_activation": [[0.5, 2], [1, 0.5]],
    "layer_integrated_gradients": ADDED,
    "layer_conductance": ADDED,
    "internal_influence": [[0.25, 0.25], [0.25, 0.25]],  # 1/2 − 1/4 everywhere
    "layer_deep_lift": ADDED,
    "neuron_conductance": [[0, -1], [0, -0.25]],  # by way of green alone
    "integrated_gradients": ADDED,
    "saliency": [[0.5, 0.25], [0.5, 0.25]],
    "occlusion": ADDED,
}


def settings(method):
    return {"stage": "conv"} if METHODS[method].stage else {}


@pytest.mark.parametrize("method", METHODS)
def test_known_values(method):
    others = {"channel": 1} if method == "neuron_conductance" else {}
    maps = explain(KnownNet(), IMAGE, 0, method, **settings(method), **others).maps
    # Captum's conductance sums 32 differences along the path.
    rtol = 0.01 if "conductance" in method else 1e-4
    torch.testing.assert_close(maps[0], torch.tensor(KNOWN[method], dtype=torch.float32), atol=1e-5, rtol=rtol)


def test_every_method_has_a_known_value():
    assert set(KNOWN) == set(METHODS)


@pytest.fixture(scope="module")
def bundled():
    return load("bundled")


@pytest.fixture(scope="module")
def images():
    return worlds.source(per_class=1, seed=3).subset(range(6))


def test_integrated_gradients_add_up_to_the_change_of_the_score(bundled, images):
    explained = explain(bundled, images, method="integrated_gradients", steps=256)
    from transferlab.inference import model_input, predict

    with torch.no_grad():
        grey = bundled.eval()(torch.zeros_like(model_input(bundled, images.images[:1])))[0]
    rows = torch.arange(len(images))
    change = predict(bundled, images)[rows, explained.targets] - grey[explained.targets]
    torch.testing.assert_close(explained.maps.sum((1, 2)), change, rtol=0.01, atol=0.01)


def test_the_target_may_be_a_number_a_name_or_one_for_each_image(bundled, images):
    number = bundled.card.class_names.index("goldfish")
    each = [number] * len(images)
    maps = [explain(bundled, images, target).maps for target in ("goldfish", number, each, torch.tensor(each))]
    assert all(torch.equal(maps[0], other) for other in maps[1:])
    predicted = explain(bundled, images)
    from transferlab.inference import predict

    assert torch.equal(predicted.targets, predict(bundled, images).argmax(1))


def test_one_image_is_a_batch_of_one(bundled, images):
    assert torch.equal(explain(bundled, images.images[2], 5).maps, explain(bundled, images.images[2:3], 5).maps)


def test_the_same_call_gives_the_same_bits_and_leaves_the_random_stream_alone(images):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 62 * 62, 3))
    before = torch.random.get_rng_state()
    maps = [explain(model, images, 1, "saliency").maps for _ in range(2)]
    assert torch.equal(*maps)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients", "layer_conductance"])
def test_a_small_memory_budget_gives_the_same_maps_in_smaller_parts(bundled, images, method):
    whole, parts = (explain(bundled, images, 7, method, steps=8, memory_budget=bytes_) for bytes_ in (2**28, 2**21))
    torch.testing.assert_close(whole.maps, parts.maps, atol=1e-4, rtol=1e-3)


def test_no_more_images_go_through_at_once_than_the_budget_allows(bundled, images):
    seen = []
    model = copy.deepcopy(bundled)
    model.conv1.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))  # kept in the copy
    explain(model, images, 7, "integrated_gradients", steps=8, memory_budget=2**21)
    few = max(seen)
    seen.clear()
    explain(model, images, 7, "integrated_gradients", steps=8, memory_budget=2**28)
    assert few <= 2 < max(seen)


def test_frozen_and_training_models_give_the_same_as_others(bundled, images):
    plain = explain(bundled, images, 7).maps
    frozen = copy.deepcopy(bundled)
    freeze(frozen)
    frozen.train()
    with torch.no_grad():
        assert torch.equal(explain(frozen, images, 7).maps, plain)
    assert torch.equal(explain(copy.deepcopy(bundled).train(), images, 7).maps, plain)


class Breaks(SmallResNet):
    """Fails at its second pass: the first one only looks."""

    def forward(self, x):
        self.passes = getattr(self, "passes", 0) + 1
        if self.passes > 1:
            raise RuntimeError("broken on purpose")
        return super().forward(x)


def hooks(model):
    return [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()]


def test_after_an_error_too_nothing_has_changed(images):
    model = Breaks(5, width=8).train()
    state = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="broken on purpose"):
        explain(model, images, 1)
    assert sum(hooks(model)) == 0
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_a_map_without_anything_in_it_comes_with_the_reason(images):
    against = explain(KnownNet(), -IMAGE.abs() * torch.tensor([1.0, -1, 1]).view(1, 3, 1, 1), 0, stage="conv")
    assert "speaks against this class" in against.blank[0]
    dead = explain(KnownNet(), -IMAGE.abs(), 0, "saliency")
    assert "dead or saturated" in dead.blank[0]
    assert "image 0 is blank" in str(dead)
    assert explain(KnownNet(), IMAGE, 0, stage="conv").blank == (None,)


def test_the_conductance_of_a_channel_is_the_sum_of_its_units_in_captum(images):
    from captum.attr import NeuronConductance

    torch.manual_seed(0)
    model = SmallResNet(3, width=8).eval()
    ours = explain(model, IMAGE.repeat(1, 1, 16, 16), 1, "neuron_conductance", stage="layer2", channel=5).maps[0]
    oracle = NeuronConductance(model, model.layer2)
    x = IMAGE.repeat(1, 1, 16, 16)
    units = [(5, row, column) for row in range(4) for column in range(4)]
    summed = sum(oracle.attribute(x, unit, 0, target=1, n_steps=32, method="gausslegendre") for unit in units)
    torch.testing.assert_close(ours, summed.sum(1)[0], atol=1e-5, rtol=1e-3)


def test_the_strongest_channel_is_taken_and_said(images):
    strongest = explain(KnownNet(), IMAGE, 0, "neuron_conductance", stage="conv")
    assert "channel 0 of 'conv'" in strongest.notes[0]  # red adds 1.5, green takes 1.25 away
    assert strongest.maps[0, 1, 0] == pytest.approx(1.0, abs=1e-4)


BAD = {
    "no such method": ({"method": "gradcam"}, "Did you mean 'grad_cam'"),
    "no such stage": ({"stage": "layre4"}, "Did you mean 'layer4'"),
    "the head": ({"stage": "fc"}, "'fc' has no places to show: it is the head"),
    "a stage for pixels": ({"stage": "layer1", "method": "saliency"}, "looks at no stage"),
    "class too high": ({"target": 232}, "No class 232: this model has 232, numbered 0 to 231"),
    "class below zero": ({"target": -1}, "No class -1"),
    "no such class name": ({"target": "goldfisch"}, "Did you mean 'goldfish'"),
    "too few targets": ({"target": [1, 2]}, "6 images need 6 targets"),
    "target no whole number": ({"target": 1.5}, "target is a class"),
    "target of floats": ({"target": torch.rand(6)}, "whole numbers"),
    "channel": ({"method": "neuron_conductance", "channel": 5000}, "No channel 5000: 'layer3' has 128"),
    "channel for another": ({"channel": 5}, "channel is for neuron_conductance alone"),
    "steps": ({"steps": 0}, "steps is a whole number above 0"),
    "budget": ({"memory_budget": 0}, "memory_budget is a whole number above 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests(case, bundled, images):
    arguments, sentence = BAD[case]
    with pytest.raises(ValueError, match=sentence):
        explain(bundled, images, **arguments)


IMAGES = {
    "array": (torch.zeros(2, 3, 64, 64).numpy(), "you gave ndarray"),
    "two dimensions": (torch.zeros(64, 64), "you gave \\(64, 64\\)"),
    "none": (torch.zeros(0, 3, 64, 64, dtype=torch.uint8), "you gave \\(0, 3, 64, 64\\)"),
    "two channels": (torch.zeros(1, 2, 64, 64), "you gave \\(1, 2, 64, 64\\)"),
    "int64": (torch.zeros(1, 3, 64, 64, dtype=torch.long), "uint8 within 0…255"),
    "NaN": (torch.full((2, 3, 64, 64), float("nan")), "Image 0 holds NaN or infinite values; 2 of 2"),
}


@pytest.mark.parametrize("case", IMAGES)
def test_bad_images(case, bundled):
    with pytest.raises(ValueError, match=IMAGES[case][1]):
        explain(bundled, IMAGES[case][0])


def test_a_size_that_the_model_does_not_take_is_a_sentence(images):
    from torchvision.models import VisionTransformer

    model = VisionTransformer(32, 8, 1, 2, 16, 32, num_classes=3)
    with pytest.raises(ValueError, match="does not take such images \\(3 channels, 64×64 pixels\\)"):
        explain(model, images)


def test_broken_weights_and_odd_answers_are_said(images):
    model = SmallResNet(3, width=8)
    with torch.no_grad():
        model.fc.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="NaN or infinite scores"):
        explain(model, images)
    no_scores = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))
    with pytest.raises(ValueError, match="one score a class"):
        explain(no_scores, images)


def test_an_empty_guided_map_is_not_put_down_to_dead_units():
    image = -IMAGE.abs() * torch.tensor([1.0, -1, 1]).view(1, 3, 1, 1)  # red shut, and green speaks against class 0
    assert "its Grad-CAM is empty" in explain(KnownNet(), image, 0, "guided_grad_cam", stage="conv").blank[0]
