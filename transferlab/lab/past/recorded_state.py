"""The last state of a run for a recording: only what the training changed, in half precision.

    state = pack(finished.snapshots[-1], pretrained)
    snapshot = state.complete(pretrained)        # for `model_at`

Weights that are the backbone's own are named by a checksum and taken from the backbone again, so that a run that only
trained a head fits in some kilobytes. Half precision keeps three digits of a weight. Left out: the optimizer; what goes
on from here begins with a fresh one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from transferlab.explain.snapshot import Snapshot

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, eq=False)
class LastState:
    """What a recording keeps of a model: `tensors` that changed, the names of those that did not, and their checksum.

    `rounded` maps what lies in half precision to the type that it had.
    """

    epoch: int
    phase: str
    held_out_accuracy: float
    head: dict[str, Any] | None
    tensors: Mapping[str, Tensor]
    rounded: Mapping[str, str]
    unchanged: tuple[str, ...]
    checksum: str

    def complete(self, pretrained: nn.Module) -> Snapshot:
        """The whole state, with the backbone's own weights where nothing changed.

            >>> model_at(pretrained, state.complete(pretrained))

        Raises:
            ValueError: this backbone's weights are not those that the run started from.
        """
        own = pretrained.state_dict()
        other = [name for name in self.unchanged if name not in own]
        if other or checksum({name: own[name] for name in self.unchanged}) != self.checksum:
            raise ValueError(
                "The recorded run started from other weights than the backbone here has"
                f"{f' (it lacks {other[0]!r})' if other else ''}. It can be watched, and not gone on with."
            )
        changed = {
            name: value.to(DTYPES[self.rounded[name]]) if name in self.rounded else value
            for name, value in self.tensors.items()
        }
        kept = {name: own[name].detach().cpu().contiguous().clone() for name in self.unchanged}
        return Snapshot(self.epoch, self.phase, self.held_out_accuracy, self.head, {**kept, **changed})

    def to_parts(self) -> tuple[dict[str, Any], bytes]:
        """The state as values for JSON, and the tensors as safetensors."""
        values = {name: getattr(self, name) for name in ("epoch", "phase", "held_out_accuracy", "head", "checksum")}
        return {**values, "rounded": dict(self.rounded), "unchanged": list(self.unchanged)}, to_bytes(
            dict(self.tensors)
        )

    @classmethod
    def from_parts(cls, values: Any, content: bytes) -> "LastState":
        """What `to_parts` gave; raises ValueError where it cannot be that."""
        try:
            tensors = from_bytes(content)
            rounded, unchanged, head = values["rounded"], values["unchanged"], values["head"]
            fits = (
                isinstance(values["epoch"], int) and isinstance(values["phase"], str) and isinstance(unchanged, list)
                and isinstance(values["held_out_accuracy"], int | float) and isinstance(values["checksum"], str)
                and isinstance(head, dict | None) and isinstance(rounded, dict)
                and all(isinstance(name, str) for name in unchanged)
                and all(isinstance(one, str) and one in DTYPES for one in rounded.values())
            )  # fmt: skip
            if not fits:
                raise ValueError("its fields are of the wrong kind")
            return cls(
                values["epoch"], values["phase"], float(values["held_out_accuracy"]), head, tensors, rounded,
                tuple(unchanged), values["checksum"],
            )  # fmt: skip
        except (SafetensorError, KeyError, TypeError) as error:
            raise ValueError(f"its last state cannot be read ({error})") from None


def pack(snapshot: Snapshot, pretrained: nn.Module | None) -> LastState:
    """What of a snapshot is not the backbone's own; without a backbone, all of it.

    >>> pack(finished.snapshots[-1], load("bundled")).tensors.keys()
    dict_keys(['fc.weight', 'fc.bias'])
    """
    own = pretrained.state_dict() if pretrained is not None else {}
    state = snapshot.tensors
    same = {name: value for name, value in state.items() if name in own and _equal(value, own[name])}
    tensors, rounded = {}, {}
    for name, value in state.items():
        if name in same:
            continue
        half = value.half() if value.dtype in (torch.float32, torch.float64, torch.bfloat16) else value
        if half is not value and bool((half.isfinite() == value.isfinite()).all()):  # some variances are too large
            rounded[name] = str(value.dtype).removeprefix("torch.")
            value = half
        tensors[name] = value
    return LastState(
        snapshot.epoch, snapshot.phase, snapshot.held_out_accuracy, snapshot.head, tensors, rounded, tuple(same),
        checksum(same),
    )  # fmt: skip


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """A name for these tensors, made of every bit.

    >>> checksum(model.state_dict())
    '9f86d081…'
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _equal(one: Tensor, other: Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    bits = [value.detach().cpu().contiguous().reshape(-1).view(torch.uint8) for value in (one, other)]
    return torch.equal(*bits)
