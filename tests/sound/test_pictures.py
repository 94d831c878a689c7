"""Spectrograms as pictures: where a tone lies, how bright it is, what is independent of what."""

import pytest
import torch

import transferlab as tl
from transferlab.backbones.sound_networks.mel import mel_edges
from transferlab.data.sounds import SoundSet
from transferlab.sound import spectrograms, world
from transferlab.sound.pictures import LOW, colour_table, loudness


def tones(*hertz, seconds=1.0, level=0.5):
    time = torch.arange(round(seconds * 16_000)) / 16_000
    sounds = torch.stack([(2 * torch.pi * one * time).sin() * level * 32_767 for one in hertz]).to(torch.int16)
    return SoundSet(
        sounds,
        torch.arange(len(hertz)),
        tuple(f"{one:g} Hz" for one in hertz),
        name="tones",
        files=tuple(map(str, hertz)),
    )


@pytest.mark.parametrize("size", [64, 96, 224])
def test_a_tone_is_a_bright_line_at_its_height(size):
    for hertz in (440.0, 2_000.0):
        found = loudness(tones(hertz).samples, 16_000, size)[0]  # (size, size)
        assert found.max() > 0.95  # 1, where no more rows are made than there are filters
        centres = mel_edges(min(size, 96), LOW, 8_000)[1:-1]
        expected = (centres - hertz).abs().argmin().item() * size / len(centres)  # from the bottom
        assert size - 1 - found[:, size // 2].argmax().item() == pytest.approx(expected, abs=1 + size / 96)


def test_time_runs_to_the_right():
    late = tones(1_000.0).samples.clone()
    late[:, :8_000] = 0
    found = loudness(late, 16_000, 64)[0]
    assert found[:, :28].max() == 0
    assert found[:, 40].max() > 0.9


def test_how_loud_it_was_recorded_does_not_show_and_silence_is_black():
    loud, quiet = (loudness(tones(1_000.0, level=one).samples, 16_000, 64) for one in (0.9, 0.09))
    assert (loud - quiet).abs().mean() < 0.02  # rounding to whole numbers is a noise of its own
    silent = SoundSet(torch.zeros(1, 16_000, dtype=torch.int16), torch.tensor([0]), ("a",))
    assert spectrograms(silent, colours="grey").images.max() == 0


def test_twenty_decibels_are_a_third_of_the_range():
    time = torch.arange(16_000) / 16_000
    both = (2 * torch.pi * 500 * time).sin() + 0.1 * (2 * torch.pi * 3_000 * time).sin()
    found = loudness((both * 20_000).to(torch.int16)[None], 16_000, 64)[0, :, 32]
    low, high = found[32:].max(), found[:32].max()
    # the wider filter at 3,000 Hz takes in a share of the tone that is less by its width, as its area is 1
    width = mel_edges(64, LOW, 8_000).diff()
    centres = mel_edges(64, LOW, 8_000)[1:-1]
    widths = [width[(centres - hertz).abs().argmin()].item() for hertz in (500.0, 3_000.0)]
    expected = (20 + 10 * torch.tensor(widths[1] / widths[0]).log10().item()) / 60
    assert (low - high).item() == pytest.approx(expected, abs=0.05)


def test_each_picture_depends_on_its_own_sound_alone():
    data = world.target("vowel", 20, held_out_per_class=1).train
    assert torch.equal(spectrograms(data).images[70:72], spectrograms(data.subset([70, 71])).images)


def test_a_set_stays_a_set_and_splits_stay_splits():
    data = tones(300.0, 600.0)
    pictures = spectrograms(data, size=32)
    assert pictures.images.shape == (2, 3, 32, 32)
    assert pictures.labels.tolist() == [0, 1]
    assert (pictures.class_names, pictures.files) == (data.class_names, data.files)
    assert pictures.label_safe == ()
    both = spectrograms(world.target("timbre", 1, held_out_per_class=1))
    assert len(both.train) == len(both.held_out) == 4


def test_colours_rise_evenly_in_lightness():
    table = colour_table("magma").float()
    lightness = table @ torch.tensor([0.2126, 0.7152, 0.0722])
    assert (lightness.diff() >= -0.5).all()
    assert lightness[0] < 2
    grey = spectrograms(tones(300.0), colours="grey").images
    assert torch.equal(grey[:, 0], grey[:, 1])
    assert torch.equal(grey[:, 0], grey[:, 2])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"size": 8}, "from 16 to 512"), ({"size": 64.0}, "whole number"), ({"colours": "magna"}, "Did you mean 'magma'")],
)
def test_what_is_wrong_is_said(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        spectrograms(tones(300.0), **arguments)
    with pytest.raises(ValueError, match="you gave Tensor"):
        spectrograms(torch.zeros(1, 10))


def test_the_bundled_backbone_trains_on_them_and_mirrors_nothing():
    pictures = spectrograms(world.target("timbre", 12, snr=None, held_out_per_class=12))
    model = tl.load("bundled")
    tl.replace_head(model, 4, seed=0)
    run = tl.train(model, pictures, tl.feature_extraction(epochs=10), progress=False)
    assert run.phases[0].kept_at == "fc"
    assert run.accuracy > 0.4  # of 48 sounds; guessing among four classes gets there once in a hundred times
