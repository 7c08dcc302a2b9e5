import struct
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps

from vino.errors import InputError
from vino.media import Frames, Limits, MediaWarning, read_picture

from .making import chunk, moving, png

RED = (200, 100, 50)


def colors(source) -> list[list[int]]:
    """The pixels of the first row."""
    picture = read_picture(source)
    assert picture.size.frames == 1 and picture.pixels.dtype == np.uint8
    return picture.pixels[0, 0].tolist()


@pytest.fixture
def scene() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (13, 7, 3), dtype=np.uint8))


@pytest.mark.parametrize("ending", ["png", "bmp", "ppm", "tif", "webp", "gif", "avif", "jpg"])
def test_formats(tmp_path, scene, ending):
    path = tmp_path / f"a.{ending}"
    plain = Image.new("RGB", (13, 7), RED)
    lossless = {"lossless": True} if ending == "webp" else {}
    plain.save(path, **lossless)
    pixels = read_picture(path).pixels
    assert pixels.shape == (1, 7, 13, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= (3 if ending in ("avif", "jpg") else 0)


def test_what_it_is_is_told_by_content(tmp_path, scene):
    path = tmp_path / "a.jpg"
    scene.save(path, "PNG")
    assert np.array_equal(read_picture(path).pixels[0], np.asarray(scene))
    assert np.array_equal(read_picture(str(path)).pixels[0], np.asarray(scene))


@pytest.mark.parametrize("mode", ["P", "CMYK", "HSV", "RGBA", "RGBa", "PA", "RGBX"])
def test_modes(mode):
    plain = Image.new("RGB", (3, 2), RED)
    image = plain.convert("P").convert("PA") if mode == "PA" else plain.convert(mode)
    assert np.abs(np.array(colors(image)) - RED).max() <= (4 if "P" in mode else 1)


@pytest.mark.parametrize(("mode", "level"), [("1", 255), ("L", 77), ("LA", 77)])
def test_gray(mode, level):
    assert colors(Image.new("L", (2, 1), level).convert(mode)) == [[level] * 3] * 2


def test_cmyk_jpeg(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert np.abs(np.array(colors(tmp_path / "a.jpg")) - (255, 0, 0)).max() <= 2


def test_alpha_is_composited_on_white(tmp_path):
    image = Image.new("RGBA", (3, 1))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (255, 0, 0, alpha))
    image.save(tmp_path / "a.png")
    assert colors(tmp_path / "a.png") == [[255, 255, 255], [255, 127, 127], [255, 0, 0]]


def test_palette_with_transparency(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "one.png", transparency=0)
    image.save(tmp_path / "levels.png", transparency=bytes([128, 255]))
    image.save(tmp_path / "one.gif", transparency=0)
    assert colors(tmp_path / "one.png") == [[255, 255, 255], [0, 0, 255]]
    assert colors(tmp_path / "levels.png") == [[255, 127, 127], [0, 0, 255]]
    assert colors(tmp_path / "one.gif") == [[255, 255, 255], [0, 0, 255]]


@pytest.mark.parametrize(("mode", "color"), [("RGB", (255, 0, 0)), ("L", 10)])
def test_transparent_color(tmp_path, mode, color):
    Image.new(mode, (2, 2), color).save(tmp_path / "a.png", transparency=color)
    assert colors(tmp_path / "a.png") == [[255] * 3] * 2


SIXTEEN = [
    (0, [100 * 257], [100] * 3),
    (2, [65535, 100 * 257, 0], [255, 100, 0]),
    (4, [100 * 257, 65535], [100] * 3),
    (6, [65535, 0, 0, 0], [255] * 3),
]


@pytest.mark.parametrize(("color", "values", "expected"), SIXTEEN)
def test_sixteen_bits(tmp_path, color, values, expected):
    row = b"\0" + struct.pack(f">{len(values)}H", *values)
    (tmp_path / "a.png").write_bytes(png(1, 1, depth=16, color=color, rows=row))
    assert colors(tmp_path / "a.png") == [expected]


def test_sixteen_bit_gray_is_rounded_and_may_be_transparent(tmp_path):
    row = b"\0" + struct.pack(">4H", 0, 32768, 65535, 25700)
    extra = chunk(b"tRNS", struct.pack(">H", 25700))
    (tmp_path / "a.png").write_bytes(png(4, 1, depth=16, color=0, rows=row, extra=extra))
    assert [c[0] for c in colors(tmp_path / "a.png")] == [0, 128, 255, 255]
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 65535\n" + struct.pack(">2H", 25700, 65535))
    assert [c[0] for c in colors(tmp_path / "a.pgm")] == [100, 255]
    Image.new("I;16", (1, 1), 25700).save(tmp_path / "a.tif")
    assert colors(tmp_path / "a.tif") == [[100] * 3]


def test_float_tiff(tmp_path):
    Image.new("F", (1, 1), 0.5).save(tmp_path / "a.tif")
    assert colors(tmp_path / "a.tif") == [[128] * 3]
    Image.new("F", (1, 1), float("nan")).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="NaN"):
        read_picture(tmp_path / "a.tif")
    Image.new("I", (1, 1), 1 << 20).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="16 bits"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_exif_orientation(tmp_path, scene, ending, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{ending}"
    scene.save(path, exif=exif, **({"lossless": True} if ending == "webp" else {}))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    assert np.array_equal(read_picture(path).pixels[0], upright)
    assert np.array_equal(read_picture(Image.open(path)).pixels[0], upright)
    if ending == "png":
        assert upright.shape[:2] == ((13, 7) if orientation < 5 else (7, 13))


def test_damaged_exif_is_ignored(tmp_path, scene):
    scene.save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(read_picture(tmp_path / "a.png").pixels[0], np.asarray(scene))


ARRAYS = [
    (np.full((2, 3, 3), 7, np.uint8), 7),
    (np.full((2, 3), 7, np.uint8), 7),
    (np.full((2, 3, 1), 7, np.uint8), 7),
    (np.full((1, 2, 3, 3), 7, np.uint8), 7),
    (np.ones((2, 3), bool), 255),
    (np.full((2, 3, 3), 0.5, np.float32), 128),
    (np.full((2, 3, 3), 1.0, np.float64), 255),
    (np.full((2, 3, 3), 0.25, np.float16), 64),
    (np.full((2, 3, 3), 25700, np.uint16), 100),
    (np.zeros((2, 3, 4), np.uint8), 255),
    (np.full((2, 3, 4), 0.5), 191),
    (np.full((4, 6, 3), 7, np.uint8)[::2, ::2], 7),
]


@pytest.mark.parametrize(("array", "value"), ARRAYS)
def test_arrays(array, value):
    picture = read_picture(array)
    assert picture.pixels.shape == (1, 2, 3, 3)
    assert (picture.pixels == value).all()
    picture.picture()  # PIL takes it


BAD_ARRAYS = [
    (np.full((2, 3, 3), np.nan), "NaN"),
    (np.full((2, 3, 3), np.inf, np.float32), "NaN or infinite"),
    (np.full((2, 3, 3), -0.5), "-0.5"),
    (np.full((2, 3, 3), 200.0), "200"),
    (np.zeros((2, 3, 3), np.int64), "int64"),
    (np.zeros((2, 3, 3), complex), "complex"),
    (np.zeros((3, 20, 20), np.uint8), "channels last"),
    (np.zeros((2, 3, 2), np.uint8), "shape"),
    (np.zeros((0, 3, 3), np.uint8), "pixel"),
    (np.zeros(5, np.uint8), "shape"),
    (np.zeros((1, 1, 1, 2, 3), np.uint8), "shape"),
    (np.zeros((5, 4, 4, 3), np.uint8), "clip of 5"),
    (np.array([["a", "b"]]), "<U1"),
]


@pytest.mark.parametrize(("array", "words"), BAD_ARRAYS)
def test_arrays_that_are_refused(array, words):
    with pytest.raises(InputError, match=words):
        read_picture(array)


def test_frames_pass_through():
    picture = Frames(moving(1))
    assert read_picture(picture) is picture
    with pytest.raises(InputError, match="clip of 3"):
        read_picture(Frames(moving(3)))


@pytest.mark.parametrize("source", [None, 5, b"bytes", [1, 2]])
def test_other_sources_are_refused(source):
    with pytest.raises(InputError, match="cannot be read from"):
        read_picture(source)


def test_an_animation_gives_its_first_frame_with_a_warning(tmp_path):
    first, *others = [Image.fromarray(p) for p in moving(3)]
    for ending in ("gif", "png", "tif"):
        path = tmp_path / f"a.{ending}"
        first.save(path, save_all=True, append_images=others)
        with pytest.warns(MediaWarning, match="first is the picture"):
            assert np.array_equal(read_picture(path).pixels[0], np.asarray(first))


def test_phone_pictures_with_several_views_do_not_warn(tmp_path):
    views = [Image.new("RGB", (16, 16), RED), Image.new("RGB", (8, 8))]
    views[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=views[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(tmp_path / "a.jpg").size.width == 16


def test_limits():
    limits = Limits(max_pixels=100, max_side=20)
    read_picture(Image.new("RGB", (20, 5)), limits)
    for size in ((11, 10), (25, 1)):
        with pytest.raises(InputError, match="limit"):
            read_picture(Image.new("RGB", size), limits)
        with pytest.raises(InputError, match="limit"):
            read_picture(np.zeros((*size, 3), np.uint8), limits)
