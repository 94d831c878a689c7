"""Tensors that are computed once and read often: in memory where they fit, else in a file, else not kept at all.

The file has no name, so that it vanishes with the process, however that ends. Rows are written with plain calls and
not through a map: on a full disk a map kills the process, while a plain write raises an error, after which nothing is
kept any more. Left out: files that outlive the process.
"""

import tempfile
from pathlib import Path

import torch
from torch import Tensor

from transferlab.data.store import cache_folder, check_room


class KeptRows:
    """`count` rows of one shape, written in any order.

        >>> rows = KeptRows(2000, (256,), torch.float32, budget=500_000_000)
        >>> rows.write(torch.tensor([3, 7]), values)       # (2, 256)
        >>> rows.read(torch.tensor([7]))                   # (1, 256)

    `where` is "memory", "file" or "nowhere", and then `reason` says why. `present` (bool, `(count,)`) marks what was
    written, and `is_full` says that nothing is missing. `budget` is in bytes; `folder` is where a file goes, by default
    the user's cache folder. `memory_format` is a note for whoever reads: how batches of rows should lie in memory.
    """

    def __init__(
        self, count: int, shape: tuple[int, ...], dtype: torch.dtype, budget: int, folder: str | Path | None = None
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self.present = torch.zeros(count, dtype=torch.bool)
        self.is_full = False
        self.row_bytes = torch.empty(shape, dtype=dtype, device="meta").nbytes
        self.num_bytes = count * self.row_bytes
        self.where, self.reason = "memory", ""
        self.memory_format = torch.contiguous_format
        self._memory = self._file = None
        if self.num_bytes <= budget:
            self._memory = torch.empty(count, *shape, dtype=dtype)
            return
        try:
            place = cache_folder(folder)
            check_room(place, self.num_bytes)
            self._file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115  it lives as long as this object
            self.where = "file"
        except OSError as error:
            self._give_up(f"{self.num_bytes / 1e6:,.0f} MB are more than the {budget / 1e6:,.0f} MB of memory; {error}")

    def write(self, rows: Tensor, values: Tensor) -> None:
        """Keep `values` as the rows at `rows`, int64 `(B,)`. On a full disk all rows are given up."""
        values = values.detach().to("cpu", self.dtype)
        if self._memory is not None:
            self._memory[rows] = values
        elif self._file is not None:
            try:
                for row, value in zip(rows.tolist(), values, strict=True):
                    self._file.seek(row * self.row_bytes)
                    self._file.write(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
                self._file.flush()
            except OSError as error:
                self._give_up(f"the disk took no more: {error}")
                return
        else:
            return
        self.present[rows] = True
        self.is_full = bool(self.present.all())

    def read(self, rows: Tensor) -> Tensor:
        """The rows at `rows`, which must be present: a copy `(B, *shape)` on the CPU."""
        if self._memory is not None:
            return self._memory[rows]
        assert self._file is not None, "nothing is present where nothing is kept"
        values = torch.empty(len(rows), *self.shape, dtype=self.dtype)
        for row, value in zip(rows.tolist(), values, strict=True):
            self._file.seek(row * self.row_bytes)
            read = bytearray(self._file.read(self.row_bytes))
            value.copy_(torch.frombuffer(read, dtype=self.dtype).view(self.shape))
        return values

    def forget(self) -> None:
        """Nothing is present any more; what is written next takes its place."""
        self.present.zero_()
        self.is_full = False

    def _give_up(self, reason: str) -> None:
        self.where, self.reason = "nowhere", reason
        self.forget()
        self._memory = self._file = None
