"""Resampling against scipy's polyphase filter, and what it must do to tones."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from transferlab.sound.resampling import needed, resample


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 44_099, 48_000, 96_000, 192_000])
def test_it_is_what_scipy_gives(rate):
    samples = torch.randn(rate // 4, generator=torch.Generator().manual_seed(rate))
    factor = math.gcd(rate, 16_000)
    expected = resample_poly(samples.double().numpy(), 16_000 // factor, rate // factor)
    found = resample(samples, rate, 16_000)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-6)


@pytest.mark.parametrize("rate", [11_025, 44_100, 48_000])
def test_the_first_samples_depend_on_no_more_than_is_said(rate):
    samples = torch.randn(rate, generator=torch.Generator().manual_seed(0))
    short = samples[: needed(1_000, rate, 16_000)]
    assert torch.equal(resample(short, rate, 16_000)[:1_000], resample(samples, rate, 16_000)[:1_000])


def test_a_tone_above_half_the_new_rate_is_gone_and_one_below_stays():
    time = torch.arange(48_000) / 48_000
    low, high = (math.tau * 1_000 * time).sin(), (math.tau * 11_000 * time).sin()  # 11 kHz would come back as 5 kHz
    kept, gone = (resample(one, 48_000, 16_000)[500:-500] for one in (low, high))
    assert kept.square().mean().sqrt() == pytest.approx(1 / math.sqrt(2), rel=0.01)
    assert 20 * math.log10(gone.square().mean().sqrt() * math.sqrt(2)) < -50


def test_the_same_rate_changes_nothing():
    samples = torch.randn(100)
    assert torch.equal(resample(samples, 16_000, 16_000), samples)
