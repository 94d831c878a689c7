"""Each choice of sounds gives what its code gives, bit for bit, as sounds and as pictures of them."""

import dataclasses
import json

import pytest
import torch

from tests.sound.sound_files import sine, wav
from transferlab.lab.data import choice_json
from transferlab.lab.data.data_choice import FolderData
from transferlab.lab.data.given_data import choice_of, folder_choice
from transferlab.lab.data.sound_choice import SoundFolderData, SoundWorldData, holds_sounds, sounds_of
from transferlab.lab.past.recorded_settings import _choice
from transferlab.sound import spectrograms, world


@pytest.fixture
def bells(tmp_path):
    """Two classes of five short files."""
    for i, name in enumerate(("church", "bicycle")):
        (tmp_path / "bells" / name).mkdir(parents=True)
        for number in range(5):
            wav(tmp_path / "bells" / name / f"{number}.wav", 0.5 * sine(0.2, 300 + 400 * i + 10 * number))
    return tmp_path / "bells"


def run(code):
    names = {}
    exec(compile("import transferlab as tl\n" + code, "data.py", "exec"), names)
    return names["data"]


def assert_same(one, other):
    for part in ("train", "held_out"):
        first, second = getattr(one, part), getattr(other, part)
        assert type(first) is type(second)
        assert torch.equal(first.rows, second.rows)
        assert torch.equal(first.labels, second.labels)
        assert (first.class_names, first.files) == (second.class_names, second.files)


@pytest.mark.parametrize(
    "choice",
    [
        SoundWorldData(per_class=2),
        SoundWorldData("vowel", 2, snr=5.0, room=0.5, detune=0.3, seed=3, pixels=32),
        SoundWorldData("pitch", per_class=1, snr=None, pixels=None),
    ],
)
def test_the_worlds_code_gives_its_sounds(choice):
    assert_same(run(choice.code()), choice.make())
    assert_same(choice.sounds(), world.target(choice.task, choice.per_class, seed=choice.seed, snr=choice.snr,
                                              room=choice.room, detune=choice.detune))  # fmt: skip
    assert choice_json.from_json(json.loads(json.dumps(choice_json.to_json(choice)))) == choice


@pytest.mark.parametrize("per_class", [None, 2])
@pytest.mark.parametrize("pixels", [None, 64])
def test_a_folders_code_gives_its_sounds(bells, per_class, pixels):
    choice = SoundFolderData(str(bells), per_class, seconds=0.25, pixels=pixels).fresh()
    made = choice.make()
    assert made.train.noun == ("image" if pixels else "sound")
    assert_same(run(choice.code()), made)
    assert len(made.train) == 2 * (per_class or 4)
    assert len(made.held_out) == 2


def test_pictures_and_sounds_lie_in_one_order():
    choice = SoundWorldData(per_class=3, pixels=32)
    made = choice.make()
    heard = sounds_of(choice, made)
    assert torch.equal(spectrograms(heard.train, 32).images, made.train.images)
    assert sounds_of(FolderData("x"), made) is None
    assert sounds_of(object(), heard) is heard


def test_a_folder_is_known_by_what_lies_in_it(bells, tmp_path):
    assert holds_sounds(bells)
    assert isinstance(folder_choice(str(bells), 3, 96, 0.5), SoundFolderData)
    assert folder_choice(str(bells), 3, 96, 0.5).pixels == 96
    assert isinstance(choice_of(str(bells)), SoundFolderData)
    assert choice_of("vowel", seed=2) == SoundWorldData("vowel", seed=2)
    assert not holds_sounds(tmp_path / "nowhere")
    assert isinstance(folder_choice(str(tmp_path / "nowhere")), FolderData)


def test_a_folder_that_changed_is_another_choice(bells):
    before = SoundFolderData(str(bells)).fresh()
    assert len(before.make().train) == 8
    assert before == SoundFolderData(str(bells)).fresh()
    wav(bells / "church" / "9.wav", 0.5 * sine(0.2, 500))
    assert before != SoundFolderData(str(bells)).fresh()
    assert len(SoundFolderData(str(bells)).fresh().make().train) == 9


@pytest.mark.parametrize("values", [{"task": 3}, {"per_class": 2.5}, {"snr": "loud"}, {"pixels": True}, {"room": None}])
def test_types_are_checked(values):
    with pytest.raises(ValueError, match=f"SoundWorldData takes {next(iter(values))}"):
        SoundWorldData(**values)


def test_a_recording_makes_the_world_again_and_believes_no_path(bells):
    choice = SoundWorldData("vowel", 4, room=0.5)
    plain = {"kind": "SoundWorldData", "name": "vowel", "code": choice.code(), "values": dataclasses.asdict(choice)}
    assert _choice(json.loads(json.dumps(plain))) == choice
    assert _choice({**plain, "values": {**plain["values"], "task": "vowel\nimport os"}}) != choice
    folder = SoundFolderData(str(bells))
    told = {"kind": "SoundFolderData", "name": "bells", "code": folder.code(), "values": dataclasses.asdict(folder)}
    with pytest.raises(ValueError, match="not in the recording"):
        _choice(told).make()
