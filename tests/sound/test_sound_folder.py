"""A folder of sounds, whatever lies in it."""

import os

import numpy as np
import pytest
import soundfile

from tests.sound.sound_files import hours, sine, wav
from transferlab.sound import sound_folder


@pytest.fixture
def bells(tmp_path):
    """Two classes, and everything that can be wrong with a file."""
    root = tmp_path / "bells"
    first = wav(root / "church" / "1.wav", sine() * 0.5)
    wav(root / "church" / "deep" / "2.wav", np.stack([sine(2.0, rate=44_100)] * 2, 1) * 0.5, 44_100)
    wav(root / "church" / "silent.wav", np.zeros(16_000))
    (root / "bicycle").mkdir()
    soundfile.write(root / "bicycle" / "1.flac", sine(0.5) * 0.5, 16_000)
    wav(root / "bicycle" / "loud.wav", np.clip(sine() * 3, -1, 1))
    hours(root / "bicycle" / "long.wav", first, 5)
    (root / "bicycle" / "broken.wav").write_bytes(first.read_bytes()[:9_000])
    (root / "bicycle" / "empty.wav").write_bytes(b"")
    (root / "bicycle" / "notes.txt").write_text("hello")
    (tmp_path / "outside").mkdir()
    os.link(first, tmp_path / "outside" / "secret.wav")
    os.symlink(tmp_path / "outside" / "secret.wav", root / "bicycle" / "secret.wav")
    os.symlink(tmp_path / "outside", root / "bicycle" / "outside")
    os.symlink(first, root / "bicycle" / "within.wav")
    return root


def test_what_can_be_read_is_read_and_the_rest_is_told(bells):
    data = sound_folder(bells, seconds=1.0)
    assert data.counts() == {"bicycle": 4, "church": 3}
    assert data.files == ("bicycle/1.flac", "bicycle/long.wav", "bicycle/loud.wav", "bicycle/within.wav",
                          "church/1.wav", "church/silent.wav", "church/deep/2.wav")  # fmt: skip
    assert data.size == (16_000,)
    assert data.rate == 16_000
    report = data.report
    assert {entry.file: entry.reason for entry in report.skipped} == {
        "bicycle/broken.wav": "cut short: 0.28 s are there of 1 s",
        "bicycle/empty.wav": "empty file",
        "bicycle/notes.txt": "not a sound (.txt)",
        "bicycle/outside": "a link out of the folder",
        "bicycle/secret.wav": "a link out of the folder",
    }
    assert report.cut == ("bicycle/long.wav", "church/deep/2.wav")
    assert report.longest == 5 * 3_600
    assert report.filled_up == ("bicycle/1.flac",)
    assert report.rates == {44_100: 1}
    assert report.mixed == ("church/deep/2.wav",)
    assert report.silent == ("bicycle/long.wav", "church/silent.wav")
    assert list(report.clipped) == ["bicycle/loud.wav"]


def test_the_report_says_it_in_sentences(bells):
    said = str(sound_folder(bells).report)
    for sentence in (
        "7 sounds of 2 classes, each 1 s at 16,000 Hz",
        "cut to 1 s: 2 sounds, of up to 18,000 s",
        "filled up with silence to 1 s: 1 sound\n",
        "resampled to 16,000 Hz from: 44,100 (1)",
        "several channels averaged into one: 1 sound",
        "silent: 'bicycle/long.wav', 'church/silent.wav'",
        "clipped when they were recorded: 'bicycle/loud.wav'",
        "skipped 5: a link out of the folder (2), cut short (1), empty file (1), not a sound (1)",
        "    bicycle/broken.wav: cut short: 0.28 s are there of 1 s",
    ):
        assert sentence in said


def test_where_all_is_well_there_are_no_notes(tmp_path):
    for name in ("a/1", "a/2", "b/1", "b/2"):
        wav(tmp_path / f"{name}.wav", sine() * 0.5)
    assert sound_folder(tmp_path).report.notes() == ()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((), "No class folders.*It is empty"),
        (("1.wav",), "1 sound lies directly in it"),
        (("a/1.wav",), "Only one class, 'a'"),
        (("a/1.wav", "b/1.txt"), r"No readable sound in class folder 'b' \[not a sound \(.txt\)\]"),
    ],
)
def test_a_folder_that_is_no_set_of_classes(tmp_path, files, sentence):
    for name in files:
        wav(tmp_path / name, sine(0.1))
    with pytest.raises(ValueError, match=sentence):
        sound_folder(tmp_path)


def test_a_class_without_a_readable_file_says_why(tmp_path):
    wav(tmp_path / "a" / "1.wav", sine())
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.wav").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"'b' \[not a WAV or FLAC file"):
        sound_folder(tmp_path)


def test_a_wrong_path_or_number_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wav(tmp_path / "bells" / "a" / "1.wav", sine())
    with pytest.raises(ValueError, match="Did you mean 'bells'"):
        sound_folder("bels")
    with pytest.raises(ValueError, match="is a file"):
        sound_folder(tmp_path / "bells" / "a" / "1.wav")
    for seconds in (0, -1, 61, True, "1"):
        with pytest.raises(ValueError, match="seconds lies between"):
            sound_folder("bells", seconds=seconds)


def test_more_than_fits_is_refused_before_anything_is_read(bells):
    with pytest.raises(ValueError, match=r"take 0 MB, and 0 MB may be used. Give fewer seconds"):
        sound_folder(bells, memory_budget=100)
