"""Rooms: nothing outdoors, and a tail that falls by 60 dB in its time."""

import math

import pytest
import torch

from transferlab.sound.rooms import LONGEST, in_room

RATE = 16_000


def clicks(count=64):
    sound = torch.zeros(count, 2 * RATE)
    sound[:, 0] = 1.0
    return sound


def test_outdoors_nothing_comes_back():
    sound = clicks()
    assert in_room(sound, 0, RATE, torch.Generator()) is sound


@pytest.mark.parametrize("size", [0.5, 1.0])
def test_the_tail_falls_by_sixty_decibels_in_its_time(size):
    heard = in_room(clicks(), size, RATE, torch.Generator().manual_seed(0)).square().mean(0)
    seconds = size * LONGEST

    def level(share):
        at = round(share * seconds * RATE)
        return 10 * math.log10(heard[at - 400 : at + 400].mean())

    assert level(0.25) - level(0.75) == pytest.approx(30, abs=1)


def test_the_direct_sound_is_unchanged_and_the_walls_are_as_loud_as_the_size():
    heard = in_room(clicks(), 0.5, RATE, torch.Generator().manual_seed(0))
    torch.testing.assert_close(heard[:, 0], torch.ones(64), atol=1e-4, rtol=0)
    assert heard[:, 1:100].abs().max() < 1e-4  # the first echo takes 10 ms
    assert heard[:, 100:].square().sum(1).sqrt().tolist() == pytest.approx([0.5] * 64, abs=1e-3)
