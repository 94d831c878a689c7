import argparse
import json
import os
import pathlib
import pickle
import struct
import warnings

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.backbones.weights_file import read_weights


def same(one, other):
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def state():
    return nn.Linear(3, 2).state_dict()


def test_safetensors_with_metadata(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors", {"hello": "world"})
    read = read_weights(tmp_path / "a.safetensors")
    assert same(read.tensors, state)
    assert read.metadata == {"hello": "world"}


@pytest.mark.parametrize("ending", [".pt", ".pth", ".bin"])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "model_state_dict", "state_dict_ema"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_checkpoints_of_training_scripts(tmp_path, state, ending, wrapper, prefix):
    prefixed = {prefix + name: value for name, value in state.items()}
    held = prefixed if wrapper is None else {wrapper: prefixed, "epoch": 3, "args": argparse.Namespace(lr=0.1)}
    torch.save(held, tmp_path / f"a{ending}")
    assert same(read_weights(tmp_path / f"a{ending}").tensors, state)


def test_the_old_format_of_torch(tmp_path, state):
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert same(read_weights(tmp_path / "a.pth").tensors, state)


def test_averaged_weights_are_preferred(tmp_path, state):
    torch.save({"state_dict": {"other": torch.zeros(1)}, "state_dict_ema": state}, tmp_path / "a.pt")
    assert same(read_weights(tmp_path / "a.pt").tensors, state)


class Touches:
    """A pickle of this object creates a file when it is opened."""

    def __init__(self, path, through):
        self.path, self.through = str(path), through

    def __reduce__(self):
        if self.through == "system":
            return os.system, (f"touch '{self.path}'",)
        if self.through == "eval":
            return eval, (f"open({self.path!r}, 'w').close()",)
        return pathlib.Path.touch, (pathlib.Path(self.path),)


@pytest.mark.parametrize("through", ["system", "eval", "path"])
@pytest.mark.parametrize("how", ["pickle 0", "pickle 2", "pickle 4", "torch", "torch, old", "beside weights"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, state, through, how):
    touched, file = tmp_path / "touched", tmp_path / "evil.pt"
    evil = Touches(touched, through)
    if how.startswith("pickle"):
        file.write_bytes(pickle.dumps(evil, protocol=int(how[-1])))
    elif how == "beside weights":
        torch.save({"state_dict": state, "extra": evil}, file)
    else:
        torch.save(evil, file, _use_new_zipfile_serialization=how == "torch")

    if how.startswith("pickle"):
        pickle.loads(file.read_bytes())
    else:
        torch.load(file, weights_only=False)
    assert touched.exists()  # the poison works
    touched.unlink()

    with pytest.raises(ValueError, match=r"evil\.pt' was refused and nothing in it was run: it holds code .+save_file"):
        read_weights(file)
    assert not touched.exists()


def test_a_whole_pickled_model_is_refused_with_the_way_out(tmp_path):
    torch.save(SmallResNet(2, width=8), tmp_path / "whole.pth")
    with pytest.raises(ValueError, match=r"SmallResNet\), not only tensors.*safetensors\.torch\.save_file"):
        read_weights(tmp_path / "whole.pth")


def test_torchscript_is_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch wants to be rid of TorchScript itself
        torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "script.pt")
    with pytest.raises(ValueError, match="it holds code"):
        read_weights(tmp_path / "script.pt")


def test_a_pickle_with_another_name_is_not_opened_as_one(tmp_path):
    touched = tmp_path / "touched"
    (tmp_path / "evil.safetensors").write_bytes(pickle.dumps(Touches(touched, "path")))
    with pytest.raises(ValueError, match="not in the safetensors format"):
        read_weights(tmp_path / "evil.safetensors")
    assert not touched.exists()


def header(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text


ONE = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
HUGE = {"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header(b"{}", 2**63), "announces a header of 9,223,372,036,854,775,808 bytes and has 10 bytes in all"),
        (header(b"{" + b" " * 100, 5_000_000_000), "announces a header of 5,000,000,000 bytes"),
        (header(b"{" * 100_000), "broken or cut off"),
        (header(json.dumps(ONE).encode()), "broken or cut off"),  # the data are missing
        (header(json.dumps(ONE).encode()) + b"1234", "broken or cut off"),
        (header(json.dumps(HUGE).encode()) + b"12345678", "broken or cut off"),
        (header(b"{}"), "holds no tensors"),
        (b"not a tensor file at all", "not in the safetensors format"),
        (b"abc", "not in the safetensors format"),
    ],
)  # fmt: skip
def test_broken_safetensors(tmp_path, content, message):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        read_weights(tmp_path / "a.safetensors")
    assert "a.safetensors" in str(error.value)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_a_cut_off_file(tmp_path, ending, share):
    path = tmp_path / f"a{ending}"
    tensors = {"w": torch.zeros(1000)}
    (save_file if ending == ".safetensors" else torch.save)(tensors, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match=f"a{ending}' is (broken|not in the safetensors format)"):
        read_weights(path)


def test_garbage_in_a_checkpoint(tmp_path):
    (tmp_path / "a.pt").write_bytes(bytes(range(256)) * 10)
    with pytest.raises(ValueError, match=r"broken, cut off, or no PyTorch checkpoint"):
        read_weights(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ([torch.zeros(1)], "holds a list, not a state dict"),
        (torch.zeros(1), "holds a Tensor, not a state dict"),
        ({"epoch": 3, "network": {"w": torch.zeros(1)}}, "it has: epoch, network"),
        ({}, "it has: nothing"),
    ],
)
def test_a_checkpoint_without_a_state_dict(tmp_path, held, message):
    torch.save(held, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=message):
        read_weights(tmp_path / "a.pt")


def test_paths_that_lead_nowhere(tmp_path, state):
    save_file(state, tmp_path / "flowers.safetensors")
    (tmp_path / "empty.pt").touch()
    (tmp_path / "notes.txt").write_text("hello")
    for given, message in {
        tmp_path / "flower.safetensors": r"No file .*Did you mean 'flowers\.safetensors'\?",
        tmp_path / "nowhere" / "a.pt": "There is no folder",
        tmp_path: r"is a folder; give one file in it\. Weights in .*flowers\.safetensors",
        tmp_path / "empty.pt": "is empty",
        tmp_path / "notes.txt": r"no weights file by its name; those end with \.safetensors, \.pt, \.pth, \.bin",
        "": "given as a path",
        7: "given as a path",
    }.items():
        with pytest.raises(ValueError, match=message):
            read_weights(given)
