"""One state of a model along a run: in memory, in a file of its own, or in a checkpoint, and back into a model.

    pretrained = load("bundled")
    then = model_at(pretrained, read_snapshot("runs/ants/snapshots/epoch-00003.safetensors"))

A file is safetensors, which holds tensors and text and cannot run anything. Left out: the state of training (optimizer,
random numbers), which checkpoints keep; gathering them along a run, see `snapshots.py`.
"""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from transferlab.checkpoints import read_checkpoint
from transferlab.explain.head_words import head_words, plain_head_words, put_head
from transferlab.files import write_atomically
from transferlab.records import Epoch

KIND = "transferlab snapshot 1"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A model after one epoch; `tensors` reads its weights and buffers.

    >>> snapshots[-1]
    Snapshot(epoch 20, phase 'all', held-out accuracy 0.86)
    """

    epoch: int
    phase: str
    held_out_accuracy: float
    head: dict[str, Any] | None  # in words; None where nobody wrote them down
    kept: dict[str, Tensor] | Path

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The state by name, on the CPU; ValueError where its file is gone or damaged."""
        return self.kept if isinstance(self.kept, dict) else _read(self.kept, with_tensors=True)[1]

    @property
    def origin(self) -> str:
        """Where it is kept, as errors name it."""
        return f"The snapshot of epoch {self.epoch}" if isinstance(self.kept, dict) else f"'{self.kept}'"

    def __repr__(self) -> str:
        accuracy = f"held-out accuracy {self.held_out_accuracy:.2f}"
        return f"Snapshot(epoch {self.epoch}, phase {self.phase!r}, {accuracy})"


def take_snapshot(model: nn.Module, record: Epoch) -> Snapshot:
    """The model as it is now, in memory of its own.

        >>> take_snapshot(model, run.epochs[-1])

    Raises:
        ValueError: the model's state holds something else than tensors.
    """
    state = model.state_dict()
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strange:
        raise ValueError(f"'{strange[0]}' in the model's state is no tensor, and a snapshot holds only tensors.")
    own = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
    return Snapshot(record.epoch, record.phase, record.held_out_accuracy, head_words(model), own)


def model_at(model: nn.Module, snapshot: Snapshot) -> nn.Module:
    """A copy of the model, in eval mode, with the state of a snapshot; the head follows, `requires_grad` does not.

        >>> model_at(load("bundled"), snapshots[3])

    Raises:
        ValueError: the snapshot is of another model, or its file is damaged.
    """
    tensors, then = snapshot.tensors, copy.deepcopy(model)
    put_head(then, snapshot.head or plain_head_words(then, tensors), tensors, snapshot.origin)
    own = then.state_dict()
    other = [name for name in {**own, **tensors} if name not in own or name not in tensors]
    other += [
        name
        for name, value in own.items()
        if name in tensors and (value.shape, value.dtype) != (tensors[name].shape, tensors[name].dtype)
    ]
    if other:
        raise ValueError(
            f"{snapshot.origin} is of another model: '{other[0]}' is not the same in both ({len(other)} of {len(own)} "
            "tensors differ). Give the model that the run was started with; a head of a class of your own has to be in "
            "it already."
        )
    then.load_state_dict(tensors)
    for parameter in then.parameters():
        parameter.grad = None
    return then.eval()


def write_snapshot(snapshot: Snapshot, folder: str | Path) -> Snapshot:
    """Write a snapshot as a file, whole or not at all; returns the one whose tensors lie there.

        >>> write_snapshot(take_snapshot(model, record), "runs/ants/snapshots")

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path = Path(folder) / f"epoch-{snapshot.epoch:05d}.safetensors"
    values = {name: getattr(snapshot, name) for name in ("epoch", "phase", "held_out_accuracy", "head")}
    # As bytes, not with save_file: a disk that runs full must end in an OSError, not in the format's own exception.
    content = to_bytes(snapshot.tensors, {"kind": KIND, "text": json.dumps(values)})
    write_atomically(path, lambda partial: partial.write_bytes(content))
    return replace(snapshot, kept=path)


def read_snapshot(path: str | Path) -> Snapshot:
    """A snapshot from a file in the folder of `Snapshots`; its tensors are read when they are asked for.

        >>> read_snapshot("runs/ants/snapshots/epoch-00003.safetensors").epoch
        3

    Raises:
        ValueError: no such file, a damaged one, or one of another kind.
    """
    values, _ = _read(Path(path), with_tensors=False)
    return Snapshot(values["epoch"], values["phase"], values["held_out_accuracy"], values["head"], Path(path))


def checkpoint_snapshot(path: str | Path) -> Snapshot:
    """The model of a checkpoint as a snapshot, of the last epoch that was finished there.

        >>> model_at(load("bundled"), checkpoint_snapshot("runs/ants/step-00000060.safetensors"))

    A head of one layer comes back by itself; with another kind give `model_at` a model that has it.

    Raises:
        ValueError: no such file, a damaged one, or one without an epoch (see `checkpoints.read_checkpoint`).
    """
    tensors, values = read_checkpoint(path)
    epochs = values["position"]["epochs"]
    state = {name.removeprefix("model/"): value for name, value in tensors.items() if name.startswith("model/")}
    if not epochs or not state:
        raise ValueError(f"The checkpoint '{path}' cannot be looked at: it holds no {'model' if epochs else 'epoch'}.")
    last = Epoch(**epochs[-1])
    return Snapshot(last.epoch, last.phase, last.held_out_accuracy, None, state)


def _read(path: Path, with_tensors: bool) -> tuple[dict[str, Any], dict[str, Tensor]]:
    if not path.is_file():
        there = ", ".join(one.name for one in sorted(path.parent.glob("epoch-*.safetensors"))) or "none"
        raise ValueError(f"No snapshot '{path}'. Snapshots in '{path.parent}': {there}.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("kind") != KIND:
                raise ValueError(f"its kind is {metadata.get('kind')!r} and not {KIND!r}")
            values = json.loads(metadata["text"])
            kinds = {"epoch": int, "phase": str, "held_out_accuracy": (int, float), "head": dict}
            for name, kind in kinds.items():
                if not isinstance(values[name], kind) or isinstance(values[name], bool):  # type: ignore[arg-type]
                    raise ValueError(f"its {name} is {values[name]!r}")
            # Copied, since the tensors lie in the mapped file, which may be gone when they are used.
            tensors = {name: file.get_tensor(name).clone() for name in (file.keys() if with_tensors else ())}
        return values, tensors
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"The snapshot '{path}' cannot be read ({error}). Delete it and look at the others.") from None
