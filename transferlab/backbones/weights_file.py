"""Reading files of weights from anywhere, and never running what is in them.

safetensors holds tensors and text only; a pickle is a program, and is read with `weights_only=True`, which refuses all
but tensors and containers. Every way in which a file can be wrong ends in a ValueError that names the file. Left out:
downloading, and the .npz files of JAX.
"""

import argparse
import contextlib
import pickle
import pickletools
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from transferlab.backbones.names import SUFFIXES
from transferlab.errors import did_you_mean

HEADER_LIMIT = 100_000_000  # bytes; the limit of the safetensors format itself
# Where training scripts keep the state dict, averaged weights first, as timm reads its own checkpoints.
WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and torch.compile


@dataclass(frozen=True)
class WeightsFile:
    """The tensors of a file by name, on the CPU, and the text that a safetensors file carries beside them.

    >>> read_weights("mine.safetensors").tensors["fc.bias"].shape
    torch.Size([8])
    """

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)


def read_weights(path: str | Path) -> WeightsFile:
    """Read a .safetensors file, or a checkpoint (.pt, .pth, .bin) that holds nothing but tensors and containers.

        >>> read_weights("checkpoint.pth").tensors

    State dicts wrapped as `{"state_dict": …}` or `{"model": …}` are unwrapped, and a `module.` in front of every name
    (DataParallel) or `_orig_mod.` (torch.compile) is taken off.

    Raises:
        ValueError: no such file, a folder, empty, truncated, of another kind, or a pickle that holds code.
    """
    path = checked_path(path)
    if path.suffix.lower() == ".safetensors":
        tensors, metadata = _read_safetensors(path)
    else:
        tensors, metadata = _read_pickle(path), {}
    if not tensors:
        raise ValueError(f"'{path}' holds no tensors.")
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in tensors)), ""):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return WeightsFile(path, tensors, metadata)


def checked_path(path: str | Path) -> Path:
    """The path, if a weights file could be there.

        >>> checked_path("mine.safetensorz")
        ValueError: 'mine.safetensorz' is no weights file by its name; …

    Raises:
        ValueError: no such file (with a similar one beside it), a folder, an empty file, or another ending.
    """
    if not isinstance(path, str | Path) or not str(path):
        raise ValueError(f"A weights file is given as a path; you gave {path!r}.")
    path = Path(path).expanduser()
    folder = path if path.is_dir() else path.parent
    beside = sorted(p.name for p in folder.iterdir() if p.name.lower().endswith(SUFFIXES)) if folder.is_dir() else []
    listing = f" Weights in '{folder}': {', '.join(beside[:10])}{', …' if len(beside) > 10 else ''}." if beside else ""
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; give one file in it.{listing}")
    if not path.exists():
        where = "" if folder.is_dir() else f" There is no folder '{folder}' either."
        raise ValueError(f"No file '{path}'.{where}{listing}{did_you_mean(path.name, beside)}")
    if not path.name.lower().endswith(SUFFIXES):
        raise ValueError(f"'{path}' is no weights file by its name; those end with {', '.join(SUFFIXES)}.{listing}")
    if not path.is_file():
        raise ValueError(f"'{path}' is not an ordinary file.")
    if path.stat().st_size == 0:
        raise ValueError(f"'{path}' is empty. Copy or download it again.")
    return path


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    size = path.stat().st_size
    try:
        with open(path, "rb") as opened:
            start = opened.read(9)
        header = int.from_bytes(start[:8], "little")
        if len(start) < 9 or start[8:] != b"{":
            raise ValueError(f"'{path}' is not in the safetensors format, whatever its name says.")
        if header > min(size - 8, HEADER_LIMIT):
            raise ValueError(
                f"'{path}' is broken: it announces a header of {header:,} bytes and has {size:,} bytes in all. "
                "Copy or download it again."
            )
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except OSError as error:
        raise ValueError(f"'{path}' cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise ValueError(f"'{path}' is broken or cut off ({error}). Copy or download it again.") from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    # Many training scripts keep their arguments beside the weights; a Namespace is a bag of values and runs nothing.
    allowed = getattr(torch.serialization, "safe_globals", None)
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"'{path}' cannot be read: {error.strerror or error}.") from error
    try:
        with allowed([argparse.Namespace]) if allowed else contextlib.nullcontext(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch asks to report pickles of newer protocols to it
            held = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError as error:
        raise ValueError(f"'{path}' asks for more memory than this machine has.") from error
    except Exception as error:  # a broken pickle may raise nearly anything
        raise _refusal(path, error) from error
    if isinstance(held, Mapping):
        held = next((held[key] for key in WRAPPERS if isinstance(held.get(key), Mapping)), held)
    if not isinstance(held, Mapping):
        raise ValueError(f"'{path}' holds a {type(held).__name__}, not a state dict (names and their tensors).")
    tensors = {str(name): value for name, value in held.items() if isinstance(value, Tensor)}
    if not tensors:
        keys = ", ".join(str(key) for key in list(held)[:10])
        places = ", ".join(WRAPPERS)
        raise ValueError(
            f"'{path}' holds no state dict, neither as a whole nor in {places}; it has: {keys or 'nothing'}."
        )
    return tensors


def _refusal(path: Path, error: Exception) -> ValueError:
    message = str(error)
    named = re.search(r"GLOBAL ([\w.]+)|Unsupported class ([\w.]+)|reduce on ([\w.<>' ]+)", message)
    what = next(filter(None, named.groups())) if named else ""
    if "TorchScript" in message:
        what = "a TorchScript program"
    elif isinstance(error, pickle.UnpicklingError) and not what and _calls_something(path):
        what = "pickled calls"
    if what:
        return ValueError(
            f"'{path}' was refused and nothing in it was run: it holds code ({what}), not only tensors. Ask its author "
            "for a .safetensors file, or, if you trust it, open it yourself once and re-save its weights with "
            "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')."
        )
    return ValueError(
        f"'{path}' is broken, cut off, or no PyTorch checkpoint ({type(error).__name__}). Copy or download it again."
    )


def _calls_something(path: Path) -> bool:
    """Whether a bare pickle names a function or class before it ends or breaks; it is only looked at, not run."""
    names = {"GLOBAL", "STACK_GLOBAL", "INST", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "BUILD"}
    with open(path, "rb") as file, contextlib.suppress(Exception):  # random bytes break it in any way
        return any(opcode.name in names for opcode, _, _ in pickletools.genops(file))
    return False
