"""Runs that survive: where a run stands, in one file, and back into a loop.

    for record in fit(model, data, recipe, checkpoints="runs/ants", resume=True): ...

A checkpoint is a safetensors file (a format that holds tensors and text and cannot run anything): weights and buffers,
the optimizer's averages, every random stream, the order of the images in the epoch, and as JSON the position and the
records so far. It gets its name only when all of it is on the disk, and the one before it stays, so that whenever a
process dies one whole checkpoint is there. On a CPU a run that goes on from it gives the same numbers, bit for bit, as
one that was never interrupted. Left out: more than the last two.
"""

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from transferlab.data.labelled import LabelledSet, Splits
from transferlab.files import write_atomically
from transferlab.loop import Loop
from transferlab.position import Position

KIND = "transferlab checkpoint 1"
KEPT = 2  # the last, and the one before it


class Checkpoints:
    """A folder of checkpoints of one run.

        >>> checkpoints = Checkpoints("runs/ants", loop)
        >>> checkpoints.resume(True)
        >>> for record in loop.records(checkpoints.save): ...

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path, loop: Loop) -> None:
        self.folder, self.loop = Path(folder), loop
        self.job = _job(loop)
        self._failed = False
        # Say now that nothing can be written here, and not after the first epoch.
        if loop.processes.leads:
            write_atomically(self.folder / ".writable", lambda partial: None).unlink()

    @property
    def files(self) -> list[Path]:
        """The checkpoints in the folder, the oldest first."""
        return files_in(self.folder)

    def save(self) -> None:
        """Write where the loop stands. A full disk is said, and costs the checkpoint but not the run.

        Of several processes the first one writes, what all of them go on from.
        """
        loop = self.loop
        if not loop.processes.leads:
            return
        path = self.folder / f"step-{loop.at.step:08d}.safetensors"
        values = {"job": self.job, "position": loop.at.to_plain(), "scaler": loop.scaler.state_dict()}
        text = json.dumps(values, allow_nan=False)
        tensors = _tensors(loop)
        try:
            write_atomically(path, lambda partial: save_file(tensors, partial, {"kind": KIND, "text": text}))
            # Later ones are of a way that was given up when the run went on from an earlier one.
            for other in [one for one in self.files if one > path] + [one for one in self.files if one <= path][:-KEPT]:
                other.unlink()
            self._failed = False
        except (OSError, SafetensorError) as error:
            if not self._failed:
                warnings.warn(f"No checkpoint at step {loop.at.step}; training goes on. {error}", stacklevel=2)
            self._failed = True

    def resume(self, resume: bool | str | Path) -> Path | None:
        """Bring the loop and its model to where a checkpoint left them; returns its path, None where there is none yet.

        `resume` is True for the last one in the folder, the path of a certain one, or False to begin anew.

        Raises:
            ValueError: the file is damaged (the sentence names the one before it), of another run or another model;
                or it would be overwritten, since `resume` is False and the folder is not empty.
        """
        if resume is False:
            if self.files:
                raise ValueError(
                    f"'{self.folder}' holds checkpoints of a run, the last '{self.files[-1].name}'. Type resume=True "
                    "to go on from there, or give another folder."
                )
            return None
        if resume is True:
            if not self.files:
                return None
            path = self.files[-1]
        else:
            path = Path(resume)
        tensors, values = read_checkpoint(path)
        _check_job(path, values["job"], self.job)
        _restore(path, self.loop, tensors, values["position"])
        if values.get("scaler"):  # older checkpoints say nothing of it, nor do runs that scale nothing
            self.loop.scaler.load_state_dict(values["scaler"])
        return path


def files_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


def read_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a checkpoint by name, and its text as JSON values.

        >>> tensors, values = read_checkpoint("runs/ants/step-00000060.safetensors")
        >>> values["position"]["phase"]

    Raises:
        ValueError: no such file, a damaged one, or one of another kind; the sentence names the checkpoint before it.
    """
    path = Path(path)
    if not path.is_file():
        there = ", ".join(one.name for one in files_in(path.parent)) or "none"
        raise ValueError(f"No checkpoint '{path}'. Checkpoints in '{path.parent}': {there}.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("kind") != KIND:
                raise ValueError(f"its kind is {metadata.get('kind')!r} and not {KIND!r}")
            # Copied, since the tensors lie in the mapped file, which may be gone when they are used.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  no dict
        values = json.loads(metadata["text"])
        Position.from_plain(values["position"])
        if not isinstance(values["job"], dict) or "random/order" not in tensors:
            raise ValueError("a part of it is missing")
        return tensors, values
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        whole = [one for one in files_in(path.parent) if one < path]
        instead = f"The one before it is '{whole[-1]}': type resume='{whole[-1]}'." if whole else "There is no other."
        raise ValueError(f"The checkpoint '{path}' cannot be read ({error}). {instead}") from None


def _tensors(loop: Loop) -> dict[str, Tensor]:
    """Everything of a run that is a tensor, each in memory of its own, on the CPU."""
    tensors = {f"model/{name}": value for name, value in loop.model.state_dict().items()}
    assert loop.optimizer is not None
    for name, parameter in loop.model.named_parameters():
        for key, value in loop.optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer/{name}/{key}"] = value
    if loop.keeping:
        tensors |= {f"keep/start/{name}": value for name, value in loop.keeping.start.items()}
        tensors |= {f"keep/importance/{name}": value for name, value in loop.keeping.importance.items()}
    tensors["random/order"] = loop.generator.get_state()
    for i, state in enumerate(loop.randomness.inside):
        tensors[f"random/inside/{i}"] = state
    if loop.at.order is not None:
        tensors["order"] = loop.at.order
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def _restore(path: Path, loop: Loop, tensors: dict[str, Tensor], position: Mapping[str, Any]) -> None:
    weights = _below("model/", tensors)
    own = loop.model.state_dict()
    other = [name for name in {**own, **weights} if name not in own or name not in weights]
    other += [name for name in own if name in weights and own[name].shape != weights[name].shape]
    if other:
        raise ValueError(
            f"The checkpoint '{path}' is of another model: '{other[0]}' is not the same in both "
            f"({len(other)} of {len(own)} tensors differ). Load the model that the run was started with."
        )
    loop.model.load_state_dict(weights)
    loop.generator.set_state(tensors["random/order"])
    # A run that began on another kind of device has other streams beside the CPU's; those then start from the seed.
    saved = [
        tensors[f"random/inside/{i}"] for i in range(len(loop.randomness.inside)) if f"random/inside/{i}" in tensors
    ]
    loop.randomness.inside[: len(saved)] = saved
    loop.at = Position.from_plain(position, tensors.get("order"))
    loop.restored_keeping = _below("keep/start/", tensors), _below("keep/importance/", tensors)
    names = {parameter: name for name, parameter in loop.model.named_parameters()}

    def restore_optimizer(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                state = _below(f"optimizer/{names[parameter]}/", tensors)
                if state:
                    optimizer.state[parameter] = {key: _beside(value, parameter) for key, value in state.items()}

    loop.restore_optimizer = restore_optimizer


def _below(start: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _beside(value: Tensor, parameter: Tensor) -> Tensor:
    """A copy where the optimizer wants it: on the parameter's device, and in its order in memory where shapes agree.

    Fused kernels walk through weights and averages side by side and take them to lie in the same order.
    """
    if value.shape == parameter.shape:
        return torch.empty_like(parameter, dtype=value.dtype).copy_(value)
    return value.to(parameter.device, copy=True)


def _job(loop: Loop) -> dict[str, Any]:
    """What must be the same for a run to go on: recipe, seed, images, source task."""
    memory = loop.memory
    job = {
        "recipe": loop.recipe.to_plain(),
        "seed": loop.seed,
        "images": _fingerprint(loop.data),
        "source images": _fingerprint(memory.images) if memory else None,
        "images to rehearse": _fingerprint(memory.rehearsal[0]) if memory and memory.rehearsal else None,
        "measurements_per_epoch": loop.measurements_per_epoch,
        "precision": loop.precision + (", compiled" if loop.compiler.wanted else ""),
    }
    return json.loads(json.dumps(job))


def _check_job(path: Path, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for what, value in now.items():
        if saved.get(what) != value:
            raise ValueError(
                f"The checkpoint '{path}' is of another run: its {what} was {_short(saved.get(what))}, and now it is "
                f"{_short(value)}. Ask for the same again, or give another folder."
            )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _fingerprint(images: Splits | LabelledSet) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for one in (images.train, images.held_out) if isinstance(images, Splits) else (images,):
        digest.update(repr((tuple(one.rows.shape), one.class_names)).encode())
        digest.update(one.rows.cpu().contiguous().numpy().data)
        digest.update(one.labels.cpu().contiguous().numpy().data)
    return digest.hexdigest()
