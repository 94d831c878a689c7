import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.test_training import SHORT
from transferlab.backbones.small_resnet import SmallResNet
from transferlab.checkpoints import files_in, read_checkpoint
from transferlab.control import Control
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.keep_methods import EWC, L2SP, LwF, Replay
from transferlab.recipes import RECIPES, fine_tuning, from_scratch
from transferlab.records import Epoch, Measurement, Run, Step
from transferlab.training import fit, train

BATCH = 8  # of 32 images: four batches an epoch


def network(seed=0, width=8, num_classes=2):
    torch.manual_seed(seed)
    return SmallResNet(num_classes, width=width)


def stop_at(step, model, data, recipe, **options):
    """Train until after this step, then stop, as a user would."""
    control = Control()
    for record in fit(model, data, recipe, control=control, **options):
        if isinstance(record, Step) and record.step == step:
            control.stop()
    return record


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize("step", [1, 4, 5, 7])  # within an epoch, at its end, at the beginning of a phase, in the last
@pytest.mark.parametrize("name", RECIPES)
def test_a_run_that_was_stopped_goes_on_bit_for_bit(name, step, two_colours, tmp_path):
    recipe = RECIPES[name](**SHORT[name], batch_size=BATCH)
    whole = network()
    run = train(whole, two_colours, recipe, seed=3, progress=False)
    first = stop_at(step, network(), two_colours, recipe, seed=3, checkpoints=tmp_path / "run")
    assert first.stopped
    again = network(seed=99)  # its weights do not matter: they come from the checkpoint
    resumed = train(again, two_colours, recipe, seed=3, progress=False, checkpoints=tmp_path / "run", resume=True)
    assert resumed == run
    assert same_weights(again, whole)
    assert len(files_in(tmp_path / "run")) == 2


def test_dropout_forgetting_and_commands_come_back_too(two_colours, tmp_path):
    def model_and_memory():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(8, 5),
        )
        memory = remember(model, two_colours.held_out)
        replace_head(model, 2)
        return model, memory

    def run(model, memory, stops, **options):
        control = Control()
        records = []
        for record in fit(
            model, two_colours, from_scratch(epochs=3, batch_size=BATCH), control=control, memory=memory,
            measurements_per_epoch=2, **options,
        ):  # fmt: skip
            records.append(record)
            if isinstance(record, Step) and record.step == 2:
                control.set_lr("2", 0.01)
                control.freeze_to("1")
            if isinstance(record, Step) and record.step in stops:
                control.stop()
        return records

    whole = run(*model_and_memory(), stops=[])[-1]
    model, memory = model_and_memory()
    for stop in (3, 6, 9):
        last = run(model, memory, stops=[stop], checkpoints=tmp_path, resume=True)[-1]
        assert last.stopped
    records = run(model, memory, stops=[], checkpoints=tmp_path, resume=True)
    assert records[-1] == whole
    assert [one.epoch for one in whole.measurements] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert [command.what for command in whole.commands] == ["set_lr", "freeze_to"]
    assert any(isinstance(record, Measurement) for record in records)


@pytest.mark.parametrize(
    "method", [L2SP(), EWC(), LwF(), Replay(batch_size=4)], ids=lambda method: type(method).__name__
)
def test_a_way_to_keep_the_source_task_goes_on_too(method, two_colours, tmp_path):
    recipe = fine_tuning(epochs=2, head_epochs=1, batch_size=BATCH, keep=method)

    def model_and_memory():
        model = network(num_classes=5)
        memory = remember(model, two_colours.held_out, rehearsal=two_colours.train)
        replace_head(model, 2)
        return model, memory

    model, memory = model_and_memory()
    whole = train(model, two_colours, recipe, memory=memory, progress=False)
    model, memory = model_and_memory()
    assert stop_at(6, model, two_colours, recipe, memory=memory, checkpoints=tmp_path).stopped
    assert train(model, two_colours, recipe, memory=memory, progress=False, checkpoints=tmp_path, resume=True) == whole


CHILD = """
import sys, torch
from pathlib import Path
from tests.test_checkpoints import network
from transferlab.data.images import ImageSet, Splits
from transferlab.recipes import gradual_unfreezing
from transferlab.training import fit
arrays = torch.load(sys.argv[1], weights_only=True)
data = Splits(*(ImageSet(arrays[f"{part}_x"], arrays[f"{part}_y"], ("red", "blue")) for part in ("train", "held_out")))
recipe = gradual_unfreezing(epochs=2, head_epochs=2, batch_size=8)
for record in fit(network(), data, recipe, checkpoints=sys.argv[2], resume=True):
    print(type(record).__name__, getattr(record, "step", ""), flush=True)
record.save(sys.argv[3])
"""


