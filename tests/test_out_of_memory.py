"""A full GPU is played by a function that raises what torch raises; the sentences and the arithmetic are the same."""

import copy

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.feeding import Feed
from transferlab.inference import predict
from transferlab.out_of_memory import halved, in_parts
from transferlab.recipes import feature_extraction, fine_tuning
from transferlab.training import train


def fits(most, calls):
    def compute(part):
        calls.append(len(part))
        if len(part) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return part * 2

    return compute


def test_parts_are_halved_until_they_fit_and_the_answers_are_whole():
    calls, index = [], torch.arange(10)
    with pytest.warns(UserWarning, match="at once") as warned:
        answers = in_parts(fits(3, calls), index, 8, "cpu")
    assert torch.equal(torch.cat(answers), index * 2)
    assert calls == [8, 4, 2, 2, 2, 2, 2]
    assert [str(one.message).partition("; ")[2] for one in warned] == ["now 4 at once.", "now 2 at once."]


def test_a_single_image_that_does_not_fit_is_an_error_with_advice():
    with (
        pytest.warns(UserWarning, match="at once"),
        pytest.raises(ValueError, match=r"memory of cpu is full with 1 image at once\. Take smaller"),
    ):
        in_parts(fits(0, []), torch.arange(4), 4, "cpu")
    with pytest.raises(ValueError, match="full with 3 images"):
        halved(3, "cuda", smallest=2)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SmallResNet(2, width=8)


def test_training_goes_on_in_parts_with_the_same_gradient(network, two_colours, monkeypatch):
    twin = copy.deepcopy(network)
    recipe = fine_tuning(epochs=1, head_epochs=1, keep_features=False, batch_size=16)
    whole = train(network, two_colours, recipe, progress=False)
    answer, calls = Feed.train, []

    def short_of_memory(self, index, generator):
        calls.append(len(index))
        if len(index) > 8:
            torch.rand(3, generator=generator)  # drawn for a batch that failed: the next attempt must not notice
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return answer(self, index, generator)

    monkeypatch.setattr(Feed, "train", short_of_memory)
    with pytest.warns(UserWarning, match="full with 16 images at once; now 8 at once"):
        parts = train(twin, two_colours, recipe, progress=False)
    assert calls == ([16] + [8] * 4) * 2  # it stays with parts of 8 until the freeze line moves
    assert len(parts.epochs) == len(whole.epochs)


def test_without_augmentation_parts_give_the_weights_of_the_whole_batch(network, two_colours, monkeypatch):
    import dataclasses

    from transferlab.data.images import Splits

    data = Splits(dataclasses.replace(two_colours.train, label_safe=()), two_colours.held_out)
    twin = copy.deepcopy(network)
    recipe = feature_extraction(epochs=2, keep_features=False, batch_size=16)
    train(network, data, recipe, progress=False)
    answer = Feed.train

    def short_of_memory(self, index, generator):
        if len(index) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return answer(self, index, generator)

    monkeypatch.setattr(Feed, "train", short_of_memory)
    with pytest.warns(UserWarning, match="now 8 at once"):
        train(twin, data, recipe, progress=False)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(twin.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_a_batch_in_parts_goes_without_what_was_compiled(network, two_colours, monkeypatch):
    """The graph that one part runs through would write over the gradients of the part before it."""
    sizes = []

    class Quick:
        def __init__(self, device, wanted):
            self.wanted = wanted

        def __call__(self, answering):
            def answer(x):
                sizes.append(len(x))
                if len(x) > 8:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                return answering(x)

            return answer

    monkeypatch.setattr("transferlab.loop.Compiler", Quick)
    recipe = feature_extraction(epochs=2, keep_features=False, batch_size=16)
    with pytest.warns(UserWarning, match="now 8 at once"):
        run = train(network, two_colours, recipe, compile=True, progress=False)
    assert sizes == [16]
    assert len(run.epochs) == 3


def test_predictions_come_in_smaller_batches(network, two_colours):
    expected, forward = predict(network, two_colours.held_out), network.forward

    def short_of_memory(x):
        if len(x) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(x)

    network.forward = short_of_memory
    with pytest.warns(UserWarning, match="at once"):
        torch.testing.assert_close(predict(network, two_colours.held_out), expected)


def test_a_batch_of_which_not_even_two_images_fit_ends_the_run_with_advice(network, two_colours, monkeypatch):
    def full(self, index, generator):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Feed, "train", full)
    with pytest.warns(UserWarning, match="at once"), pytest.raises(ValueError, match="freeze more of it"):
        train(network, two_colours, feature_extraction(epochs=1), progress=False)
