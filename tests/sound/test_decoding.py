"""One file to one row of samples: every width and kind by hand, and files that are wrong in every way."""

import os
import random
import struct

import numpy as np
import pytest
import soundfile
import torch

from tests.sound.sound_files import hours, patched, sine, wav
from transferlab.sound import decoding, extra
from transferlab.sound.decoding import decode_sound


@pytest.mark.parametrize(("width", "within"), [(1, 300), (2, 2), (3, 2), (4, 2)])
def test_whole_numbers_of_every_width_are_the_same_sound(tmp_path, width, within):
    found = decode_sound(wav(tmp_path / "a.wav", sine() * 0.5, width=width))
    expected = torch.from_numpy(sine() * 0.5 * 32_768)
    assert found.samples.dtype == torch.int16
    assert (found.samples - expected).abs().max() <= within
    assert (found.rate, found.channels, found.seconds, found.clipped, found.silent) == (16_000, 1, 1.0, 0.0, False)


def test_sixteen_bits_at_this_rate_are_read_bit_by_bit(tmp_path):
    values = np.array([-32_768, -32_767, -1, 0, 1, 32_767] * 300, dtype="<i2")
    soundfile.write(tmp_path / "a.wav", values, 16_000)
    assert decode_sound(tmp_path / "a.wav", seconds=0.1).samples.tolist() == values[:1_600].tolist()


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "FLOAT"), ("a.wav", "DOUBLE"), ("a.flac", "PCM_16"),
                                               ("a.flac", "PCM_24")])  # fmt: skip
def test_floats_and_flac(tmp_path, name, subtype):
    soundfile.write(tmp_path / name, sine() * 0.5, 16_000, subtype=subtype)
    found = decode_sound(tmp_path / name)
    assert (found.samples - torch.from_numpy(sine() * 0.5 * 32_768)).abs().max() <= 2


def test_the_longer_header_of_windows_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine() * 0.5, 16_000, format="WAVEX", subtype="PCM_16")
    assert decode_sound(tmp_path / "a.wav").samples.abs().max() == pytest.approx(16_384, abs=2)


def test_channels_are_averaged(tmp_path):
    left, right = sine() * 0.8, np.zeros(16_000)
    found = decode_sound(wav(tmp_path / "a.wav", np.stack([left, right], 1)))
    assert found.channels == 2
    assert (found.samples - torch.from_numpy(left / 2 * 32_768)).abs().max() <= 2


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_another_rate_keeps_the_pitch(tmp_path, rate):
    found = decode_sound(wav(tmp_path / "a.wav", sine(1.0, 440.0, rate) * 0.5, rate))
    assert found.rate == rate
    assert found.samples.shape == (16_000,)
    assert torch.fft.rfft(found.samples.float()).abs().argmax() == 440  # 1 Hz a bin in one second


def test_long_ones_are_cut_and_short_ones_filled_up(tmp_path):
    found = decode_sound(wav(tmp_path / "a.wav", sine(0.25)), seconds=0.5)
    assert found.samples.shape == (8_000,)
    assert not found.samples[4_000:].any()
    assert found.seconds == 0.25
    cut = decode_sound(wav(tmp_path / "b.wav", sine(2.0)), seconds=0.5)
    assert torch.equal(cut.samples[:4_000], found.samples[:4_000])


def test_of_five_hours_no_more_is_read_than_is_wanted(tmp_path, monkeypatch):
    path = hours(tmp_path / "long.wav", wav(tmp_path / "a.wav", sine()), 5)
    read = []

    def counting(data, width):
        read.append(len(data))
        return np.zeros(len(data), np.float32)

    monkeypatch.setattr(decoding, "_numbers", counting)
    found = decode_sound(path, seconds=1.0)
    assert found.seconds == 5 * 3_600
    assert read == [16_011]  # one second, and what a filter would need of the next