def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_had_been(two_colours, tmp_path):
    arrays = {"train_x": two_colours.train.images, "train_y": two_colours.train.labels}
    arrays |= {"held_out_x": two_colours.held_out.images, "held_out_y": two_colours.held_out.labels}
    torch.save(arrays, tmp_path / "images.pt")

    def child(folder):
        command = [sys.executable, "-c", CHILD, "images.pt", folder, f"{folder}.json"]
        root = Path(__file__).parents[1]
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
        )

    for lines in (7, 11, 9):  # in the middle of an epoch, wherever that is by then
        process = child("killed")
        for _ in range(lines):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (tmp_path / "killed.json").exists()
    for folder in ("killed", "whole"):
        output, _ = child(folder).communicate(timeout=300)
        assert output.splitlines()[-1].startswith("Run")
    assert Run.load(tmp_path / "killed.json") == Run.load(tmp_path / "whole.json")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with two checkpoints of one run, and how to ask for it again."""
    from transferlab.data.images import ImageSet, Splits

    pixels = torch.randint(0, 256, (24, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = ImageSet(pixels, torch.arange(24) % 2, ("red", "blue"))
    data = Splits(images.subset(range(16)), images.subset(range(16, 24)))
    folder = tmp_path_factory.mktemp("run")
    train(network(width=2), data, from_scratch(epochs=2), progress=False, checkpoints=folder)
    return data, folder


def copied(folder, place):
    for path in folder.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return files_in(place)


def test_a_checkpoint_cut_at_any_byte_names_the_one_before_it(stored, tmp_path):
    data, folder = stored
    before, last = copied(folder, tmp_path)
    payload = last.read_bytes()
    whole = tmp_path / "whole.safetensors"
    whole.write_bytes(payload)
    header = 8 + int.from_bytes(payload[:8], "little")
    cuts = {
        0,
        1,
        7,
        8,
        9,
        header - 1,
        header,
        header + 1,
        len(payload) - 1,
        *range(0, len(payload), len(payload) // 60),
    }
    for cut in sorted(cuts):
        last.write_bytes(payload[:cut])
        with pytest.raises(ValueError, match="cannot be read") as caught:
            fit(network(width=2), data, from_scratch(epochs=2), checkpoints=tmp_path, resume=True)
        assert f"type resume='{before}'" in str(caught.value)
    run = train(network(width=2), data, from_scratch(epochs=2), progress=False, checkpoints=tmp_path, resume=before)
    assert len(run.epochs) == 3
    assert read_checkpoint(last)[1]["position"]["step"] == read_checkpoint(whole)[1]["position"]["step"]  # again


def test_a_safetensors_file_of_another_kind_is_no_checkpoint(stored, tmp_path):
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(2)}, tmp_path / "step-00000001.safetensors")
    with pytest.raises(ValueError, match="There is no other"):
        read_checkpoint(tmp_path / "step-00000001.safetensors")
    with pytest.raises(ValueError, match=r"No checkpoint '.*step-00000009.safetensors'.*step-00000001"):
        read_checkpoint(tmp_path / "step-00000009.safetensors")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"recipe": from_scratch(epochs=3)}, "its recipe was"),
        ({"seed": 1}, "its seed was 0, and now it is 1"),
        ({"model": network(width=4)}, "of another model"),
        ({"model": network(width=2, num_classes=2, seed=5), "resume": False}, "Type resume=True"),
        ({"checkpoints": None}, "resume needs the folder"),
    ],
)
def test_what_does_not_belong_together_is_said(stored, change, sentence):
    data, folder = stored
    asked = {
        "model": network(width=2),
        "recipe": from_scratch(epochs=2),
        "checkpoints": folder,
        "resume": True,
    } | change
    with pytest.raises(ValueError, match=sentence):
        fit(asked.pop("model"), data, **asked)


def test_other_images_are_another_run(stored):
    data, folder = stored
    other = type(data)(data.train.subset(range(14)), data.held_out)
    with pytest.raises(ValueError, match="its images was"):
        fit(network(width=2), other, from_scratch(epochs=2), checkpoints=folder, resume=True)


def test_going_on_from_an_earlier_one_gives_the_later_ones_up(stored, tmp_path):
    data, folder = stored
    before, last = copied(folder, tmp_path)
    last.write_bytes(b"")
    other = tmp_path / "step-00000099.safetensors"
    other.write_bytes(b"")
    train(network(width=2), data, from_scratch(epochs=2), progress=False, checkpoints=tmp_path, resume=before)
    assert not other.exists()
    records = list(fit(network(width=2), data, from_scratch(epochs=2), checkpoints=tmp_path, resume=True))
    assert [type(record) for record in records] == [Run]


def test_a_finished_run_comes_back_at_once(stored):
    data, folder = stored
    model = network(width=2, seed=7)
    records = list(fit(model, data, from_scratch(epochs=2), checkpoints=folder, resume=True))
    assert [type(record) for record in records] == [Run]
    assert len(records[0].epochs) == 3


def test_whoever_stops_iterating_after_an_epoch_has_it_on_the_disk(two_colours, tmp_path):
    for record in fit(network(), two_colours, from_scratch(epochs=2), checkpoints=tmp_path):
        if isinstance(record, Epoch) and record.epoch == 1:
            break
    _, values = read_checkpoint(files_in(tmp_path)[-1])
    assert len(values["position"]["epochs"]) == 2


def test_an_empty_folder_is_a_beginning(two_colours, tmp_path):
    run = train(network(), two_colours, from_scratch(epochs=1), progress=False, checkpoints=tmp_path, resume=True)
    assert len(run.epochs) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"step-00000001.safetensors"}


def test_a_place_where_nothing_can_be_written_is_said_at_once(two_colours, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Could not write"):
        fit(network(), two_colours, from_scratch(epochs=1), checkpoints=tmp_path / "file" / "run")


def test_a_full_disk_costs_the_checkpoint_and_not_the_run(two_colours, tmp_path, monkeypatch):
    from transferlab import checkpoints

    written = []
    save_file = checkpoints.save_file

    def full_after_the_first(tensors, path, metadata):
        if written:
            path.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        save_file(tensors, path, metadata)

    monkeypatch.setattr(checkpoints, "save_file", full_after_the_first)
    with pytest.warns(UserWarning, match=r"No checkpoint at step 2; training goes on.*No space left") as caught:
        run = train(network(), two_colours, from_scratch(epochs=3), progress=False, checkpoints=tmp_path)
    assert len(caught) == 1  # once is enough
    assert len(run.epochs) == 4
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".safetensors"] == ["step-00000001.safetensors"]
    read_checkpoint(tmp_path / "step-00000001.safetensors")
