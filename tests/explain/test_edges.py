import copy
import math

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.edge_noise import limits_of, noise_limits, smooth_noise, smoothness
from transferlab.explain.edges import filter_report, measure_kernels
from transferlab.explain.gabors import explained, gabors, largest_energy

GREY = torch.tensor([1.0, 1, 1]).view(3, 1, 1)
RED_GREEN = torch.tensor([1.0, -1, 0]).view(3, 1, 1)


def gabor(angle, frequency, phase, size=7, cycles=0.5, aspect=1.0):
    """Written anew: `angle` of the wave in degrees from upwards, so that 0 has flat stripes."""
    y, x = torch.meshgrid(*[torch.arange(size).float() - (size - 1) / 2] * 2, indexing="ij")
    a = math.radians(angle)
    along, across = y * math.cos(a) + x * math.sin(a), x * math.cos(a) - y * math.sin(a)
    width = cycles / frequency
    envelope = torch.exp(-(along**2 + (across / aspect) ** 2) / (2 * width**2))
    return envelope * torch.cos(2 * math.pi * frequency * along + phase)


@pytest.mark.parametrize("colour", [GREY, RED_GREEN])
@pytest.mark.parametrize(("angle", "phase"), [(0, 0.3), (33, 1.2), (90, -1.0), (140, 2.5)])
def test_a_gabor_is_edge_like_whatever_its_phase_colour_and_size(angle, phase, colour):
    kernel = 1e-3 * colour * gabor(angle, 0.24, phase) + 5 * colour  # a mean over space does not count
    measured = measure_kernels(kernel[None])
    assert measured.edge.item() > 0.8  # 0.24 lies half way between two frequencies of the grid
    assert measured.edge_like.item()
    off = abs(measured.orientation.item() - angle)
    assert min(off, 180 - off) <= 7.5 + 1e-3
    assert measured.fitted[0].flatten().dot((kernel - kernel.mean((1, 2), keepdim=True)).flatten()) > 0


def test_the_share_by_hand_of_a_kernel_that_is_half_gabor_and_half_something_else():
    atoms = gabors(7, 7)[0]
    pattern = atoms[500, 0]
    noise = torch.randn(3, 49, generator=torch.Generator().manual_seed(0)).double()
    noise -= noise.mean(1, keepdim=True)
    pair = atoms[500].double()
    noise -= noise @ pair.T @ pair  # nothing of it is in the plane of this atom
    noise /= noise.norm()
    red = torch.tensor([1.0, 0, 0]).double()[:, None]
    kernel = 0.8**0.5 * red * pattern.double() + 0.2**0.5 * noise
    share = explained(kernel.float().view(1, 3, 7, 7), atoms)[0]
    assert share.item() == pytest.approx(0.8, abs=0.05)  # a neighbour on the grid may take up some of the rest
    assert share.item() >= 0.8 - 1e-4
    only = explained(kernel.float().view(1, 3, 7, 7), atoms[500:501])
    assert only[0].item() == pytest.approx(0.8, abs=1e-4)
    torch.testing.assert_close(only[2][0].flatten(1), (0.8**0.5 * red * pattern.double()).float(), atol=1e-4, rtol=0)


def test_the_best_fit_is_that_of_a_search_with_least_squares():
    kernels = torch.randn(3, 3, 5, 5, generator=torch.Generator().manual_seed(2))
    atoms = gabors(5, 5)[0][::9]
    share = explained(kernels, atoms)[0]
    centred = (kernels - kernels.mean((2, 3), keepdim=True)).flatten(2)
    for kernel, found in zip(centred, share, strict=True):
        rests = []
        for pair in atoms:
            u, s, vh = torch.linalg.svd(kernel @ pair.T @ pair)  # the plane's part of it, and the best of rank 1
            rests.append((kernel - s[0] * u[:, :1] @ vh[:1]).square().sum())
        assert found.item() == pytest.approx(1 - (min(rests) / kernel.square().sum()).item(), abs=1e-4)