def test_of_a_long_flac_no_more_is_read_than_is_wanted(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.flac", np.zeros(16_000 * 120), 16_000)
    asked = []
    read = soundfile.SoundFile.read

    def counting(self, frames, **rest):
        asked.append(frames)
        return read(self, frames, **rest)

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    assert decode_sound(tmp_path / "a.flac").seconds == 120
    assert asked == [16_011]


def test_silence_and_clipping_are_told(tmp_path):
    assert decode_sound(wav(tmp_path / "a.wav", np.zeros(16_000))).silent
    loud = np.clip(sine(1.0, 100.0) * 2, -1, 1)  # cut off for two thirds of the time: |sin| > 1/2
    for width in (1, 2, 3):
        found = decode_sound(wav(tmp_path / "b.wav", loud, width=width))
        assert found.clipped == pytest.approx(2 / 3, abs=0.02)
    assert decode_sound(wav(tmp_path / "c.wav", sine(1.0, 440.0))).clipped == 0  # full scale, but not cut off
    soundfile.write(tmp_path / "d.wav", sine() * 2, 16_000, subtype="FLOAT")  # beyond full scale: cut off here
    assert decode_sound(tmp_path / "d.wav").clipped == pytest.approx(2 / 3, abs=0.02)


def test_what_a_file_is_is_told_by_its_bytes(tmp_path):
    soundfile.write(tmp_path / "a.flac", sine() * 0.5, 16_000)
    renamed = tmp_path / "a.wav"
    renamed.write_bytes((tmp_path / "a.flac").read_bytes())
    assert decode_sound(renamed).samples.abs().max() == pytest.approx(16_384, abs=2)


def test_a_header_written_before_the_sound_was_is_no_reason_to_refuse(tmp_path):
    source = wav(tmp_path / "a.wav", sine(0.5))
    for size in (b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):  # as ffmpeg and as sox write to a pipe
        found = decode_sound(patched(tmp_path / "b.wav", source, 40, size))
        assert found.seconds is None
        assert found.samples.abs().max() > 30_000


def wrong_files(folder):
    good = wav(folder / "good.wav", sine())
    soundfile.write(folder / "good.flac", sine(), 16_000)
    soundfile.write(folder / "nan.wav", np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    flac, data = (folder / "good.flac").read_bytes(), good.read_bytes()
    return {
        "empty file": b"",
        "not a WAV or FLAC file": b"ID3" + bytes(500),
        "broken": b"RIFF\0\0\0\0WAVEjunkjunk",
        "cut short: 0.499 s are there of 1 s": data[:16_000],
        "broken ": flac[: len(flac) // 3],
        "no samples": data[:40] + bytes(4),
        r"a rate that no recorder has \(2,147,483,648": data[:24] + struct.pack("<I", 2**31) + data[28:],
        r"a rate that no recorder has \(0 ": data[:24] + bytes(4) + data[28:],
        "too many channels": data[:22] + struct.pack("<H", 65_535) + data[24:],
        "no numbers": (folder / "nan.wav").read_bytes(),
    }


def test_whatever_is_wrong_is_one_sentence(tmp_path):
    for sentence, content in wrong_files(tmp_path).items():
        (tmp_path / "wrong.wav").write_bytes(content)
        with pytest.raises(ValueError, match=sentence) as caught:
            decode_sound(tmp_path / "wrong.wav")
        assert "\n" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes of that kind")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(ValueError, match="pipe or device"):
        decode_sound(tmp_path / "pipe.wav")


def test_a_thousand_damaged_files_raise_nothing_but_sentences(tmp_path):
    chance, read = random.Random(0), 0
    soundfile.write(tmp_path / "a.flac", sine(0.2), 16_000)
    soundfile.write(tmp_path / "f.wav", sine(0.2), 16_000, subtype="FLOAT")
    wav(tmp_path / "w.wav", sine(0.2), width=3)
    for name in ("a.flac", "f.wav", "w.wav"):
        whole = (tmp_path / name).read_bytes()
        for _ in range(350):
            data = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(chance.randrange(1, 6) if data else 0):
                data[chance.randrange(min(len(data), chance.choice([60, len(data)])))] = chance.randrange(256)
            (tmp_path / "x.wav").write_bytes(data)
            try:
                sentence = ""
                assert decode_sound(tmp_path / "x.wav", seconds=0.1).samples.shape == (1_600,)
            except ValueError as error:
                sentence = str(error)
            assert "\n" not in sentence
            read += not sentence
    assert read > 50  # a byte of the sound itself may be wrong and the file still whole


def test_without_soundfile_whole_numbers_are_read_and_flac_says_what_to_type(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.flac", sine(), 16_000)

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(extra, "import_module", missing)
    assert decode_sound(wav(tmp_path / "a.wav", sine())).samples.any()
    with pytest.raises(ValueError, match=r'FLAC needs soundfile.*pip install "transferlab\[audio\]"'):
        decode_sound(tmp_path / "a.flac")
