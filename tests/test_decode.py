import os
import random
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from transferlab.data import decode as module
from transferlab.data.decode import check_size, decode, pixels, reading_threads

EXIF_ORIENTATION = 0x0112


def noise(*shape, high=256, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def smooth(width=96, height=64):
    """A picture without fine detail, in which JPEG loses little and every corner differs."""
    small = Image.fromarray(noise(4, 6, 3))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def saved(image, kind="PNG", **options):
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def channels_first(image):
    return np.asarray(image.convert("RGB")).transpose(2, 0, 1)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width, height):
    """A PNG of a size that no one should unpack, in a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def test_a_picture_of_the_right_size_comes_as_it_is():
    values = noise(8, 8, 3)
    result = decode(saved(Image.fromarray(values)), size=8)
    assert np.array_equal(result, values.transpose(2, 0, 1))
    assert result.dtype == np.uint8
    assert result.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(
    "given", [str, lambda path: path, lambda path: path.read_bytes()], ids=["str", "Path", "bytes"]
)
def test_files_and_bytes_are_read_alike(tmp_path, given):
    path = tmp_path / "été.png"
    path.write_bytes(saved(smooth(8, 8)))
    assert np.array_equal(decode(given(path), 8), channels_first(smooth(8, 8)))


@pytest.mark.parametrize("shape", [(128, 192), (192, 128), (128, 128), (32, 64), (640, 128)])
def test_the_centre_square_is_torchvisions_resize_and_crop(shape):
    image = Image.fromarray(noise(*shape, 3))
    expected = TF.center_crop(TF.resize(image, [64], InterpolationMode.BILINEAR, antialias=True), [64, 64])
    difference = np.abs(decode(saved(image)).astype(int) - channels_first(expected))
    assert difference.max() <= 1  # the rounding of Pillow's two passes


def test_a_very_long_picture_is_its_middle():
    image = Image.new("RGB", (3001, 8), "red")
    image.paste("blue", (1496, 0, 1505, 8))
    assert decode(saved(image), 8)[:, 4, 4].tolist() == [0, 0, 255]
    assert decode(saved(Image.new("RGB", (1, 5000), "red")), 8)[0].min() == 255


def test_one_pixel_fills_the_square():
    assert (decode(saved(Image.new("RGB", (1, 1), (1, 2, 3))), 5) == np.array([1, 2, 3]).reshape(3, 1, 1)).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_every_format_whatever_the_file_is_called(tmp_path, kind):
    path = tmp_path / ("renamed.png" if kind == "JPEG" else "renamed.jpg")
    path.write_bytes(saved(smooth(), kind, **({"lossless": True} if kind == "WEBP" else {})))
    difference = np.abs(decode(path, 64).astype(int) - decode(saved(smooth()), 64))
    assert difference.mean() < {"JPEG": 3, "GIF": 12}.get(kind, 0.01)


def test_greyscale_is_repeated():
    values = noise(8, 8)
    assert np.array_equal(decode(saved(Image.fromarray(values)), 8), np.stack([values] * 3))


def test_black_and_white():
    image = Image.fromarray(noise(8, 8)).convert("1")
    assert np.array_equal(decode(saved(image), 8), channels_first(image))


def test_palettes_are_colours_and_not_their_numbers():
    image = smooth(8, 8).quantize(16)
    assert image.mode == "P"
    assert np.array_equal(decode(saved(image), 8), channels_first(image))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode):
    image = Image.new("RGBA", (2, 1))
    image.putdata([(0, 0, 0, 0), (100, 100, 100, 255)])
    if mode == "PA":
        stream = saved(image.resize((2, 2), Image.Resampling.NEAREST).quantize(4))
    else:
        stream = saved(image.resize((2, 2), Image.Resampling.NEAREST).convert(mode))
    result = decode(stream, 2)
    assert result[:, 0, 0].tolist() == [255, 255, 255]
    assert result[:, 0, 1].tolist() == [100, 100, 100]


def test_half_transparent_is_half_white():
    image = Image.new("RGBA", (4, 4), (0, 100, 200, 51))  # a fifth
    expected = [0.8 * 255 + 0.2 * value for value in (0, 100, 200)]
    assert np.abs(decode(saved(image), 4)[:, 0, 0] - np.array(expected)).max() <= 1


def test_hidden_colours_do_not_bleed_into_the_edge():
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))  # invisible red
    image.paste((0, 0, 255, 255), (0, 0, 31, 64))
    result = decode(saved(image), 8).astype(int)
    assert (result[0] <= result[1] + 1).all(), "no pixel is redder than it is green"


def test_transparency_in_a_palette_and_by_colour():
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert decode(saved(image, transparency=1), 2)[:, 0, 0].tolist() == [255, 255, 255]
    assert decode(saved(image, "GIF", transparency=1), 2)[:, 0, 0].tolist() == [255, 255, 255]
    plain = Image.new("RGB", (2, 2), (10, 20, 30))
    assert decode(saved(plain, transparency=(10, 20, 30)), 2)[:, 0, 0].tolist() == [255, 255, 255]


def test_cmyk_is_converted():
    image = smooth().convert("CMYK")
    assert np.array_equal(decode(saved(image, "TIFF"), 64), decode(saved(image.convert("RGB")), 64))
    jpeg = decode(saved(image, "JPEG", quality=95), 64).astype(int)
    assert np.abs(jpeg - decode(saved(smooth()), 64)).mean() < 6


def test_sixteen_bits_keep_their_upper_eight():
    values = noise(8, 8, high=65536, dtype=np.uint16)
    values[0, 0] = 65535  # the picture needs the whole range
    expected = (values / 65535 * 255).round().astype(np.uint8)
    for stream in (saved(Image.fromarray(values)), saved(Image.fromarray(values), "TIFF")):
        assert np.array_equal(decode(stream, 8), np.stack([expected] * 3))


def test_big_endian_sixteen_bits():
    values = noise(4, 4, high=65536, dtype=np.uint16)
    values[0, 0] = 65535
    pgm = b"P5 4 4 65535\n" + values.astype(">u2").tobytes()
    assert np.array_equal(decode(pgm, 4)[0], (values / 65535 * 255).round().astype(np.uint8))
    big = Image.frombytes("I;16B", (4, 4), values.astype(">u2").tobytes())
    assert np.array_equal(decode(saved(big, "TIFF"), 4)[0], (values / 65535 * 255).round().astype(np.uint8))


@pytest.mark.parametrize(("high", "limit"), [(200, 255), (4000, 4095), (40000, 65535)])
def test_numbers_are_scaled_by_the_smallest_range_that_holds_them(high, limit):
    values = np.array([[0, high // 2], [high // 4, high]], dtype=np.uint16)
    expected = (values / limit * 255).round().astype(np.uint8)
    assert np.array_equal(decode(saved(Image.fromarray(values)), 2)[1], expected)
    assert np.array_equal(decode(saved(Image.fromarray(values.astype(np.int32)), "TIFF"), 2)[1], expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.0, 0.5], [0.25, 1.0]], [[0, 128], [64, 255]]),
        ([[0.0, 255.0], [51.0, 102.0]], [[0, 255], [51, 102]]),
        ([[-1.0, 1.0], [0.0, 0.0]], [[0, 255], [128, 128]]),  # from their own range
        ([[1e6, 3e6], [2e6, 1e6]], [[0, 255], [128, 0]]),
        ([[0.0, float("nan")], [1.0, float("inf")]], [[0, 0], [255, 0]]),
        ([[-5.0, -5.0], [-5.0, -5.0]], [[0, 0], [0, 0]]),
    ],
)
def test_floats(values, expected):
    image = Image.fromarray(np.array(values, dtype=np.float32))
    assert decode(saved(image, "TIFF"), 2)[0].tolist() == expected


def test_floats_without_a_number_are_refused():
    with pytest.raises(ValueError, match="holds no finite number"):
        decode(saved(Image.fromarray(np.full((2, 2), np.nan, dtype=np.float32)), "TIFF"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_tag_says(orientation):
    image = smooth(96, 64)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 95}), ("TIFF", {})):
        stream = saved(image, kind, exif=exif, **options)
        upright = ImageOps.exif_transpose(Image.open(BytesIO(stream)))
        assert (upright.size == (64, 96)) == (orientation >= 5)
        # Turned before it is resized, or after: the two roundings differ by a step.
        difference = np.abs(decode(stream, 64).astype(int) - decode(saved(upright), 64))
        assert difference.max() <= 2, (kind, orientation)


def test_an_impossible_orientation_is_none():
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 99
    image = smooth(8, 8)
    assert np.array_equal(decode(saved(image, exif=exif), 8), channels_first(image))


def test_a_large_jpeg_unpacked_small_looks_as_if_it_were_unpacked_whole():
    image = smooth(1200, 900)
    stream = saved(image, "JPEG", quality=95)
    opened = Image.open(BytesIO(stream))
    opened.load()
    whole = np.asarray(opened.crop((150, 0, 1050, 900)).resize((64, 64), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.abs(decode(stream, 64).astype(int) - whole).mean() < 1


def test_phones_that_put_two_pictures_in_a_jpeg():
    stream = saved(smooth(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))])
    assert np.abs(decode(stream, 64).astype(int) - decode(saved(smooth()), 64)).mean() < 3


def test_an_animation_is_its_first_frame():
    stream = saved(Image.new("P", (4, 4)), "GIF", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")])
    assert decode(stream, 4).max() == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a picture of a format that is read"),
        (b"hello, I am a text", r"not a picture of a format that is read \(JPEG, PNG"),
        (b"<!DOCTYPE html><html>404</html>", "a web page under an image's name"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04....", "a zip file"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "type `git lfs pull`"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC, AVIF or a video: save it as JPEG or PNG"),
        (saved(smooth(), "JPEG")[:200], "cut short|damaged|not a picture"),
        (saved(smooth(), "JPEG")[:-200], "cut short"),
        (saved(smooth())[:300], "cut short|damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged|not a picture"),
        (saved(Image.new("RGBA", (16, 16)), "ICO"), "not a picture"),  # Pillow would read it; few people mean it
        (png_header(10_000, 10_000), "10,000 × 10,000 pixels; at most 89,478,485"),
        (png_header(100_000, 100_000), "too many pixels; at most 89,478,485 are read"),
        (png_header(0, 0), "damaged|not a picture"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_gets_its_reason(tmp_path, content, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        decode(content)
    assert "\n" not in str(caught.value)
    if content:
        (tmp_path / "1.jpg").write_bytes(content)
        with pytest.raises(ValueError, match=sentence):
            decode(tmp_path / "1.jpg")


def test_an_empty_file(tmp_path):
    (tmp_path / "1.jpg").touch()
    with pytest.raises(ValueError, match=r"^empty file$"):
        decode(tmp_path / "1.jpg")


def test_what_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="not a file but a folder"):
        decode(tmp_path)
    with pytest.raises(ValueError, match="no such file or directory"):
        decode(tmp_path / "1.jpg")
    with pytest.raises(ValueError, match="null"):
        decode("a\0b.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.jpg")
    with pytest.raises(ValueError, match="pipe"):
        decode(tmp_path / "1.jpg")


def test_a_file_of_many_gigabytes_is_not_opened(tmp_path):
    with open(tmp_path / "1.jpg", "wb") as file:
        file.truncate(300_000_000)  # without taking room on the disk
    with pytest.raises(ValueError, match="file of 300 MB; at most 200 MB are read"):
        decode(tmp_path / "1.jpg")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "1.jpg"
    path.write_bytes(saved(smooth()))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.Image, "open", refuse)  # root may read anything, and tests may run as root
    with pytest.raises(ValueError, match="no permission to read it"):
        decode(path)


def test_too_little_memory_is_a_reason_too(monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(module, "pixels", fail)
    with pytest.raises(ValueError, match="too large for the memory"):
        decode(saved(smooth()))


def test_a_large_picture_is_read_by_one_thread_at_a_time(monkeypatch):
    monkeypatch.setattr(module, "LARGE_PIXELS", 10)
    seen = []
    resized = module._resized

    def watched(image, size):
        seen.append(module._one_large_image.locked())
        return resized(image, size)

    monkeypatch.setattr(module, "_resized", watched)
    decode(saved(smooth()))
    assert seen == [True]
    assert not module._one_large_image.locked()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.filterwarnings("ignore")
def test_damage_of_any_kind_is_a_sentence_or_a_picture(kind):
    draw = random.Random(0)
    whole = saved(smooth(24, 24), kind)
    failures = []
    for _ in range(60):
        content = bytearray(whole[: draw.randrange(len(whole))] if draw.random() < 0.5 else whole)
        for _ in range(draw.randrange(4)):
            if content:
                content[draw.randrange(len(content))] = draw.randrange(256)
        try:
            result = decode(bytes(content), 16)
        except ValueError as error:
            failures.append(str(error))
        else:
            assert result.shape == (3, 16, 16)
    assert len(failures) > 5
    assert all(len(reason.splitlines()) == 1 for reason in failures)


def test_opened_pictures_are_treated_as_files_are():
    image = Image.fromarray(noise(20, 30, 3))
    assert np.array_equal(pixels(image, 16), decode(saved(image), 16))
    assert np.array_equal(torch.from_numpy(pixels(image, 20)), TF.pil_to_tensor(TF.center_crop(image, [20, 20])))


def test_sizes():
    check_size(1)
    check_size(4096)
    for wrong in (0, -3, 4097, 64.0, "64", True, None):
        with pytest.raises(ValueError, match="side of the images in pixels, from 1 to 4096; you gave"):
            check_size(wrong)


def test_threads_are_some_but_not_many():
    assert 1 <= reading_threads() <= 8
