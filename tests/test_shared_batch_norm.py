import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.two_processes import on_two_processes
from transferlab.joining import join
from transferlab.many_processes import ALONE
from transferlab.shared_batch_norm import SharedBatchNorm

PARTS = (slice(0, 3), slice(3, 8))  # uneven, of a batch of 8


def layers():
    """Layers by name, each with the shape of its images; float64, so that a wrong formula cannot pass for rounding."""
    generator = torch.Generator().manual_seed(0)
    found = {
        "maps": (nn.BatchNorm2d(3), (8, 3, 4, 5)),
        "vectors": (nn.BatchNorm1d(6), (8, 6)),
        "without weights": (nn.BatchNorm2d(3, affine=False), (8, 3, 2, 2)),
        "without running statistics": (nn.BatchNorm2d(3, track_running_stats=False), (8, 3, 2, 2)),
        "cumulative": (nn.BatchNorm2d(3, momentum=None), (8, 3, 2, 2)),
        "in eval mode": (nn.BatchNorm2d(3).eval(), (8, 3, 2, 2)),
        "one after another": (
            nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4), nn.Flatten()),
            (8, 3, 2, 2),
        ),
    }
    for layer, shape in found.values():
        layer.double()
        for parameter in layer.parameters():
            nn.init.normal_(parameter, generator=generator)
        # A mean far from zero: sums of squares would lose the digits that matter.
        images = 1e4 + torch.arange(shape[1]).view(1, -1, *[1] * (len(shape) - 2)) * torch.randn(
            shape, dtype=torch.float64, generator=generator
        )
        wanted = torch.randn(layer(images).shape, dtype=torch.float64, generator=generator)
        yield layer, images, wanted


def through(layer, images, wanted):
    """Everything that a layer does to images and itself, forwards and backwards."""
    images = images.clone().requires_grad_()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    answers = layer(images)
    (answers * wanted).sum().backward()
    result = {
        "answers": answers.detach(),
        "image gradients": images.grad,
        "statistics": [value.clone() for value in layer.buffers()],
        "gradients": [parameter.grad for parameter in layer.parameters()],
    }
    layer.load_state_dict(before)
    return result


def shared():
    processes, results = join(), []
    for layer, images, wanted in layers():
        rows = PARTS[processes.rank]
        with SharedBatchNorm(processes):
            results.append(through(layer, images[rows], wanted[rows]))
    return results


def uncounted():
    """The second process has no image of the batch, and answers the first one for nothing."""
    processes = join()
    layer, images, wanted = next(layers())
    rows, weight = (slice(0, 8), 1) if processes.leads else (slice(0, 1), 0)
    with SharedBatchNorm(processes, counts=weight > 0):
        return through(layer, images[rows], wanted[rows] * weight)


def both():
    return shared(), uncounted()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return on_two_processes(both, tmp_path_factory.mktemp("two"))


def same(a, b):
    return all(torch.allclose(x, y, rtol=1e-7, atol=1e-9) for x, y in zip(a, b, strict=True))


def test_parts_of_a_batch_are_normalised_as_the_whole_is_by_torch(results):
    for (layer, images, wanted), first, second in zip(layers(), results[0][0], results[1][0], strict=True):
        whole = through(layer, images, wanted)
        for what in ("answers", "image gradients"):
            assert same([torch.cat([first[what], second[what]])], [whole[what]]), (layer, what)
        for one in (first, second):
            assert same(one["statistics"], whole["statistics"]), layer
        assert same([a + b for a, b in zip(first["gradients"], second["gradients"], strict=True)], whole["gradients"])


def test_who_has_no_image_counts_for_nothing(results):
    layer, images, wanted = next(layers())
    whole, (first, second) = through(layer, images, wanted), [result[1] for result in results]
    assert same([first["answers"], first["image gradients"]], [whole["answers"], whole["image gradients"]])
    assert same([second["answers"]], [whole["answers"][:1]])
    assert not second["image gradients"].any()
    assert same(second["statistics"], whole["statistics"])


def test_a_layer_stays_what_it_is_and_torchs_own_outside_of_the_block():
    layer, x = nn.BatchNorm2d(3), torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    names, function = list(layer.state_dict()), F.batch_norm
    with SharedBatchNorm(ALONE):
        inside = layer(x)
    assert type(layer) is nn.BatchNorm2d
    assert list(layer.state_dict()) == names
    assert F.batch_norm is function
    assert torch.allclose(inside, layer(x), atol=1e-5)
    assert "Native" in type(layer(x).grad_fn).__name__


def test_half_precision_comes_back_as_half_and_is_counted_in_single():
    x = 100 + torch.randn(64, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    layer = nn.BatchNorm2d(2, momentum=1.0)
    with SharedBatchNorm(ALONE):
        assert layer(x.bfloat16()).dtype == torch.bfloat16
    assert torch.allclose(layer.running_mean, x.bfloat16().float().mean((0, 2, 3)), rtol=1e-6)


def test_an_error_inside_the_block_leaves_nothing_behind():
    layer, x = nn.BatchNorm2d(3), torch.zeros(4, 3, 2, 2)
    with pytest.raises(KeyError), SharedBatchNorm(ALONE):
        raise KeyError
    assert "Native" in type(layer(x).grad_fn).__name__
