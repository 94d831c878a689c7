"""The canvas: shapes by hand, stamps against brute force, noise that is noise, light as geometry has it."""

import math

import pytest
import torch

from transferlab.data.worlds.fields import Canvas, box, circle, ellipse, mix, paint, segment, turn


def blank(count=2, size=32, seed=0):
    return Canvas(count, size, torch.Generator().manual_seed(seed))


def test_a_picture_is_the_square_from_minus_one_to_one():
    canvas = blank(size=4)
    line = torch.tensor([-0.75, -0.25, 0.25, 0.75])
    assert canvas.pixel == 0.5
    assert torch.equal(canvas.x, line.expand(4, 4)[None])  # x to the right
    assert torch.equal(canvas.y, line[:, None].expand(4, 4)[None])  # y downwards
    assert torch.equal(canvas.across + 0 * canvas.down, canvas.x)
    assert torch.equal(canvas.down + 0 * canvas.across, canvas.y)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (circle(torch.tensor(3.0), torch.tensor(4.0), 2.0), 3.0),
        (circle(torch.tensor(0.0), torch.tensor(0.5), 2.0), -1.5),
        (box(torch.tensor(1.5), torch.tensor(0.2), 1.0, 1.0), 0.5),
        (box(torch.tensor(0.0), torch.tensor(0.9), 1.0, 1.0), -0.1),
        (ellipse(torch.tensor(2.0), torch.tensor(0.0), 2.0, 1.0), 0.0),
        (ellipse(torch.tensor(0.0), torch.tensor(-1.0), 2.0, 1.0), 0.0),
        (ellipse(torch.tensor(0.3), torch.tensor(0.4), 1.0, 1.0), -0.5),  # a circle after all
    ],
)
def test_signed_distances_by_hand(distance, expected):
    assert float(distance) == pytest.approx(expected, abs=1e-3)


def test_shapes_leave_their_arguments_alone():
    x, y = torch.tensor([0.3, -0.2]), torch.tensor([0.1, 0.4])
    ends = (torch.zeros(()), torch.zeros(())), (torch.ones(()), torch.zeros(()))
    for shape in (
        lambda: circle(x, y, 0.5),
        lambda: ellipse(x, y, 0.5, 0.2),
        lambda: box(x, y, 1, 1),
        lambda: segment(x, y, *ends),
    ):
        shape()
        assert torch.equal(x, torch.tensor([0.3, -0.2]))
        assert torch.equal(y, torch.tensor([0.1, 0.4]))


def test_a_shape_of_one_row_and_one_column_is_that_of_whole_planes():
    canvas = blank()
    for shape in (circle, ellipse, box):
        size = (0.5,) if shape is circle else (0.5, 0.3)
        thin = shape(canvas.across - 0.1, canvas.down + 0.2, *size)
        assert torch.allclose(thin, shape(canvas.x - 0.1, canvas.y + 0.2, *size), atol=1e-6)


def test_turning_by_a_quarter_makes_y_the_new_x():
    along, across = turn(torch.tensor(2.0), torch.tensor(3.0), torch.tensor(math.pi / 2))
    assert (float(along), float(across)) == pytest.approx((3.0, -2.0), abs=1e-5)
    back = turn(along, across, torch.tensor(-math.pi / 2))
    assert [float(value) for value in back] == pytest.approx([2.0, 3.0], abs=1e-5)


@pytest.mark.parametrize(
    ("point", "distance", "share"),
    [((1.0, 2.0), 2.0, 0.25), ((-3.0, 4.0), 5.0, 0.0), ((4.0, 0.0), 0.0, 1.0), ((7.0, 4.0), 5.0, 1.0)],
)
def test_the_distance_to_a_segment_and_the_place_along_it(point, distance, share):
    ends = [(torch.tensor(x), torch.tensor(0.0)) for x in (0.0, 4.0)]
    found = segment(torch.tensor(point[0]), torch.tensor(point[1]), *ends)
    assert [float(value) for value in found] == pytest.approx([distance, share], abs=1e-5)


