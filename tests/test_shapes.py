"""Outlines by hand: distances at points where a ruler gives the answer."""

import math

import pytest
import torch

from transferlab.data.worlds.shapes import block, convex, disc, oval, ring, star, stroke, union


def at(shape, *points):
    """The distance at each point."""
    u, v = torch.tensor([p[0] for p in points]), torch.tensor([p[1] for p in points])
    return shape(u, v).tolist()


def test_a_polygon_is_measured_from_its_sides():
    square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    found = at(lambda u, v: convex(u, v, *square), (0.0, 0.0), (0.75, 0.0), (1.5, 0.0), (0.0, -3.0))
    assert found == pytest.approx([-1.0, -0.25, 0.5, 2.0], abs=1e-4)


def test_a_stroke_has_round_ends_and_joints():
    line = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]
    found = at(lambda u, v: stroke(u, v, *line, width=0.1), (0.5, 0.3), (-0.4, 0.0), (1.3, 0.5), (1.3, -0.4))
    assert found == pytest.approx([0.2, 0.3, 0.2, 0.4], abs=1e-4)


def test_a_stroke_tapers_to_its_tip():
    found = at(
        lambda u, v: stroke(u, v, (0.0, 0.0), (1.0, 0.0), width=0.2, tip=0.0), (0.0, 0.5), (0.5, 0.5), (1.0, 0.5)
    )
    assert found == pytest.approx([0.3, 0.4, 0.5], abs=1e-4)


def test_circles_and_rings():
    assert at(lambda u, v: disc(u, v, (1.0, 0.0), 0.5), (1.0, 0.0), (2.0, 0.0)) == pytest.approx([-0.5, 0.5])
    assert at(lambda u, v: ring(u, v, 1.0, 0.1), (0.0, 0.0), (1.0, 0.0), (0.0, 1.3)) == pytest.approx([0.9, -0.1, 0.2])


def test_a_rounded_box():
    found = at(lambda u, v: block(u, v, (0.0, 0.0), (1.0, 0.5), 0.1), (0.0, 0.0), (1.2, 0.0), (1.3, 0.8))
    corner = math.hypot(1.3 - 0.9, 0.8 - 0.4) - 0.1  # from the centre of the rounding
    assert found == pytest.approx([-0.5, 0.2, corner], abs=1e-5)


def test_an_oval_is_exact_on_its_outline_and_turns_by_its_angle():
    cos, sin = math.cos(0.5), math.sin(0.5)
    outline = [(0.6 * math.cos(t), 0.3 * math.sin(t)) for t in (0.0, 1.0, 2.0, 4.0)]
    points = [(0.2 + x * cos - y * sin, 0.1 + x * sin + y * cos) for x, y in outline]
    assert at(lambda u, v: oval(u, v, (0.2, 0.1), (0.6, 0.3), 0.5), *points) == pytest.approx([0.0] * 4, abs=1e-3)


def test_a_star_has_its_points_up_and_its_notches_between():
    tip, notch = (0.0, -1.0), (0.4 * math.sin(math.pi / 5), -0.4 * math.cos(math.pi / 5))
    found = at(lambda u, v: star(u, v, 5, 1.0, 0.4), tip, notch, (0.0, 0.0), (0.0, 0.9))
    assert found[:2] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert found[2] < 0 < found[3]  # below there is a notch


def test_a_union_is_the_nearer_shape_away_from_the_joint():
    far, near = torch.tensor([1.0, -0.5, 0.3]), torch.tensor([0.0, 0.5, 0.3])
    assert union(far, near, 0.1).tolist() == pytest.approx([0.0, -0.5, 0.3 - 0.1 / 4])
