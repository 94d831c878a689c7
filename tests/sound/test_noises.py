"""Four noises: their power, and how it lies over frequencies and time."""

import pytest
import torch

from transferlab.sound.noises import NOISES, noise

RATE = 16_000


def made(name, count=8):
    kind = torch.full((count,), NOISES.index(name))
    return noise(kind, RATE, RATE, torch.Generator().manual_seed(0))


def power(sounds, low, high):
    """Between two frequencies, a hertz, over all sounds."""
    return torch.fft.rfft(sounds).abs().square()[:, low:high].mean().item()


@pytest.mark.parametrize("name", NOISES)
def test_each_has_power_one(name):
    torch.testing.assert_close(made(name).square().mean(1), torch.ones(8))


def test_white_is_even_and_pink_falls_by_three_decibels_an_octave():
    white, pink = made("white"), made("pink")
    assert power(white, 400, 800) == pytest.approx(power(white, 3_200, 6_400), rel=0.1)
    assert power(pink, 400, 800) / power(pink, 800, 1_600) == pytest.approx(2, rel=0.15)
    assert power(pink, 400, 800) / power(pink, 3_200, 6_400) == pytest.approx(8, rel=0.15)


def test_hum_is_at_multiples_of_fifty_hertz():
    found = torch.fft.rfft(made("hum")).abs()
    assert found.argmax(1).tolist() == [50] * 8
    at = torch.zeros(found.shape[1], dtype=torch.bool)
    at[50:601:50] = True
    assert found[:, at].square().sum() > 0.999 * found.square().sum()


def test_clicks_are_peaks_in_silence():
    def crest(name):
        sounds = made(name)
        return (sounds.abs().amax(1) / sounds.square().mean(1).sqrt()).mean().item()

    assert crest("clicks") > 1.5 * crest("white")
    assert (made("clicks").abs() < 0.05).float().mean() > 0.4