def test_mix_lays_one_colour_over_another():
    below = torch.zeros(1, 3, 2, 2)
    cover = torch.tensor([[[0.0, 0.25], [0.5, 1.0]]])
    flat = mix(below, torch.tensor([[0.2, 0.4, 0.8]]), cover)
    assert torch.allclose(flat[0, :, 1, 0], torch.tensor([0.1, 0.2, 0.4]))
    assert torch.allclose(flat[0, 2], 0.8 * cover[0])
    whole = mix(below, torch.tensor([0.2, 0.4, 0.8]).view(1, 3, 1, 1).expand(1, 3, 2, 2), cover)
    assert torch.equal(flat, whole)
    assert (below == 0).all()


def test_an_edge_covers_half_a_pixel_and_a_soft_one_goes_further():
    canvas = blank(size=20)  # a pixel is 0.1 wide
    distance = torch.tensor([-0.06, -0.025, 0.0, 0.025, 0.06])
    assert torch.allclose(canvas.cover(distance), torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0]), atol=1e-6)
    assert torch.allclose(canvas.cover(distance, soft=0.1), torch.tensor([0.8, 0.625, 0.5, 0.375, 0.2]), atol=1e-6)
    assert float(distance[0]) == pytest.approx(-0.06)  # not written to


def test_covers_add_up_to_the_area():
    canvas = blank(size=64)
    area = canvas.cover(circle(canvas.x, canvas.y, 0.6)).sum() * canvas.pixel**2
    assert float(area) == pytest.approx(math.pi * 0.36, rel=0.005)


def test_blur_keeps_a_constant_and_the_sum_of_a_dot():
    canvas = blank(1)
    assert torch.allclose(canvas.blur(torch.full((1, 32, 32), 0.7), 0.1), torch.tensor(0.7), atol=1e-5)
    dot = torch.zeros(1, 32, 32)
    dot[0, 16, 10] = 1.0
    soft = canvas.blur(dot, 0.1)
    assert float(soft.sum()) == pytest.approx(1.0, abs=1e-4)
    assert soft.flatten().argmax() == 16 * 32 + 10
    spread = ((soft[0].sum(0) * (torch.arange(32) - 10) ** 2).sum()) ** 0.5 * canvas.pixel
    assert float(spread) == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize(("cells", "down", "octaves"), [(3, None, 1), (12, None, 1), (4, 20, 1), (4, None, 3)])
def test_noise_has_mean_zero_and_a_spread_of_one(cells, down, octaves):
    planes = blank(400).noise(cells, down, octaves)
    assert planes.shape == (400, 32, 32)
    assert abs(float(planes.mean())) < 0.05
    assert float(planes.std()) == pytest.approx(1.0, abs=0.08)
    # As strong at the border as in the middle, for each picture's pixels come from the same weights.
    assert float(planes[:, 0].std()) == pytest.approx(float(planes[:, 16].std()), rel=0.3)


def test_noise_is_as_fine_as_asked_in_each_direction():
    planes = blank(100).noise(2, 16)
    assert planes.diff(dim=1).abs().mean() > 4 * planes.diff(dim=2).abs().mean()  # few bumps across, many down
    rough, smooth = blank(100).noise(3, octaves=3), blank(100).noise(3)
    assert rough.diff(dim=2).abs().mean() > 1.3 * smooth.diff(dim=2).abs().mean()


def test_grain_is_normal_and_independent_from_pixel_to_pixel():
    grain = blank(50, 33).grain()
    assert grain.shape == (50, 33, 33)
    assert float(grain.mean()) == pytest.approx(0, abs=0.02)
    assert float(grain.std()) == pytest.approx(1, abs=0.02)
    assert float((grain.abs() < 1).float().mean()) == pytest.approx(0.683, abs=0.01)
    assert float((grain > 2).float().mean()) == pytest.approx(0.0228, abs=0.005)
    for beside in (
        (grain[..., 1:] * grain[..., :-1]).mean(),
        (grain[:, 1:] * grain[:, :-1]).mean(),
        (grain[1:] * grain[:-1]).mean(),
    ):
        assert abs(float(beside)) < 0.02


