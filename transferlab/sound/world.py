"""The sound world: sounds made by seeded code, with true knobs, anywhere and without a network.

    sounds = world.target("timbre", per_class=20)                     # which instrument?
    sounds = world.target("vowel", per_class=20, snr=5, room=0.5)     # which vowel, in noise, in a room?
    sounds = world.source(per_class=20)                               # thirteen kinds of sound, each alone

A target's sound is a note of an instrument, heard through a mouth that forms a vowel, in a room, in noise: three
questions can be asked of it. One seed gives one sequence of sounds, and each question takes as many of it as it needs,
so that sound 17 is the same sound for all three. Left out: speech, melodies; see `sound_folder` for recordings.
"""

import torch
from torch import Generator, Tensor

from transferlab.data.labelled import Splits
from transferlab.data.sounds import RATE, SoundSet
from transferlab.data.worlds import stream
from transferlab.errors import unknown
from transferlab.sound.noises import NOISES, noise
from transferlab.sound.rooms import in_room
from transferlab.sound.tones import INSTRUMENTS, tone
from transferlab.sound.vowels import VOWELS, through_mouth

PITCHES = ("C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B")
LOWEST_C = 440.0 * 2 ** (-21 / 12)  # C3, 21 semitones below the A of 440 Hz
OCTAVES = 2  # that a note is drawn from, so that its class and not its height is asked for
TASKS: dict[str, tuple[str, ...]] = {"pitch": PITCHES, "timbre": INSTRUMENTS, "vowel": VOWELS}
KINDS = (*INSTRUMENTS, *(f"{noise} noise" if noise in ("white", "pink") else noise for noise in NOISES),
         *(f"vowel {vowel}" for vowel in VOWELS))  # fmt: skip
CHUNK = 32  # sounds made at once, always whole: a sound must not depend on how many others are asked for
LOUDNESS = (0.04, 0.1)  # root mean square of a sound without its noise, of full scale
HIGHEST_PEAK = 0.95
MOST_SECONDS = 10.0
# What `detune` does at 1: the tuning is off by up to 0.4 semitones, so that the nearest note is still the true one,
# formants lie a third higher, and partials spread as on a stiff string.
OFF_TUNE, HIGHER, STRETCH = 0.4, 0.33, 0.002


