"""What kept features belong to: names, made of every bit, for the front of a network and for a set of images.

    front_identity(front)     # its weights, its buffers, and what its forward does with them
    image_identity(images)

Two fronts of one name give the same features for the same image. Where that cannot be promised, since a module carries
hooks, comes from a notebook's cell or has settings that cannot be compared, there is no name, and nothing is shared.
"""

import hashlib
from operator import attrgetter, is_

import torch
from torch import Tensor, nn

from transferlab.data.labelled import LabelledSet
from transferlab.data.store import mapped_file
from transferlab.stages.halves import Half
from transferlab.stages.structure import settings


class Watched:
    """The tensors that a front computes with, and whether any of them was changed or replaced since.

        >>> watched = Watched(front)
        >>> watched.tensors["conv1.weight"].shape, watched.changed()
        (torch.Size([32, 3, 7, 7]), False)

    `changed` is cheap enough for every batch: it looks where each module and tensor stands, where its memory lies and
    how often torch has seen it change. What torch does not count, such as writing through `parameter.data`, shows only
    in the `checksum`.
    """

    def __init__(self, front: Half) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._owners: list[dict] = []  # where each module and tensor stands: a module's own dictionaries,
        self._keys: list[str] = []  # the name in it,
        self._here: list[object] = []  # and what stood there
        for name in front.modules:
            module = self._walk(front.model, name.split("."))
            for inner, part in module.named_modules(prefix=name):
                for key, child in part._modules.items():
                    self._see(part._modules, key, child)
                for owner in (part._parameters, part._buffers):
                    self._note(inner, owner, list(owner))
        for name in front.parameters:
            parent, _, own = name.rpartition(".")
            module = self._walk(front.model, parent.split(".") if parent else [])
            self._note(parent, module._parameters if own in module._parameters else module._buffers, [own])
        self._versions = self._now()
        self._views: list[Tensor] | None = None

    def changed(self) -> bool:
        """Whether torch saw a weight or buffer change, or another module or tensor is in its place."""
        in_place = all(map(is_, map(dict.get, self._owners, self._keys), self._here))
        return not in_place or self._now() != self._versions

    def checksum(self) -> tuple[int, ...]:
        """The sum of each tensor's bits, read as whole numbers: a millisecond for the bundled backbone."""
        return tuple(torch.stack([bits.sum() for bits in self._bits()]).tolist())

    def _bits(self) -> list[Tensor]:
        """The tensors read as whole numbers, in place; where one does not lie densely, copies made each time."""
        if self._views is None:
            views = [_whole_numbers(tensor) for tensor in self.tensors.values()]
            copied = [bits.data_ptr() != one.data_ptr() for bits, one in zip(views, self.tensors.values(), strict=True)]
            if any(copied):
                return views
            self._views = views
        return self._views

    def _walk(self, module: nn.Module, names: list[str]) -> nn.Module:
        for name in names:
            child = module.get_submodule(name)
            self._see(module._modules, name, child)
            module = child
        return module

    def _note(self, module: str, owner: dict, keys: list[str]) -> None:
        for key in keys:
            self._see(owner, key, owner[key])
            if owner[key] is not None:
                self.tensors[f"{module}.{key}" if module else key] = owner[key]

    def _see(self, owner: dict, key: str, one: object) -> None:
        self._owners.append(owner)
        self._keys.append(key)
        self._here.append(one)

    def _now(self) -> list[int]:
        tensors = self.tensors.values()
        return [*map(Tensor.data_ptr, tensors), *map(attrgetter("_version"), tensors)]


def fingerprint(tensors: dict[str, Tensor]) -> str:
    """A hash of names, types, shapes and values, bit by bit.

    >>> fingerprint({"weight": torch.zeros(2)})[:8]
    """
    digest = hashlib.sha256()  # the one that processors have instructions for
    for name, tensor in tensors.items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def front_identity(front: Half) -> str | None:
    """What the forward of a front does, beside its tensors: None where that cannot be told from outside.

    >>> front_identity(halves(resnet18(), "fc")[0]) == front_identity(halves(resnet18(), "fc")[0])
    True
    """
    lines = [str(front.graph)]
    lines += [repr(node.target) for node in front.graph.nodes if node.op in ("call_function", "call_method")]
    for name in front.modules:
        for inner, module in front.model.get_submodule(name).named_modules(prefix=name):
            own = settings(module)
            kind = type(module)
            # A class from a notebook's cell may be another one when the cell has run again, under the same name.
            if module._forward_hooks or module._forward_pre_hooks or own is None or kind.__module__ == "__main__":
                return None
            lines.append(f"{inner} {kind!r} {id(kind)} {own!r}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def image_identity(images: LabelledSet) -> str:
    """A hash of the pixels; of a set that lies in a file, the file's name, size and time of writing.

    >>> image_identity(data.train) == image_identity(data.train.subset(range(len(data.train))))
    True
    """
    pixels = images.rows
    digest = hashlib.sha256(repr(tuple(pixels.shape)).encode())
    file = mapped_file(pixels)
    if file is None:
        digest.update(_bytes(pixels))
    else:
        written = file.path.stat()
        digest.update(f"{file.path.resolve()} {written.st_size} {written.st_mtime_ns} {written.st_ino}".encode())
        digest.update(f"{pixels.storage_offset()} {pixels.stride()}".encode())
    return digest.hexdigest()


def _whole_numbers(tensor: Tensor) -> Tensor:
    """The bits of a tensor as the widest whole numbers that they fill, without a copy where they lie densely."""
    last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    flat = (tensor.detach().permute(0, 2, 3, 1) if last else tensor.detach()).reshape(-1)
    size = next(size for size in (8, 4, 2, 1) if flat.nbytes % size == 0 and flat.data_ptr() % size == 0)
    # Only numbers of one byte can be read as wider ones wherever they lie.
    return flat.view(torch.uint8).view({8: torch.int64, 4: torch.int32, 2: torch.int16, 1: torch.uint8}[size])


def _bytes(tensor: Tensor) -> memoryview:
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