def test_specks_lie_on_the_share_of_pixels_asked_for():
    specks = blank(200).specks(0.01)  # 10 of 1024
    assert set(specks.unique().tolist()) == {0.0, 1.0}
    assert float(specks.mean()) == pytest.approx(0.01, rel=0.05)
    assert (specks.mean(0) < 0.1).all()  # anywhere
    assert specks[:, 16:].mean() == pytest.approx(float(specks[:, :16].mean()), rel=0.15)


def test_a_plane_is_lit_the_same_everywhere_and_as_geometry_says():
    canvas, sun = blank(1), torch.tensor([[[0.0]]])  # light from the right
    falling = canvas.light(-0.75 * canvas.x, sun)  # the slope faces the light: 0.75 / √(1 + 0.75²) = 0.6
    assert torch.allclose(falling, torch.tensor(0.6), atol=1e-3)
    assert torch.allclose(canvas.light(0.75 * canvas.x, sun), torch.tensor(-0.6), atol=1e-3)
    assert torch.allclose(canvas.light(-0.75 * canvas.y, sun), torch.tensor(0.0), atol=1e-3)
    assert torch.allclose(canvas.light(-0.75 * canvas.y, sun + math.pi / 2), torch.tensor(0.6), atol=1e-3)
    assert torch.allclose(canvas.light(-0.25 * canvas.x, sun, strength=3), torch.tensor(0.6), atol=1e-3)


def test_sampling_reads_at_the_coordinates_and_mirrors_beyond():
    canvas = blank(1)
    plane = canvas.noise(4)[:1]
    assert torch.allclose(canvas.sample(plane, canvas.x, canvas.y), plane, atol=1e-5)
    moved = canvas.sample(plane, canvas.x + 2 * canvas.pixel, canvas.y)
    assert torch.allclose(moved[..., :-2], plane[..., 2:], atol=1e-4)
    assert torch.allclose(moved[..., -2:], plane[..., -2:].flip(2), atol=1e-4)


def brute_force(canvas, x, y, shape):
    """Distances of every stamp at every pixel, `(N, K, H, W)`."""
    return shape(canvas.x - x[..., None, None], canvas.y - y[..., None, None])


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("size", [16, 33])
def test_stamps_agree_with_brute_force_within_their_reach(each, size):
    canvas = blank(3, size)
    x, y = canvas.uniform(-1.3, 1.3, 6), canvas.uniform(-1.3, 1.3, 6)
    x[:, 0] = 9.0  # absent
    radius = canvas.uniform(0.1, 0.3, 6)
    true = brute_force(canvas, x, y, lambda dx, dy: circle(dx, dy, radius[..., None, None]))
    nearest, owner = true.min(1)
    if each:
        found = canvas.stamp(x, y, 0.4, circle, radius)
    else:
        found = canvas.stamp(x, y, 0.4, lambda dx, dy: circle(dx, dy, radius[..., None, None]))
    near = nearest < 0.05  # certainly within reach of 0.4, as no radius exceeds 0.3
    assert near.float().mean() > 0.05
    assert torch.allclose(found.distance[near], nearest[near], atol=1e-5)
    assert torch.equal(found.owner[near], owner[near])
    assert torch.equal(found.pick(radius)[near], radius.gather(1, owner.flatten(1)).view(owner.shape)[near])
    assert (found.distance[~near] > 0.04).all()
    assert (nearest > 0.8).any()
    assert (found.distance[nearest > 0.8] > 1.999).all()  # beyond the reach, corners included, nobody is near


