import pytest
import torch
from torch import nn

from tests.museum.nets import tiny
from transferlab.museum.asking import ask, has_modes

IMAGES = torch.arange(4 * 3 * 8 * 8, dtype=torch.uint8).view(4, 3, 8, 8)


def test_what_the_model_sees_and_in_which_mode_is_watched():
    model = tiny().eval()

    def predict(images):
        return torch.cat([model(part.float() / 255) for part in images.split(3)])

    asked = ask(model, predict, IMAGES)
    assert torch.equal(asked.inputs, IMAGES.float() / 255)
    assert asked.in_train_mode == ()
    assert asked.reached
    assert asked.outputs.shape == (4, 2)
    assert torch.equal(asked.classes, predict(IMAGES).argmax(1))
    model[1].train()
    assert ask(model, predict, IMAGES).in_train_mode == ("1",)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_the_hooks_are_gone_after_an_error():
    model = tiny()

    def predict(images):
        model(images.float())
        raise KeyError("fc")

    with pytest.raises(ValueError, match="Your predict raised KeyError: 'fc'"):
        ask(model, predict, IMAGES)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_classes_will_do_and_a_model_that_was_not_asked_is_known():
    asked = ask(tiny(), lambda images: torch.zeros(len(images), dtype=torch.long), IMAGES)
    assert asked.classes.tolist() == [0, 0, 0, 0]
    assert asked.inputs is None
    assert not asked.reached


def test_two_views_of_an_image_are_not_taken_for_two_images():
    model = tiny().eval()
    views = ask(model, lambda images: model(images.float()) + model(images.flip(3).float()), IMAGES)
    assert views.inputs is None
    assert views.reached


@pytest.mark.parametrize("answer", [[1, 2, 3, 4], torch.zeros(3, 2), torch.zeros(4, 2, 2)])
def test_answers_of_another_form_are_refused(answer):
    with pytest.raises(ValueError, match=r"for 4 images it gave"):
        ask(None, lambda images: answer, IMAGES)


def test_which_layers_have_modes():
    timm_layers = pytest.importorskip("timm.layers")
    assert [has_modes(layer) for layer in (nn.BatchNorm2d(2), nn.Dropout(0.1), timm_layers.DropPath(0.1))] == [True] * 3
    assert [has_modes(layer) for layer in (nn.Linear(2, 2), nn.Dropout(0.0), timm_layers.DropPath(0.0))] == [False] * 3
