"""Sound files of every kind, made when a test asks for them."""

import struct
import wave
from pathlib import Path

import numpy as np

RATE = 16_000


def sine(seconds: float = 1.0, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def whole(values: np.ndarray, width: int) -> bytes:
    """Floats within -1…1 as whole numbers of so many bytes, as a WAV file holds them."""
    if width == 1:
        return np.round(values * 127 + 128).astype(np.uint8).tobytes()
    wide = np.round(values * (2 ** (8 * width - 1) - 1)).astype("<i8")
    return wide[..., None].view(np.uint8)[..., :width].tobytes()


def wav(path: Path, values: np.ndarray, rate: int = RATE, width: int = 2) -> Path:
    """`values` are `(T,)` or `(T, channels)`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if values.ndim == 1 else values.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(whole(values, width))
    return path


def patched(path: Path, source: Path, offset: int, value: bytes) -> Path:
    """A WAV file with other bytes in its header: 22 channels (2), 24 rate (4), 40 bytes of sound (4)."""
    data = bytearray(source.read_bytes())
    data[offset : offset + len(value)] = value
    path.write_bytes(data)
    return path


def hours(path: Path, source: Path, number: int) -> Path:
    """Hours of silence that take no room on the disk."""
    size = 2 * number * 3_600 * RATE
    patched(path, patched(path, source, 4, struct.pack("<I", size + 36)), 40, struct.pack("<I", size))
    with open(path, "r+b") as file:
        file.truncate(44)
        file.truncate(44 + size)
    return path