def test_largest_energy_is_the_square_of_the_first_singular_value():
    part = torch.randn(20, 3, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(largest_energy(part), torch.linalg.svdvals(part)[:, 0].square())


def test_atoms_are_orthonormal_pairs_without_a_mean():
    for size in (3, 7):
        atoms = gabors(size, size)[0].double()
        gram = torch.einsum("dqp,drp->dqr", atoms, atoms)
        lengths = gram.diagonal(dim1=1, dim2=2)
        assert ((lengths - 1).abs().lt(1e-5) | lengths.eq(0)).all()
        assert gram[:, 0, 1].abs().max() < 1e-4
        assert atoms.mean(2).abs().max() < 1e-6


@pytest.mark.parametrize("size", [3, 7])
@pytest.mark.parametrize("blur", [0.0, 0.6, 1.5])
def test_little_noise_is_edge_like_however_smooth_and_grey(size, blur):
    noise = smooth_noise(3 * 400, size, size, blur, seed=99).view(400, 3, size, size)
    grey = noise[:, :1].expand(-1, 3, -1, -1)
    for kernels in (noise, grey):  # measured on 3000 of each: 0 to 7 % at these sizes and blurs
        assert measure_kernels(kernels).share < 0.1


def test_a_blob_and_a_plain_colour_are_no_edges():
    y, x = torch.meshgrid(*[torch.arange(7).float() - 3] * 2, indexing="ij")
    blob = GREY * torch.exp(-(x**2 + y**2) / 4)
    plain = GREY * torch.ones(7, 7)
    measured = measure_kernels(torch.stack([blob, plain]))
    assert measured.edge_like.tolist() == [False, False]
    assert measured.blob[0].item() > 0.95
    assert measured.edge[1].item() == 0


def test_colour_opponency_by_hand():
    pattern = gabor(0, 0.2, 0.5)
    mixed = torch.tensor([1.0, 0, 0]).view(3, 1, 1)  # red lies 1/3 along the grey axis and 2/3 off it
    measured = measure_kernels(torch.stack([GREY * pattern, RED_GREEN * pattern, mixed * pattern]))
    torch.testing.assert_close(measured.opponency, torch.tensor([0.0, 1, 2 / 3]))


def test_dead_kernels_are_named_and_do_not_count():
    kernels = torch.stack(
        [GREY * gabor(20, 0.25, 0.0), 1e-4 * GREY * gabor(60, 0.25, 0.0), 0 * GREY * gabor(0, 0.2, 0)]
    )
    measured = measure_kernels(kernels)
    assert measured.dead.tolist() == [False, True, True]
    assert measured.share == 1.0
    assert measure_kernels(torch.zeros(2, 3, 5, 5)).share == 0.0
    model = SmallResNet(3, width=4)
    with torch.no_grad():
        model.conv1.weight[1:3] = 0
    report = filter_report(model, num_random=2)
    assert report.dead == (1, 2)
    assert "Dead, and left out above: 1, 2." in str(report)


def test_noise_is_as_smooth_as_its_blur_says():
    plain, smooth = (smoothness(smooth_noise(500, 9, 9, blur)).mean() for blur in (0.0, 1.0))
    assert plain.item() == pytest.approx(0, abs=0.05)
    assert smooth.item() > 0.6  # exp(-1/4) is 0.78 in an endless field; the mean that is taken off lowers it
    known, limits = noise_limits(7, 7)
    assert (known.diff() > 0).all()
    assert (limits[:, 1:] >= limits[:, :-1]).all()  # the greyer, the better one colour fits
    assert limits_of(smooth_noise(6, 7, 7, 0.0).view(2, 3, 7, 7)).shape == (2,)


def test_the_pretrained_backbone_has_at_least_three_times_the_edges_of_random_ones():
    """The claim of the house, with both ends of the intervals against it."""
    from transferlab.backbones import load

    report = filter_report(load("bundled"))
    assert report.ratio_at_least > 3
    assert report.random_share[0] < 0.05
    lines = str(report).splitlines()
    assert lines[0] == "'conv1': 32 kernels of 7×7, beside 10 random networks alike"
    assert lines[2].startswith("edge-like ")


def test_a_report_is_seeded_and_changes_nothing():
    model = SmallResNet(3, width=4).train()
    before, state = copy.deepcopy(model.state_dict()), torch.random.get_rng_state()
    one, same = filter_report(model, seed=3, num_random=2), filter_report(model, seed=3, num_random=2)
    assert str(one) == str(same)
    assert torch.equal(one.random_kernels, same.random_kernels)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_other_networks_are_reported_too():
    import timm

    report = filter_report(timm.create_model("test_resnet"), num_random=2)
    assert report.kernels.shape == report.random_kernels.shape


def test_bad_input():
    with pytest.raises(ValueError, match="1×1 have no direction"):
        measure_kernels(torch.ones(4, 3, 1, 1))
    with pytest.raises(ValueError, match="two random counterparts or more; you gave num_random=1"):
        filter_report(SmallResNet(3, width=4), num_random=1)
    with pytest.raises(ValueError, match="NaN"):
        measure_kernels(torch.full((1, 3, 3, 3), torch.nan))
