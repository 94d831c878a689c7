"""Formants lie where Peterson and Barney measured them."""

import pytest
import torch

from transferlab.sound.vowels import FORMANTS, VOWELS, response, through_mouth

RATE = 16_000


def peaks(curve):
    return [i for i in range(1, len(curve) - 1) if curve[i - 1] < curve[i] >= curve[i + 1]]


@pytest.mark.parametrize("vowel", VOWELS)
@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_the_response_peaks_at_the_formants(vowel, scale):
    hertz = torch.arange(0, 5_000).float()
    found = response(torch.tensor([VOWELS.index(vowel)]), hertz, torch.tensor([scale]))[0].abs()
    expected = [one * scale for one in FORMANTS[vowel]]
    at = peaks(found.tolist())
    assert len(at) == 3
    assert at == pytest.approx(expected, abs=25)  # neighbours pull each other by a few hertz
    assert found[0].item() == pytest.approx(1)


@pytest.mark.parametrize("vowel", VOWELS)
def test_noise_through_a_mouth_is_loudest_at_the_first_formant(vowel):
    white = torch.randn(1, 10 * RATE, generator=torch.Generator().manual_seed(0))
    spoken = through_mouth(white, torch.tensor([VOWELS.index(vowel)]), RATE, torch.ones(1))[0]
    power = torch.fft.rfft(spoken).abs().square()[: 5_000 * 10].view(-1, 200).mean(1)  # 20 Hz a band
    assert power.argmax().item() * 20 == pytest.approx(FORMANTS[vowel][0], abs=60)


def test_the_filter_rings_on_and_never_backwards():
    click = torch.zeros(1, RATE)
    click[0, 8_000] = 1.0
    heard = through_mouth(click, torch.tensor([0]), RATE, torch.ones(1))[0]
    assert heard[:7_990].abs().max() < 0.01 * heard.abs().max()
    assert heard[8_100:8_400].abs().max() > 0.01 * heard.abs().max()
    at_the_end = torch.zeros(1, RATE)
    at_the_end[0, -1] = 1.0
    assert through_mouth(at_the_end, torch.tensor([0]), RATE, torch.ones(1))[0, :7_990].abs().max() < 0.01
