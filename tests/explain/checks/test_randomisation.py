import pytest
import torch

from tests.explain.checks.planted import assert_same, edges, gradients, nothing, state
from transferlab.explain.checks.randomisation import SURVIVES, parameter_randomisation


def test_an_edge_detector_survives_and_gradients_do_not(trained):
    model, images = trained
    lie = parameter_randomisation(model, images, edges, seeds=(0,))
    assert lie.survives
    assert lie.deaf_above
    assert [step.similarity.mean for step in lie.steps] == pytest.approx([1.0] * 6)
    assert [step.ssim.mean for step in lie.steps] == pytest.approx([1.0] * 6)
    honest = parameter_randomisation(model, images, gradients)
    assert honest.survives is False
    assert honest.steps[-1].similarity.mean < SURVIVES / 2
    assert [step.stage for step in honest.steps] == ["fc", "layer4", "layer3", "layer2", "layer1", "conv1"]


@pytest.mark.parametrize("method", ["grad_cam", "integrated_gradients"])
def test_the_methods_of_explain_go_with_the_weights(trained, method):
    model, images = trained
    result = parameter_randomisation(model, images, method, seeds=(0, 1), every_stage=False)
    assert [step.stage for step in result.steps] == ["layer3", "conv1"]
    assert not result.survives


def test_signs_from_the_model_on_an_outline_from_the_picture(trained):
    model, images = trained

    def gradient_times_edges(model, images, targets):
        return edges(model, images, targets) * gradients(model, images, targets).sign()

    result = parameter_randomisation(model, images, gradient_times_edges, seeds=(0,))
    assert not result.survives
    assert result.outline_survives


def test_blank_maps_are_counted_and_are_no_similarity(trained):
    model, images = trained
    result = parameter_randomisation(model, images, nothing, seeds=(0,))
    assert (result.num_blank, result.survives, result.steps[-1].similarity) == (16, None, None)

    def blank_without_training(inside, images, targets):
        trained_weights = torch.equal(inside.fc.weight, model.fc.weight)
        return edges(inside, images, targets) * (1.0 if trained_weights else 0.0)

    result = parameter_randomisation(model, images, blank_without_training, seeds=(0, 1))
    assert (result.num_blank, result.steps[0].num_pairs, result.steps[0].num_blank) == (0, 0, 32)
    assert result.survives is None


def test_the_model_stays_as_it_is_after_an_error_too(trained):
    model, images = trained
    model.train()
    before = state(model)
    first = parameter_randomisation(model, images, gradients, seeds=(0,), every_stage=False)
    again = parameter_randomisation(model, images, gradients, seeds=(0,), every_stage=False)
    assert torch.equal(first.steps[-1].maps, again.steps[-1].maps)
    assert first.steps[-1].similarity == again.steps[-1].similarity
    with pytest.raises(ZeroDivisionError):
        parameter_randomisation(model, images, lambda model, images, targets: 1 / 0)
    assert_same(before, state(model))
    model.eval()


def test_bad_input_is_said(trained):
    model, images = trained
    with pytest.raises(ValueError, match="two or more"):
        parameter_randomisation(model, images.subset([0]), edges)
    with pytest.raises(ValueError, match="at least once"):
        parameter_randomisation(model, images, edges, seeds=())
    with pytest.raises(ValueError, match="No method 'grad_cma'"):
        parameter_randomisation(model, images, "grad_cma")
