"""One image file of any kind to one small uint8 RGB square.

Files come from strangers: they are renamed, cut short, far too large, or made to do harm. So the formats are a short
list, the size is checked before anything is unpacked, and whatever a decoder raises becomes one sentence. Pixels: the
centre square, resized with antialiasing (bilinear, as torchvision's `Resize`), turned upright as its EXIF tag says,
transparency laid on white. Left out: colour profiles (CMYK is converted without one), HEIC and AVIF, later frames of
an animation.
"""

import os
import stat
import threading
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

EXTENSIONS = (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
MAX_PIXELS = 89_478_485  # Pillow's own limit for a decompression bomb: 256 MB of RGB
MAX_FILE_BYTES = 200_000_000
MAX_THREADS = 8  # more only wait for the disk, and each holds an unpacked picture
MAX_SIZE = 4096  # of the result: 48 MB an image
LARGE_PIXELS = 16_000_000  # above it images are unpacked one at a time, so that many threads cannot fill the memory
VERSION = 1  # part of the cache's key: raise it whenever the same file would give other pixels

_one_large_image = threading.Lock()
# EXIF orientation → what turns the picture upright (Exif 2.3, tag 0x0112)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(source: str | Path | bytes, size: int = 64) -> np.ndarray:
    """The picture in a file, or in the bytes of one, as uint8 `(3, size, size)`.

        >>> decode("ants/1.jpg", size=64).shape
        (3, 64, 64)

    The centre square is cut out and its side resized to `size`, which equals torchvision's resizing of the short side
    followed by `CenterCrop`, without the memory that a very long picture would take. JPEG files are unpacked at 1/2,
    1/4 or 1/8 of their size where that is still at least twice `size`. Greyscale is repeated into three channels.
    Integers of 16 or 32 bits and floats are scaled from the smallest of 0…255, 0…4095, 0…65535 (floats also 0…1) that
    holds the whole picture, and from their own range where they are negative or larger.

    Raises ValueError with the reason, in one line, for whatever cannot be read: nothing else is ever raised.
    """
    try:
        stream = BytesIO(source) if isinstance(source, bytes) else _checked(Path(source))
        with Image.open(stream, formats=FORMATS) as image:
            return pixels(image, size)
    except Exception as error:  # decoders raise anything on broken files: SyntaxError, struct.error, KeyError …
        raise ValueError(_reason(error, source)) from error


def reading_threads() -> int:
    """How many files to unpack at once: Pillow releases Python's lock, so that each thread uses a core.

    >>> reading_threads()
    4
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_THREADS, cores)


def _checked(path: Path) -> Path:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a file but a folder, pipe or device")  # reading a pipe would wait for ever
    if status.st_size == 0:
        raise ValueError("empty file")
    if status.st_size > MAX_FILE_BYTES:
        raise ValueError(f"file of {status.st_size / 1e6:,.0f} MB; at most {MAX_FILE_BYTES / 1e6:,.0f} MB are read")
    return path


def check_size(size: object) -> None:
    """Raise ValueError unless `size` can be the side of a picture in pixels.

    >>> check_size(64)
    """
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
        raise ValueError(f"size is the side of the images in pixels, from 1 to {MAX_SIZE}; you gave {size!r}.")


def pixels(image: Image.Image, size: int = 64) -> np.ndarray:
    """An opened Pillow image as uint8 `(3, size, size)`, treated as `decode` treats a file.

        >>> pixels(Image.open("ants/1.jpg")).shape
        (3, 64, 64)

    Raises ValueError for too many pixels, and whatever Pillow raises for a broken file.
    """
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width:,} × {image.height:,} pixels; at most {MAX_PIXELS:,} in all are read")
    image.draft(None, (2 * size, 2 * size))  # JPEG only: 2 × keeps the antialiasing's quality
    with _one_large_image if image.width * image.height > LARGE_PIXELS else nullcontext():
        image.load()
        orientation = _orientation(image)
        image = _resized(image, size)
    if orientation in _UPRIGHT:  # turning a centre square after resizing it is the same, and cheaper
        image = image.transpose(_UPRIGHT[orientation])
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))  # (3, size, size)


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # a damaged tag is no reason to lose the picture
        return 1


def _resized(image: Image.Image, size: int) -> Image.Image:
    """The centre square in RGB at `size` × `size`."""
    if image.mode.startswith("I") or image.mode == "F":
        return _from_numbers(image, size)
    if image.has_transparency_data:
        # Pillow weighs colours by their opacity when it resizes RGBA, so that hidden colours do not bleed.
        small = _square(image.convert("RGBA"), size)
        return Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return _square(image if image.mode in ("L", "RGB") else image.convert("RGB"), size).convert("RGB")


def _square(image: Image.Image, size: int) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))


def _from_numbers(image: Image.Image, size: int) -> Image.Image:
    """Pictures of 16-bit or 32-bit integers or floats: thermal cameras, microscopes, scanners."""
    values = np.asarray(image, dtype=np.float32)  # numpy, since Pillow cannot ask a big-endian picture for its range
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("holds no finite number")
    low, high = float(values[finite].min()), float(values[finite].max())
    values = np.where(finite, values, low)
    # The range is the file's, not the picture's: stretching each picture would make dark and bright ones look alike.
    ranges = (1, 255, 4095, 65535) if image.mode == "F" else (255, 4095, 65535)
    if low >= 0 and high <= ranges[-1]:
        low, high = 0, next(limit for limit in ranges if high <= limit)
    small = np.asarray(_square(Image.fromarray(values), size), dtype=np.float64)
    grey = (small - low) / max(high - low, 1e-30) * 255
    return Image.fromarray(grey.round().clip(0, 255).astype(np.uint8)).convert("RGB")


def _reason(error: Exception, source: str | Path | bytes) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, UnidentifiedImageError):
        return _really(source) or f"not a picture of a format that is read ({', '.join(FORMATS)}), or damaged"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too many pixels; at most {MAX_PIXELS:,} are read"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if "truncated" in text.lower():
        return f"cut short ({text})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return text[:200] if type(error) is ValueError and text else f"damaged ({type(error).__name__}: {text[:200]})"


def _really(source: str | Path | bytes) -> str:
    """What a file with an image's name is instead, where its first bytes tell."""
    try:
        if isinstance(source, bytes):
            start = source[:256]
        else:
            with open(source, "rb") as file:
                start = file.read(256)
    except OSError as error:
        return "no permission to read it" if isinstance(error, PermissionError) else ""
    text = start.lstrip().lower()
    if start[4:8] == b"ftyp":
        return "HEIC, AVIF or a video: save it as JPEG or PNG"
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the picture itself: type `git lfs pull`"
    for sign, kind in ((b"<!doctype html", "a web page"), (b"<html", "a web page"), (b"<svg", "an SVG drawing"),
                       (b"%pdf", "a PDF"), (b"pk\x03\x04", "a zip file"), (b"<?xml", "an XML file")):  # fmt: skip
        if text.startswith(sign):
            return f"{kind} under an image's name"
    return ""
