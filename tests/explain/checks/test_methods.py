import pytest
import torch

from tests.explain.checks.planted import assert_same, edges, gradients, state
from transferlab.explain.attribution import explain
from transferlab.explain.checks.methods import check_method, is_blank, maps_of, name_of, prepared
from transferlab.inference import predict


def test_blank_is_what_is_the_same_everywhere():
    maps = torch.stack([torch.zeros(2, 2), torch.full((2, 2), 3.0), torch.eye(2), 1 + 1e-8 * torch.eye(2)])
    assert is_blank(maps).tolist() == [True, True, False, True]


def test_names_and_functions_give_maps_in_parts_of_any_size(trained):
    model, images = trained
    inside, pixels, targets = prepared(model, images)
    assert name_of(edges) == "edges"
    for method in ("saliency", gradients):
        whole = maps_of(method, inside, pixels, targets)
        assert torch.allclose(maps_of(method, inside, pixels, targets, batch_size=5), whole, atol=1e-6)
    assert torch.equal(maps_of("saliency", inside, pixels, targets), explain(model, images, method="saliency").maps)


def test_the_class_is_the_predicted_one_or_the_one_asked_for(trained):
    model, images = trained
    assert prepared(model, images, "right")[2].tolist() == [1] * 16
    assert torch.equal(prepared(model, images)[2], predict(model, images).argmax(1))


def test_a_planted_method_cannot_change_the_model_or_the_random_stream(trained):
    model, images = trained

    def vandal(model, images, targets):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        return torch.rand(len(images), 32, 32)

    before = state(model)
    inside, pixels, targets = prepared(model, images)
    first = maps_of(vandal, inside, pixels, targets)
    assert torch.equal(first, maps_of(vandal, inside, pixels, targets))
    assert_same(before, state(model))


def test_what_is_no_method_or_gives_no_maps_is_said(trained):
    model, images = trained
    with pytest.raises(ValueError, match="Did you mean 'grad_cam'"):
        check_method("gradcam")
    with pytest.raises(ValueError, match="A method is a name"):
        check_method(3)
    inside, pixels, targets = prepared(model, images)
    with pytest.raises(ValueError, match=r"maps of shape \(16, 32, 32\); it gave \(16, 3, 32, 32\)"):
        maps_of(lambda model, images, targets: images.float(), inside, pixels, targets)
    with pytest.raises(ValueError, match="NaN or infinite"):
        maps_of(lambda model, images, targets: images[:, 0] / 0.0, inside, pixels, targets)
    with pytest.raises(ValueError, match="uint8"):
        prepared(model, images.images.float())
