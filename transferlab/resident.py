"""Images where a GPU finds them: for the length of a run on the device, or one batch at a time on the way there.

    copies = DeviceCopies("cuda")
    images = copies.of(data.train)                   # an ImageSet of the same images, its pixels on the device
    x = rows_of(images.images, index)                # nothing crosses over, and nothing waits

uint8 pixels are small: 20,000 images of 64×64 take 246 MB. Where they fit into a safe share of the free memory, a batch
is one indexing on the device; where they do not, it travels from pinned memory while the device computes. The copies
are the run's own: the caller's set stays where it is. Left out: sets that lie in a file, which workers read ahead
(data/read_ahead.py), and Apple's GPUs, whose memory is the processor's own. On a processor nothing is copied.
"""

import torch
from torch import Tensor

from transferlab.data.labelled import LabelledSet
from transferlab.data.store import is_mapped
from transferlab.out_of_memory import free_memory

SHARE = 0.25  # of the free memory, for all sets together: a batch's activations want most of the rest


class DeviceCopies:
    """Copies of image sets on the device of one run, each made when it is first asked for.

        >>> copies = DeviceCopies("cuda")
        >>> copies.of(data.train).images.device
        device(type='cuda', index=0)
        >>> copies.clear()                           # the memory is free as soon as nobody holds one

    Who asks first has the room: training images before held-out ones. What does not fit comes back as it was given.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self._room: int | None = None
        self._copies: dict[int, tuple[LabelledSet, LabelledSet]] = {}  # by identity, with the set that it is a copy of

    def of(self, images: LabelledSet) -> LabelledSet:
        """The set with its pixels on the device, or the very set that was given where it stays."""
        if id(images) not in self._copies:
            self._copies[id(images)] = images, self._copied(images)
        return self._copies[id(images)][1]

    def clear(self) -> None:
        """Let all copies go."""
        self._copies.clear()
        self._room = None

    def _copied(self, images: LabelledSet) -> LabelledSet:
        pixels = images.rows
        if self._room is None:
            self._room = int(SHARE * free_bytes(self.device))
        if is_mapped(pixels) or pixels.nbytes > self._room or pixels.device.type == "cuda":
            return images
        try:
            copied = pixels.to(self.device, copy=True)
        except torch.OutOfMemoryError:  # the free memory lay in pieces, or another process was quicker
            free_memory(self.device)
            return images
        self._room -= pixels.nbytes
        return images.with_rows(copied)


def free_bytes(device: str) -> int:
    """What a CUDA device has free, with what torch holds there for nobody; 0 for any other kind of device.

    >>> free_bytes("cpu")
    0
    """
    if torch.device(device).type != "cuda":
        return 0
    with torch.cuda.device(device):
        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def rows_of(tensor: Tensor, index: Tensor) -> Tensor:
    """`tensor[index]` for positions on the CPU, int64 `(B,)`, without waiting for the device where the tensor lies.

    >>> rows_of(images.images, torch.tensor([4, 7]))
    """
    # torch moves an index by itself, but then lets the processor wait until the device has taken it.
    return tensor[index.to(tensor.device, non_blocking=True)]


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; on its way to a GPU through pinned memory, so that the processor need not wait.

    >>> x = moved(pixels, next(model.parameters()).device)
    """
    if device.type == "cuda" and tensor.device.type == "cpu" and not tensor.is_pinned():
        tensor = tensor.pin_memory()  # torch keeps these pages until the device has read them
    return tensor.to(device, non_blocking=True)
