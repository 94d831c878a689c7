import json
import random
import zipfile
from dataclasses import replace

import pytest
import torch

from tests.lab.conftest import small_network
from transferlab.data.images import ImageSet, Splits
from transferlab.explain.snapshot import model_at
from transferlab.lab.past.recorded_settings import RecordedData
from transferlab.lab.past.recording import PICTURES_BUDGET, load_recording, save_recording
from transferlab.lab.previews import Frame
from transferlab.lab.session import Session

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def finished():
    """A run with pictures, trained from layer4 on; made once, since nothing here changes it."""
    pixels = torch.randint(0, 256, (32, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    images = ImageSet(pixels, torch.arange(32) % 2, ("red", "blue"), name="two colours")
    session = Session(
        small_network(), Splits(images, images), preview_share=1.0, recipe="mine", line="layer4", epochs=2
    )
    session.previews.watch("view", lambda model: Frame({"one": PNG + b"pixels"}, {"words": ["a", 1]}))
    session.start(blocking=True)
    yield session.runs[0]
    session.close()


@pytest.fixture
def saved(finished, tmp_path):
    return save_recording(finished, tmp_path / "run.transferlab", small_network(), "a note", {"accuracy": 0.5})


def rewrite(path, change=lambda manifest: None, drop=(), add=(), packed=False):
    """The same recording with another manifest or other parts."""
    with zipfile.ZipFile(path) as file:
        parts = {one: file.read(one) for one in file.namelist() if one not in drop}
    manifest = json.loads(parts["manifest.json"]) if "manifest.json" in parts else {}
    change(manifest)
    if "manifest.json" in parts:
        parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as file:
        for name, content in {**parts, **dict(add)}.items():
            file.writestr(name, content)
    return path


def test_a_run_comes_back(finished, saved):
    recording = load_recording(saved)
    again = recording.finished
    assert again.run == finished.run
    assert again.stages == finished.stages
    assert again.log.to_plain() == finished.log.to_plain()
    assert again.log.run is again.run
    assert again.source == saved
    assert {at: (dict(one.pictures), dict(one.facts)) for at, one in again.frames["view"].items()} == {
        at: ({"one": PNG + b"pixels"}, {"words": ["a", 1]}) for at in finished.frames["view"]
    }
    assert len(finished.frames["view"]) > 1
    assert (recording.note, recording.prediction) == ("a note", {"accuracy": 0.5})
    kept = replace(again.settings, backbone="", data=None)
    assert kept == replace(finished.settings, backbone="", data=None)
    assert again.settings.backbone == "a network of one's own: SmallResNet"


def test_only_what_was_trained_is_in_it_and_comes_back_rounded(finished, saved):
    state = load_recording(saved).state
    assert {name.split(".")[0] for name in state.tensors} == {"layer4", "fc"}
    back = model_at(small_network(), state.complete(small_network())).state_dict()
    for name, value in finished.snapshots[-1].tensors.items():
        assert torch.equal(back[name], value.half().float() if name in state.tensors else value), name


def test_images_that_are_not_in_it_are_said(saved):
    choice = load_recording(saved).finished.settings.data
    assert isinstance(choice, RecordedData)
    with pytest.raises(ValueError, match=r"'two colours'.* are not in the recording"):
        choice.make()


def test_a_drawn_world_is_made_again(make_session, tmp_path):
    session = make_session(data="objects", epochs=1)
    session.choose(data=replace(session.settings.data, per_class=2))
    session.start(blocking=True)
    path = save_recording(session.runs[0], tmp_path / "run.transferlab")
    assert load_recording(path).finished.settings.data == session.settings.data
    rewrite(path, lambda manifest: manifest["settings"]["data"]["values"].update(per_class=10**9))
    assert isinstance(load_recording(path).finished.settings.data, RecordedData)


def test_code_from_a_file_is_a_comment(saved):
    code = "data = 1\nimport os; os.remove('x')"
    rewrite(saved, lambda manifest: manifest["settings"]["data"].update(code=code))
    lines = load_recording(saved).finished.settings.data.code().splitlines()
    assert len(lines) == 3
    assert all(line.startswith("#") for line in lines)


def test_many_pictures_become_fewer_moments(finished, tmp_path):
    large = Frame({"one": PNG + bytes(PICTURES_BUDGET // 4)})
    many = replace(finished, frames={"view": {float(i): large for i in range(9)}})
    path = save_recording(many, tmp_path / "run.transferlab")
    assert list(load_recording(path).finished.frames["view"]) == [0.0, 4.0, 8.0]


def test_the_wrong_name_and_no_file(finished, tmp_path):
    with pytest.raises(ValueError, match=r"Type '.*run\.transferlab'"):
        save_recording(finished, tmp_path / "run.zip")
    with pytest.raises(ValueError, match="does not exist"):
        load_recording(tmp_path / "none.transferlab")
    with pytest.raises(ValueError, match="is a folder"):
        load_recording(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_off_is_said(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="broken or cut off"):
        load_recording(saved)


def test_a_flipped_byte_is_found(saved):
    content = bytearray(saved.read_bytes())
    middle = content.find(PNG) + 10
    content[middle] ^= 1
    saved.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="broken or cut off"):
        load_recording(saved)


@pytest.mark.parametrize("seed", range(30))
def test_random_damage_is_a_sentence_or_harmless(saved, seed):
    numbers = random.Random(seed)
    content = bytearray(saved.read_bytes())
    for _ in range(8):  # the manifest comes first; a flip in it breaks its compression or its checksum
        content[numbers.randrange(40, 1000)] = numbers.randrange(256)
    saved.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"'run\.transferlab'"):
        load_recording(saved)


HOSTILE = {
    "another kind": lambda m: m.update(kind="x"),
    "no run": lambda m: m.pop("run"),
    "no settings": lambda m: m.pop("settings"),
    "run is a list": lambda m: m.update(run=[]),
    "no epochs": lambda m: m["run"].update(epochs=[]),
    "accuracy is text": lambda m: m["run"]["epochs"][-1].update(held_out_accuracy="high"),
    "accuracy is 7": lambda m: m["run"]["epochs"][-1].update(held_out_accuracy=7),
    "time runs backwards": lambda m: m["run"]["epochs"][-1].update(seconds=-1),
    "no held-out images": lambda m: m["run"].update(num_held_out=0),
    "seed is a list": lambda m: m["run"].update(seed=[1]),
    "a stage that is not there": lambda m: m["run"]["phases"][0]["stages"][0].update(stage="layer9"),
    "stages that are code": lambda m: m.update(stages=['fc")\nimport os']),
    "stages are a number": lambda m: m.update(stages=3),
    "an unknown setting": lambda m: m["settings"].update(colour="red"),
    "a backbone that is code": lambda m: m["settings"].update(backbone='bundled")\nimport os #'),
    "a backbone that is none": lambda m: m["settings"].update(backbone=None),
    "a device that is code": lambda m: m["settings"].update(device='cpu"); import os'),
    "an unknown schedule": lambda m: m["settings"].update(schedule="warm"),
    "keep is a list": lambda m: m["settings"].update(keep=[]),
    "rates are a list": lambda m: m["settings"].update(stage_lrs=[1]),
    "a rate of 1e9": lambda m: m["settings"].update(stage_lrs={"fc": 1e9}),
    "a line that is not there": lambda m: m["settings"].update(line="layer9"),
    "epochs of 10**9": lambda m: m["settings"].update(epochs=10**9),
    "data is text": lambda m: m["settings"].update(data="objects"),
    "curves of two lengths": lambda m: m["log"]["series"].update(loss=[[1.0], []]),
    "curves of text": lambda m: m["log"]["series"].update(loss=[["a"], ["b"]]),
    "curves backwards": lambda m: m["log"]["series"].update(loss=[[2.0, 1.0], [1.0, 1.0]]),
    "curves without end": lambda m: m["log"]["series"].update(loss=[[1e300], [1.0]]),
    "steps without end": lambda m: m["log"].update(steps=float("inf")),
    "no number": lambda m: m["log"].update(steps=float("nan")),
    "no batches": lambda m: m["log"].update(batches_per_epoch=0),
    "frames are a list": lambda m: m.update(frames=[1]),
    "a frame of epoch nan": lambda m: m["frames"].update(view=[["now", {}, {}]]),
    "a picture outside": lambda m: m["frames"].update(view=[[0, {}, {"one": "../../etc/passwd"}]]),
    "a picture that is none": lambda m: m["frames"].update(view=[[0, {}, {"one": "code.py"}]]),
    "a note that is none": lambda m: m.update(note=3),
    "a state that is none": lambda m: m.update(state=3),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_no_run_can_have_is_a_sentence(saved, change):
    rewrite(saved, change)
    with pytest.raises(ValueError, match=r"'run\.transferlab' (cannot be used|is no recording)") as raised:
        load_recording(saved)
    assert len(str(raised.value)) < 500


def test_other_files_are_refused(saved, tmp_path):
    with pytest.raises(ValueError, match=r"lacks the part 'manifest\.json'"):
        load_recording(rewrite(saved, drop=["manifest.json"]))
    other = tmp_path / "other.transferlab"
    other.write_bytes(b"no zip at all")
    with pytest.raises(ValueError, match=r"'other\.transferlab' is no recording"):
        load_recording(other)


def test_bombs_are_not_unpacked(saved):
    with pytest.raises(ValueError, match="compressed, which no recording's is"):
        load_recording(rewrite(saved, packed=True))
    with pytest.raises(ValueError, match="parts, and a recording has at most"):
        load_recording(rewrite(saved, add=[(f"x{i}", b"") for i in range(4001)]))
    deep = "[" * 100_000
    with zipfile.ZipFile(saved, "w") as file:
        file.writestr("manifest.json", deep)
    with pytest.raises(ValueError, match=r"cannot be used|no recording"):
        load_recording(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", bytes(40 * 2**20))
    with pytest.raises(ValueError, match="are read at most"):
        load_recording(saved)
