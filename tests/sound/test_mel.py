"""Mel filters and Whisper's spectrogram, against transformers' own."""

import numpy as np
import pytest
import torch

from transferlab.backbones.sound_networks.mel import LogMel, mel_edges, mel_filters, power_spectrum, to_hertz, to_mel

transformers = pytest.importorskip("transformers")


@pytest.mark.parametrize(("fft", "mels", "low", "high"), [(400, 80, 0.0, 8_000.0), (1_024, 64, 50.0, 8_000.0)])
def test_the_filters_are_those_of_transformers(fft, mels, low, high):
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(1 + fft // 2, mels, low, high, 16_000, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_filters(fft, mels, 16_000, low, high).numpy(), expected.T, atol=1e-7)


def test_mels_and_hertz_by_hand_and_back():
    assert to_mel(torch.tensor([0.0, 200.0, 1_000.0, 6_400.0])).tolist() == pytest.approx([0, 3, 15, 42])
    hertz = torch.linspace(0, 8_000, 50, dtype=torch.float64)
    torch.testing.assert_close(to_hertz(to_mel(hertz)), hertz)
    assert mel_edges(64, 50, 8_000)[[0, -1]].tolist() == pytest.approx([50, 8_000])


def test_a_tone_is_at_its_bin_and_its_moment():
    time = torch.arange(16_000) / 16_000
    tone = (2 * torch.pi * 1_000 * time).sin() * (time >= 0.5)
    power = power_spectrum(tone[None], 1_024, 250)[0]  # 15.625 Hz a bin, 64 frames a second
    assert power.shape == (513, 65)
    assert power[:, 48].argmax() == 64
    assert power[:, :30].max() < 1e-6 * power.max()


@pytest.mark.parametrize("seconds", [0.3, 1.0, 31.0])
def test_the_log_mel_is_that_of_transformers(seconds):
    extractor = transformers.WhisperFeatureExtractor()
    sound = np.random.default_rng(0).normal(size=(2, round(seconds * 16_000))).astype(np.float32) * 0.1
    expected = extractor(list(sound), sampling_rate=16_000, return_tensors="pt").input_features
    found = LogMel(count=480_000)(torch.from_numpy(sound))
    assert found.shape == expected.shape == (2, 80, 3_000)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_silence_is_even_and_no_error():
    assert LogMel(count=16_000)(torch.zeros(1, 16_000)).unique().tolist() == [-1.5]  # (log10(1e-10) + 4) / 4
