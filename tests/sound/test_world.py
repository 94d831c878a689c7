"""The sound world: balanced, seeded, the same sound for every question, and every knob does what it says."""

import math

import pytest
import torch

from transferlab.sound import world


def samples(**knobs):
    return world.target(
        **{"task": "timbre", "per_class": 4, "seconds": 0.25, "held_out_per_class": 1, **knobs}
    ).train.samples.float()


@pytest.mark.parametrize("task", world.TASKS)
def test_every_class_is_there_equally_often(task):
    data = world.target(task, per_class=3, seconds=0.25, held_out_per_class=2)
    assert set(data.train.counts().values()) == {3}
    assert set(data.held_out.counts().values()) == {2}
    assert data.train.class_names == world.TASKS[task]
    assert data.train.size == (4_000,)
    assert data.train.label_safe == ()


def test_one_seed_gives_one_sequence_of_sounds_for_all_questions():
    pitch, vowel = (
        world.target(task, number, seconds=0.25, held_out_per_class=1).train
        for task, number in (("pitch", 3), ("vowel", 8))
    )
    assert torch.equal(pitch.samples, vowel.samples[:36])


def test_smaller_budgets_lie_within_larger_ones_and_held_out_sounds_stay():
    small, large = (world.target("timbre", number, seconds=0.25, held_out_per_class=2) for number in (3, 12))
    assert torch.equal(small.train.samples, large.train.samples[:12])
    assert torch.equal(small.train.labels, large.train.labels[:12])
    assert torch.equal(small.held_out.samples, large.held_out.samples)


def test_it_is_the_same_each_time_and_leaves_torchs_own_numbers_alone():
    state = torch.get_rng_state()
    assert torch.equal(samples(), samples())
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(samples(), samples(seed=1))
    training = world.target("timbre", 4, seconds=0.25, held_out_per_class=4)
    assert not torch.equal(training.train.samples, training.held_out.samples)


@pytest.mark.parametrize("snr", [0.0, 10.0, 30.0])
def test_the_noise_lies_as_far_below_the_sound_as_was_asked(snr):
    clean, noisy = samples(snr=None), samples(snr=snr)
    kept = noisy.abs().amax(1) < 0.94 * 32_767  # what would be clipped is quieter as a whole
    assert kept.float().mean() > 0.5
    found = 10 * (clean.square().mean(1) / (noisy - clean).square().mean(1)).log10()
    assert found[kept].tolist() == pytest.approx([snr] * int(kept.sum()), abs=0.1)


def test_no_sound_is_clipped_even_in_loud_noise():
    loud = samples(snr=-20.0)
    assert loud.abs().max() <= 0.951 * 32_767
    assert world.source(2).samples.abs().max() <= 0.951 * 32_767


def test_a_pitch_is_the_frequency_that_its_name_says():
    data = world.target("pitch", 2, snr=None, held_out_per_class=1).train
    spectra = torch.fft.rfft(data.samples.float() * torch.hann_window(16_000)).abs()  # 1 Hz a bin
    for label, spectrum in zip(data.labels.tolist(), spectra, strict=True):
        notes = [world.LOWEST_C * 2 ** (label / 12 + octave) for octave in range(2)]
        lowest = next(
            hertz
            for hertz in range(100, 520)
            if spectrum[hertz] == spectrum[hertz - 15 : hertz + 16].max() > 0.02 * spectrum.max()
        )
        assert min(abs(lowest / note - 1) for note in notes) < 0.02  # a semitone is 6 %


def test_a_is_four_hundred_and_forty_hertz():
    assert world.LOWEST_C * 2 ** (world.PITCHES.index("A") / 12 + 1) == pytest.approx(440)


def test_detuning_is_less_than_half_a_semitone_and_moves_sounds_step_by_step():
    assert world.OFF_TUNE < 0.5
    near, middle, far = (samples(snr=None, detune=one) for one in (0.0, 0.5, 1.0))

    def spectrum(sounds):
        power = torch.fft.rfft(sounds).abs().square()[:, :2_000].view(len(sounds), -1, 25).sum(2)
        return (power / power.sum(1, keepdim=True)).cumsum(1)

    def distance(one, other):  # of earth movers, over frequencies
        return (spectrum(one) - spectrum(other)).abs().sum(1).mean().item()

    assert 0 < distance(near, middle) < distance(near, far)


def test_a_room_leaves_something_behind_the_sound():
    def tail(sounds):
        return (sounds[:, 14_500:].square().mean(1) / sounds.square().mean(1)).median().item()

    assert tail(samples(snr=None, room=1.0, seconds=1)) > 10 * tail(samples(snr=None, seconds=1))


def test_the_source_world_has_thirteen_kinds_each_alone():
    data = world.source(per_class=2, seed=3)
    assert data.num_classes == 13 == len(world.KINDS)
    assert set(data.counts().values()) == {2}
    hum = data.samples[data.labels == world.KINDS.index("hum")].float()
    assert torch.fft.rfft(hum).abs().argmax(1).tolist() == [50, 50]
    assert torch.equal(data.samples[:10], world.source(per_class=4, seed=3).samples[:10])


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"task": "pitches"}, "Did you mean 'pitch'"),
        ({"per_class": 0}, "per_class is a whole number of at least 1"),
        ({"per_class": 1.5}, "per_class"),
        ({"seed": -1}, "seed is a whole number of at least 0"),
        ({"held_out_per_class": True}, "held_out_per_class"),
        ({"seconds": 0.1}, "seconds lies between"),
        ({"seconds": math.inf}, "seconds lies between"),
        ({"snr": "loud"}, "snr lies between"),
        ({"snr": math.nan}, "snr lies between"),
        ({"room": 1.1}, "room lies between 0 and 1"),
        ({"detune": -0.1}, "detune lies between 0 and 1"),
    ],
)
def test_a_knob_outside_its_range_is_refused(knobs, sentence):
    with pytest.raises(ValueError, match=sentence):
        world.target(**knobs)


def test_other_lengths():
    assert world.target("vowel", 1, seconds=0.25, held_out_per_class=1).train.size == (4_000,)
    assert world.target("vowel", 1, seconds=2, held_out_per_class=1).train.seconds == 2