def source(per_class: int = 20, seed: int = 0, seconds: float = 1.0) -> SoundSet:
    """Thirteen kinds of sound, each alone: four instruments, four noises, five vowels.

        >>> source(per_class=20, seed=1)
        SoundSet('sound world', 260 sounds of 1 s at 16,000 Hz, 13 classes)

    Raises:
        ValueError: a number that makes no sense.
    """
    _check(per_class=per_class, seed=seed, seconds=seconds)
    number, count = per_class * len(KINDS), round(seconds * RATE)
    labels = _balanced(len(KINDS), number, stream("sound source/answers", seed))
    parts = []
    for chunk in range(-(-number // CHUNK)):
        kind = _rows(labels, chunk)
        generator = stream(f"sound source/{chunk}", seed)
        frequency = LOWEST_C * 2 ** (torch.rand(CHUNK, generator=generator) * OCTAVES)
        vowel = (kind - len(INSTRUMENTS) - len(NOISES)).clamp_min(0)
        spoken, noisy = kind >= len(INSTRUMENTS) + len(NOISES), (kind >= len(INSTRUMENTS)) & (kind < 8)
        instrument = torch.where(kind < len(INSTRUMENTS), kind, INSTRUMENTS.index("bowed"))  # a voice's is alike
        sound = tone(frequency, instrument, count, RATE, generator)
        voice = through_mouth(sound, vowel, RATE, torch.ones(CHUNK))
        hiss = noise((kind - len(INSTRUMENTS)).clamp(0, len(NOISES) - 1), count, RATE, generator)
        sound = torch.where(spoken[:, None], voice, torch.where(noisy[:, None], hiss, sound))
        parts.append(_stored(_of_loudness(sound, generator)))
    return SoundSet(torch.cat(parts)[:number], labels, KINDS, name="sound world")


def target(
    task: str = "timbre",
    per_class: int = 20,
    *,
    seed: int = 0,
    seconds: float = 1.0,
    snr: float | None = 30.0,
    room: float = 0.0,
    detune: float = 0.0,
    held_out_per_class: int = 25,
) -> Splits:
    """A task to transfer to: sounds to train on and sounds held out.

        >>> data = target("vowel", per_class=20, snr=5)
        >>> data.train
        SoundSet('vowel, 5 dB', 100 sounds of 1 s at 16,000 Hz, 5 classes: a 20, e 20, i 20, o 20, u 20)

    `task` is what is asked: "pitch" (12 classes, in any of two octaves), "timbre" (4 instruments) or "vowel" (5). `snr`
    is how far the noise lies below the sound, in dB (None: no noise; negative: above). `room`, 0…1, is how much the
    walls send back, `detune`, 0…1, how far instruments and mouths are from those of `detune=0`: the domain's distance.
    One seed gives the same sounds at every knob. Held-out sounds do not depend on `per_class`, and smaller budgets lie
    within larger ones.

    Raises:
        ValueError: an unknown task, or a knob outside its range.
    """
    if task not in TASKS:
        raise unknown("task", task, list(TASKS), "The questions are")
    _check(per_class=per_class, seed=seed, seconds=seconds, held_out_per_class=held_out_per_class)
    for knob, value in (("room", room), ("detune", detune)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{knob} lies between 0 and 1; you gave {value!r}.")
    if snr is not None and (isinstance(snr, bool) or not isinstance(snr, int | float) or not -20 <= snr <= 80):
        raise ValueError(f"snr lies between -20 and 80 dB, or is None for no noise; you gave {snr!r}.")
    title = ", ".join([
        task, *([] if snr is None else [f"{snr:g} dB"]), *([f"room {room:g}"] if room else []),
        *([f"detune {detune:g}"] if detune else []),
    ])  # fmt: skip
    train, held_out = (
        SoundSet(*_made(part, task, number, seed, round(seconds * RATE), snr, room, detune), TASKS[task], name=title)
        for part, number in (("train", per_class), ("held out", held_out_per_class))
    )
    return Splits(train, held_out)


def _made(
    part: str, task: str, per_class: int, seed: int, count: int, snr: float | None, room: float, detune: float
) -> tuple[Tensor, Tensor]:
    """Samples `(N, T)` and the answers to the task `(N,)`; each knob has random numbers of its own."""
    number = per_class * len(TASKS[task])
    answers = {
        one: _balanced(len(names), number, stream(f"sound {part}/{one}", seed)) for one, names in TASKS.items()
    }  # fmt: skip
    parts = []
    for chunk in range(-(-number // CHUNK)):
        pitch, instrument, vowel = (_rows(answers[one], chunk) for one in ("pitch", "timbre", "vowel"))
        notes, far, hiss, walls = (
            stream(f"sound {part}/{chunk}/{what}", seed) for what in ("notes", "detune", "noise", "room")
        )
        octave = torch.randint(OCTAVES, (CHUNK,), generator=notes)
        off = (torch.rand(CHUNK, generator=far) * 2 - 1) * OFF_TUNE * detune  # semitones
        frequency = LOWEST_C * 2 ** (octave + (pitch + off) / 12)
        sound = tone(frequency, instrument, count, RATE, notes, STRETCH * detune)
        body = 0.95 + 0.1 * torch.rand(CHUNK, generator=notes)  # no two mouths are alike
        sound = through_mouth(sound, vowel, RATE, body * (1 + HIGHER * detune))
        sound = _of_loudness(in_room(sound, room, RATE, walls), notes)
        if snr is not None:
            kind = torch.randint(len(NOISES), (CHUNK,), generator=hiss)
            level = sound.square().mean(1, keepdim=True).sqrt() * 10 ** (-snr / 20)
            sound = sound + level * noise(kind, count, RATE, hiss)
        parts.append(_stored(sound))
    return torch.cat(parts)[:number], answers[task]


def _balanced(num_classes: int, number: int, generator: Generator) -> Tensor:
    """`number` answers, each class once in every run of `num_classes`: a longer list begins with the shorter one."""
    runs = [torch.randperm(num_classes, generator=generator) for _ in range(-(-number // num_classes))]
    return torch.cat(runs)[:number]


def _rows(answers: Tensor, chunk: int) -> Tensor:
    """A chunk's answers; at the end a few more than there are, which are made and not kept."""
    return answers[torch.arange(chunk * CHUNK, (chunk + 1) * CHUNK).clamp_max(len(answers) - 1)]


def _of_loudness(sound: Tensor, generator: Generator) -> Tensor:
    low, high = LOUDNESS
    wanted = low + (high - low) * torch.rand(len(sound), 1, generator=generator)
    return sound * (wanted / sound.square().mean(1, keepdim=True).sqrt().clamp_min(1e-9))


def _stored(sound: Tensor) -> Tensor:
    """As int16; what would go beyond full scale is made quieter as a whole, with its noise."""
    sound = sound / (sound.abs().amax(1, keepdim=True) / HIGHEST_PEAK).clamp_min(1)
    return (sound * 32_767).round().to(torch.int16)


def _check(seconds: float, **numbers: int) -> None:
    for name, value in numbers.items():
        least = 0 if name == "seed" else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is a whole number of at least {least}; you gave {value!r}.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.25 <= seconds <= MOST_SECONDS:
        raise ValueError(f"seconds lies between 0.25 and {MOST_SECONDS:g}; you gave {seconds!r}.")


__all__ = ["INSTRUMENTS", "KINDS", "NOISES", "PITCHES", "TASKS", "VOWELS", "source", "target"]
