"""One sound file of any kind to one short row of int16 samples.

Files come from strangers: they are renamed, cut short, hours long, or made to do harm. What a file is, is told by its
first bytes and not by its name; rate, channels and width are checked before anything is unpacked, and no more is read
than the seconds that are wanted, from the beginning. Whatever a decoder raises becomes one sentence. WAV files of whole
numbers are read by Python's own `wave`; FLAC and WAV files of floats need soundfile (libsndfile), which comes with
`pip install "transferlab[audio]"`. Left out: MP3 and other lossy formats.
"""

import os
import stat
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from transferlab.data.sounds import RATE
from transferlab.sound.extra import needs
from transferlab.sound.resampling import needed, resample

EXTENSIONS = (".wav", ".flac")
RATES = (2_000, 384_000)  # samples a second: less holds no speech, more no recorder makes
MOST_CHANNELS = 32
MOST_SECONDS = 60.0  # of the result: 2 MB a sound
UNKNOWN_BYTES = 2**31 - 2**20  # from here on headers say that they were written before the sound was
CLIPPED_RUN = 3  # samples in a row at full scale: a single one may just be the highest
SILENT = 3  # of 32,768: less is no sound, only rounding


@dataclass(frozen=True)
class Decoded:
    """A sound as it is stored here, and what its file was like.

    `samples` is int16 `(T,)`; `rate` and `channels` are the file's, `seconds` its whole length, None where its header
    does not say. `clipped` is the share 0…1 of its samples that stand at full scale in a row.
    """

    samples: Tensor
    rate: int
    channels: int
    seconds: float | None
    clipped: float
    silent: bool


def decode_sound(path: str | Path, seconds: float = 1.0) -> Decoded:
    """The first `seconds` of a sound, one channel at 16,000 Hz, filled up with silence where it is shorter.

        >>> decode_sound("bell/1.wav", seconds=1.0).samples.shape
        torch.Size([16000])

    Channels are averaged. Raises ValueError with the reason, in one line, for whatever cannot be read: nothing else is
    ever raised.
    """
    try:
        with _opened(Path(path)) as file:
            raw = _read(file, seconds)
    except ValueError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # decoders raise anything on broken files: wave.Error, EOFError, LibsndfileError …
        told = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"broken ({told})" if not isinstance(error, OSError) else told.lower()) from None
    return _brought_to_form(raw, seconds)


@dataclass(frozen=True)
class _Raw:
    frames: np.ndarray  # floats (T, channels), within -1…1 save in files of floats
    rate: int
    total: int | None  # frames in the whole file, None where its header does not say
    bits: int  # a sample, as far as they matter: at most 16


def _opened(path: Path) -> BinaryIO:
    # Opened first and looked at afterwards: between a look and an opening a pipe could take the file's place.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("not a file but a pipe or device")
    if os.fstat(descriptor).st_size == 0:
        os.close(descriptor)
        raise ValueError("empty file")
    return open(descriptor, "rb")


def _read(file: BinaryIO, seconds: float) -> _Raw:
    start = file.read(12)
    file.seek(0)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        try:
            return _with_wave(file, seconds)
        except wave.Error as error:
            if "unknown" not in str(error):  # of another format than whole numbers: soundfile may know it
                raise
            file.seek(0)
            return _with_soundfile(file, seconds, "WAV of floats")
    if start[:4] == b"fLaC":
        return _with_soundfile(file, seconds, "FLAC")
    raise ValueError("not a WAV or FLAC file, whatever its name says")


def _with_wave(file: BinaryIO, seconds: float) -> _Raw:
    with wave.open(file) as opened:
        rate, channels, width = opened.getframerate(), opened.getnchannels(), opened.getsampwidth()
        total = opened.getnframes()
        if max(UNKNOWN_BYTES, os.fstat(file.fileno()).st_size) < total * channels * width:
            total = None  # written to a pipe, by one who could not go back to the header
        wanted = _wanted(rate, channels, total, seconds)
        data = opened.readframes(wanted)
    whole = len(data) - len(data) % (channels * width)
    values = _numbers(np.frombuffer(data[:whole], np.uint8).reshape(-1, width), width)
    return _complete(_Raw(values.reshape(-1, channels), rate, total, min(8 * width, 16)), wanted)


def _numbers(data: np.ndarray, width: int) -> np.ndarray:
    """Whole numbers of 1 to 4 bytes `(N, width)`, little end first, as floats within -1…1; those of 1 have no sign."""
    if width == 1:
        return (data[:, 0].astype(np.float32) - 128) / 128
    if width not in (2, 3, 4):
        raise ValueError(f"{8 * width} bits a sample, which no recorder makes")
    wide = np.zeros((len(data), 4), np.uint8)
    wide[:, 4 - width :] = data  # the highest byte last, where the sign is
    return (wide.view("<i4")[:, 0] / 2**31).astype(np.float32)


def _with_soundfile(file: BinaryIO, seconds: float, what: str) -> _Raw:
    soundfile: Any = needs("soundfile", f"{what} needs soundfile")
    with soundfile.SoundFile(file) as opened:
        total = opened.frames if 0 < opened.frames < 2**48 else None  # a stream's length is not in its header
        wanted = _wanted(opened.samplerate, opened.channels, total, seconds)
        frames = opened.read(wanted, dtype="float32", always_2d=True)
        rate = opened.samplerate
    if not np.isfinite(frames).all():
        raise ValueError("holds values that are no numbers")
    return _complete(_Raw(frames, rate, total, 16), wanted)


def _wanted(rate: int, channels: int, total: int | None, seconds: float) -> int:
    """How many frames to read, once the header makes sense."""
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"a rate that no recorder has ({rate:,} a second; {RATES[0]:,} to {RATES[1]:,} are read)")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ValueError(f"too many channels ({channels:,}; at most {MOST_CHANNELS} are read)")
    most = needed(round(seconds * RATE), rate, RATE)
    return most if total is None else min(most, total)


def _complete(raw: _Raw, wanted: int) -> _Raw:
    found = len(raw.frames)
    if raw.total is not None and found < wanted:
        raise ValueError(f"cut short: {found / raw.rate:.3g} s are there of {raw.total / raw.rate:.3g} s")
    if found == 0:
        raise ValueError("no samples in it")
    return raw


def _brought_to_form(raw: _Raw, seconds: float) -> Decoded:
    count = round(seconds * RATE)
    samples = torch.from_numpy(raw.frames.mean(1, dtype=np.float32))
    samples = resample(samples, raw.rate, RATE)[:count]  # (T,)
    samples = (samples * 32_768).round().clamp(-32_768, 32_767).to(torch.int16)
    return Decoded(
        torch.nn.functional.pad(samples, (0, count - len(samples))), raw.rate, raw.frames.shape[1],
        None if raw.total is None else raw.total / raw.rate, _clipped(raw), bool(samples.abs().max() <= SILENT),
    )  # fmt: skip


def _clipped(raw: _Raw) -> float:
    """The share of samples that stand at full scale at least three in a row, in the channel with most of them."""
    full = np.abs(raw.frames) >= 1 - 1.5 / 2 ** (raw.bits - 1)  # the largest positive number is one step below 1
    if len(full) < CLIPPED_RUN:
        return 0.0
    run = full[2:] & full[1:-1] & full[:-2]
    in_run = np.zeros_like(full)
    for shift in range(CLIPPED_RUN):
        in_run[shift : len(full) - (CLIPPED_RUN - 1) + shift] |= run
    return float(in_run.mean(0).max())
