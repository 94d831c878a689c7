import io
import wave

import numpy as np
import pytest
import torch
from PIL import Image

from transferlab.data.labelled import Splits
from transferlab.data.sounds import SoundSet
from transferlab.lab.data.sound_player import find_sound, playable


def tones(count=4, seconds=1.0, files=()):
    time = torch.arange(round(seconds * 16_000)) / 16_000
    rows = torch.stack(
        [(8_000 * torch.sin(2 * torch.pi * 1_000 * (i + 1) * time)).to(torch.int16) for i in range(count)]
    )
    return SoundSet(rows, torch.arange(count) % 2, ("low", "high"), files=files)


def test_a_browser_gets_the_samples_themselves():
    sounds = tones()
    facts, (file, _) = playable(sounds, 2)
    with wave.open(io.BytesIO(file)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (16_000, 1, 2)
        assert np.array_equal(np.frombuffer(read.readframes(16_000), "<i2"), sounds.samples[2].numpy())
    assert len(file) == 44 + 32_000, "the page draws the wave from behind a header of 44 bytes"
    assert (facts["label"], facts["seconds"], facts["rate"]) == ("low", 1.0, 16_000)


def test_the_bright_line_lies_at_the_tones_own_tick():
    facts, (_, picture) = playable(tones(), 0)  # a tone of 1,000 Hz
    pixels = np.asarray(Image.open(io.BytesIO(picture))).astype(float).sum(2)
    height = 1 - (pixels.mean(1).argmax() + 0.5) / len(pixels)
    assert dict(map(tuple, facts["ticks"]))[1_000] == pytest.approx(height, abs=0.02)
    assert "loudest near 1,000 Hz" in facts["words"]


def test_sounds_are_found_as_edits_call_them():
    names = ("a.wav", "b.wav", "c.wav", "d.wav")
    splits = Splits(tones(files=names), tones(2))
    assert find_sound(splits, "train", "c.wav")[1] == 2
    assert find_sound(splits, "held_out", 1) == (splits.held_out, 1)


@pytest.mark.parametrize(
    ("part", "key", "sentence"),
    [
        ("train", 4, "no sound 4"), ("train", -1, "no sound -1"), ("train", True, "no sound True"),
        ("train", "x.wav", "no sound 'x.wav'"), ("test", 0, "No part 'test'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(part, key, sentence):
    with pytest.raises(ValueError, match=sentence):
        find_sound(Splits(tones(), tones(2)), part, key)


def test_pictures_cannot_be_heard_and_long_sounds_are_not_sent():
    with pytest.raises(ValueError, match="nothing to be heard"):
        find_sound(None, "train", 0)
    with pytest.raises(ValueError, match=r"up to 20 s, and these sounds have 21 s"):
        playable(tones(1, seconds=21.0), 0)
