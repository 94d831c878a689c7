"""Notes: their frequencies by Fourier transform, their partials and envelopes by hand."""

import pytest
import torch

from transferlab.sound.tones import BAR, INSTRUMENTS, VIBRATO, tone

RATE = 16_000


def note(name, hertz=440.0, seconds=1.0, seed=0, **knobs):
    kind = torch.tensor([INSTRUMENTS.index(name)])
    generator = torch.Generator().manual_seed(seed)
    return tone(torch.tensor([hertz]), kind, round(seconds * RATE), RATE, generator, **knobs)[0]


def strength(sound):
    """Of each frequency: 1 Hz a bin in a sound of one second."""
    return torch.fft.rfft(sound * torch.hann_window(len(sound))).abs()


@pytest.mark.parametrize("name", INSTRUMENTS)
@pytest.mark.parametrize("hertz", [220.0, 440.0, 466.16])
def test_the_lowest_partial_is_at_the_note(name, hertz):
    found = strength(note(name, hertz))
    near = found[: round(hertz * 1.5)]  # below the second partial
    assert abs(near.argmax().item() - hertz) <= 1


@pytest.mark.parametrize("name", ["plucked", "bowed"])
def test_strings_have_whole_multiples(name):
    found = strength(note(name, 200.0))
    for k in range(1, 8):
        around = found[200 * k - 80 : 200 * k + 80]
        swing = VIBRATO * 200 * k if name == "bowed" else 0
        assert abs(around.argmax().item() - 80) <= swing + 1


def test_what_is_blown_has_mostly_odd_partials():
    found = strength(note("blown", 200.0))
    second, third, fourth, fifth = (found[200 * k - 3 : 200 * k + 4].max() for k in (2, 3, 4, 5))
    assert third > 2 * second  # by hand: 3^-1.2 = 0.27 to 0.25 · 2^-1.2 = 0.11
    assert fifth > 2 * fourth


def test_a_bar_has_no_whole_multiples():
    found = strength(note("struck", 300.0))
    for ratio in BAR[1:3]:
        low = round(300 * ratio) - 50
        assert abs(found[low : low + 100].argmax().item() + low - 300 * ratio) <= 3


def test_stiffness_pushes_partials_up_and_leaves_the_note():
    straight, stiff = (strength(note("plucked", 200.0, seed=3, stretch=one)) for one in (0.0, 0.002))
    assert straight[150:250].argmax() == stiff[150:250].argmax() == 50
    expected = 5 * ((1 + 0.002 * 25) / 1.002) ** 0.5 * 200  # 1,023.7 Hz
    assert abs(stiff[980:1080].argmax().item() + 980 - expected) <= 1


def test_struck_and_plucked_fade_while_bowed_and_blown_stay():
    def ratio(name):  # late to early
        sound = note(name, 300.0).square()
        return (sound[8_000:9_000].mean() / sound[3_000:4_000].mean()).item()

    assert ratio("struck") < 0.3
    assert ratio("plucked") < 0.3
    assert ratio("bowed") > 0.8
    assert ratio("blown") > 0.5


def test_nothing_lies_beyond_half_the_rate_and_nothing_is_infinite():
    sound = note("bowed", 1_000.0)
    assert sound.isfinite().all()
    assert strength(sound)[7_600:].max() < 1e-3 * strength(sound).max()