@pytest.mark.parametrize("each", [False, True])
def test_borders_also_tell_the_second_distance(each):
    canvas = blank(2)
    x, y = canvas.scatter(torch.full((2, 1, 1), 0.4), 0.3, 9)
    true = brute_force(canvas, x, y, lambda dx, dy: circle(dx, dy, 0.0)).sort(1).values
    if each:
        found, second = canvas.borders(x, y, 0.8, circle, torch.zeros_like(x))
    else:
        found, second = canvas.borders(x, y, 0.8, lambda dx, dy: circle(dx, dy, 0.0))
    assert torch.allclose(found.distance, true[:, 0], atol=1e-5)
    assert torch.allclose(second, true[:, 1], atol=1e-5)


def test_cells_find_the_nearest_centre_as_brute_force_does():
    canvas = blank(8)
    x, y, nearest, second = canvas.cells(canvas.uniform(0.3, 0.5), 0.3, 11)
    true, owner = brute_force(canvas, x, y, lambda dx, dy: circle(dx, dy, 0.0)).sort(1)
    assert torch.allclose(nearest.distance, true[:, 0], atol=2e-3)
    assert (nearest.owner == owner[:, 0]).float().mean() > 0.999  # the rest lie on a border
    # The second may hide two places away where the jitter is strong, and is then too far; never too near.
    assert (second > true[:, 1] - 2e-3).all()
    assert ((second - true[:, 1]).abs() < 2e-3).float().mean() > 0.99


def test_a_scatter_is_as_dense_as_its_spacing():
    canvas = blank(20)
    x, y = canvas.scatter(torch.full((20, 1, 1), 0.25), 0.3, 15)
    inside = (x.abs() < 1) & (y.abs() < 1)
    assert float(inside.sum(1).float().mean()) == pytest.approx(4 / 0.25**2, rel=0.05)
    gaps = torch.cdist(torch.stack([x, y], 2), torch.stack([x, y], 2)) + 9 * torch.eye(225)
    assert gaps.min() >= 0.25 * (1 - 2 * 0.3) - 1e-5  # two jitters towards each other at most


def test_numbers_stay_within_their_bounds_and_shares():
    canvas = blank(4000, 16)
    numbers = canvas.uniform(0.2, 0.6)
    assert numbers.shape == (4000, 1, 1)
    assert numbers.min() >= 0.2
    assert numbers.max() < 0.6
    assert float(numbers.mean()) == pytest.approx(0.4, abs=0.01)
    assert float(canvas.chance(0.3, 2).mean()) == pytest.approx(0.3, abs=0.03)
    rows = canvas.choose([(1.0, 2.0), (3.0, 4.0)], 5)
    assert rows.shape == (4000, 5, 2)
    assert {tuple(row) for row in rows.flatten(0, 1).tolist()} == {(1.0, 2.0), (3.0, 4.0)}


def half(colour):
    """A painter whose left half is evidence; its colours tell the class, and how many are drawn at once."""

    def painter(canvas):
        evidence = (canvas.x < 0).float().expand(canvas.count, -1, -1)
        return torch.full((canvas.count, 3, canvas.size, canvas.size), colour), evidence

    return painter


def test_paint_gives_each_label_its_painter_in_the_order_of_the_labels():
    labels = torch.tensor([2, 0, 1, 0] * 20)
    painters = {"dark": half(-0.5), "middle": half(0.5), "bright": half(1.5)}
    images, masks = paint(painters, labels, torch.Generator().manual_seed(0), 16)
    values = torch.tensor([0, 128, 255], dtype=torch.uint8)  # clamped, and rounded to the nearest
    assert torch.equal(images, values[labels].view(-1, 1, 1, 1).expand(-1, 3, 16, 16))
    assert masks[..., :8].all()
    assert not masks[..., 8:].any()


def test_paint_refuses_what_it_cannot_draw():
    generator = torch.Generator()
    with pytest.raises(ValueError, match=r"2(.|\n)*0 \(dark\)"):
        paint({"dark": half(0.0), "middle": half(0.5)}, torch.tensor([0, 2]), generator, 16)
    with pytest.raises(ValueError, match="at least 16 pixels"):
        paint({"dark": half(0.0)}, torch.tensor([0]), generator, 8)
