import copy

import pytest
import torch

from tests.lab.conftest import small_network
from tests.lab.looks.test_pictures import read
from transferlab.explain.attribution import explain
from transferlab.heads import replace_head
from transferlab.inference import predict
from transferlab.lab.looks.look_attributions import TRUTH, AttributionLook
from transferlab.lab.looks.pictures import overlay


@pytest.fixture
def pair():
    before = small_network()
    after = copy.deepcopy(before)
    replace_head(after, 2, seed=1)
    return before, after


def test_answers_and_maps_are_the_models_own(pair, two_colours):
    before, after = pair
    look = AttributionLook(before, two_colours.held_out, count=2)
    frame = look(after)
    chosen = two_colours.held_out.subset([0, 1])
    sure, answer = predict(after, chosen).softmax(1).max(1)
    maps = explain(after, chosen).maps
    for i, facts in enumerate(frame.facts["images"]):
        assert facts["truth"] == ("red", "blue")[i]
        assert facts["predicted"] == ("red", "blue")[answer[i]]
        assert facts["right"] is bool(answer[i] == i)
        assert facts["probability"] == pytest.approx(sure[i].item(), abs=1e-5)
        assert torch.equal(read(frame.pictures[str(i)]), overlay(chosen.images[i], maps[i]))
    assert frame.facts["stage"] == explain(after, chosen).stage


def test_before_training_the_model_has_its_own_words(pair, two_colours):
    look = AttributionLook(pair[0], two_colours.held_out, count=2)
    start = look.before()
    assert {facts["predicted"] for facts in start.facts["images"]} <= {f"class {i}" for i in range(5)}
    assert torch.equal(read(start.pictures["image 1"]), two_colours.held_out.images[1])
    assert look.before() is start  # once


def test_random_weights_begin_with_the_images_classes(two_colours):
    look = AttributionLook(small_network(2), two_colours.held_out, count=2, same_classes=True)
    assert {facts["predicted"] for facts in look.before().facts["images"]} <= {"red", "blue"}


def test_the_class_that_is_explained_can_be_chosen(pair, two_colours):
    before, after = pair
    explained = {}
    for target in (TRUTH, "blue"):
        look = AttributionLook(before, two_colours.held_out, target=target, count=2)
        explained[target] = [one["explained"] for one in look(after).facts["images"]]
    assert explained == {TRUTH: ["red", "blue"], "blue": ["blue", "blue"]}


def test_methods_with_a_sign_say_so_and_those_of_pixels_have_no_stage(pair, two_colours):
    before, after = pair
    for method, signed in (("saliency", False), ("occlusion", True), ("layer_conductance", True)):
        look = AttributionLook(before, two_colours.held_out, method, stage="layer2", count=1)
        facts = look(after).facts
        assert facts["signed"] is signed
        assert facts["stage"] == ("layer2" if method == "layer_conductance" else None)


def test_the_model_stays_as_it_is(pair, two_colours):
    before, after = pair
    after.train()
    state = copy.deepcopy(after.state_dict())
    AttributionLook(before, two_colours.held_out)(after)
    assert after.training
    assert all(torch.equal(value, state[name]) for name, value in after.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in after.modules())


def test_what_does_not_exist_is_named(pair, two_colours):
    with pytest.raises(ValueError, match="Did you mean 'grad_cam'"):
        AttributionLook(pair[0], two_colours.held_out, method="grad_cm")
    with pytest.raises(ValueError, match="Did you mean 'blue'"):
        AttributionLook(pair[0], two_colours.held_out, target="bleu")
