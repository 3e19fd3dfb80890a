from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mmrag.errors import BadFilm
from mmrag.sources import images
from mmrag.sources.images import file_sha256, read_film, thumbnail

GREY = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(pixels: NDArray[np.generic]) -> bytes:
    return encoded(Image.fromarray(pixels))


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def raw_png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "film.png"


# ---------------------------------------------------------------- what can be read


def test_real_films_are_read_as_pillow_reads_them(shared_data: Path) -> None:
    for file in sorted((shared_data / "nih_fullsize" / "images").iterdir())[::5]:
        decoded = read_film(file)
        with Image.open(file) as image:
            expected = np.asarray(image.convert("L"))
        assert np.array_equal(decoded.pixels, expected)
        assert decoded.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_grey_comes_back_unchanged_from_every_png_mode(film: Path, mode: str) -> None:
    film.write_bytes(encoded(Image.fromarray(GREY).convert(mode)))
    decoded = read_film(film)
    assert decoded.pixels.dtype == np.uint8
    assert np.array_equal(decoded.pixels, GREY)
    assert (decoded.width, decoded.height) == (80, 60)


def test_one_bit(film: Path) -> None:
    film.write_bytes(encoded(Image.fromarray(GREY > 70)))
    assert np.array_equal(read_film(film).pixels, np.where(GREY > 70, 255, 0))


def test_transparent_parts_are_black(film: Path) -> None:
    alpha = np.where(GREY > 70, 255, 0).astype(np.uint8)
    film.write_bytes(png(np.dstack([GREY, GREY, GREY, alpha])))
    assert np.array_equal(read_film(film).pixels, np.where(GREY > 70, GREY, 0))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_modes(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "film.jpg"
    file.write_bytes(encoded(Image.fromarray(GREY).convert(mode), "JPEG", quality=95))
    difference = read_film(file).pixels.astype(int) - GREY
    assert np.abs(difference).max() <= 6


def test_jpeg_orientation_is_obeyed(film: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    film.write_bytes(encoded(Image.fromarray(GREY), "JPEG", exif=exif, quality=95))
    assert read_film(film).pixels.shape == (80, 60)


def test_ending_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "film.jpeg"
    file.write_bytes(png(GREY))
    assert np.array_equal(read_film(file).pixels, GREY)


def test_eight_bit_film_in_sixteen_bits_comes_back(film: Path) -> None:
    stretched = np.tile(np.arange(256, dtype=np.uint16), (40, 1))
    film.write_bytes(png(stretched * np.uint16(257)))
    assert np.array_equal(read_film(film).pixels, stretched)
    film.write_bytes(png(stretched))
    assert np.array_equal(read_film(film).pixels, stretched)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_detector_depths_fill_the_range(film: Path, bits: int) -> None:
    values = np.linspace(0, 2**bits - 1, 4800).reshape(60, 80).astype(np.uint16)
    film.write_bytes(png(values))
    pixels = read_film(film).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert np.all(np.diff(pixels.ravel().astype(int)) >= 0)


def test_burnt_in_letters_do_not_darken_twelve_bits(film: Path) -> None:
    values = np.full((200, 200), 3000, np.uint16)
    values[0, :20] = 65535
    film.write_bytes(png(values))
    assert read_film(film).pixels[100, 100] == round(3000 / 4095 * 255)


def test_sixteen_bit_colour_is_read_or_refused_but_never_black(film: Path) -> None:
    bright = np.repeat(np.arange(0, 65536, 1024, dtype=">u2"), 3)
    rows = b"".join(b"\0" + bright.tobytes() for _ in range(16))
    film.write_bytes(raw_png(64, 16, 16, 2, rows))
    assert read_film(film).pixels.max() > 200
    dark = np.repeat(np.arange(0, 4096, 64, dtype=">u2"), 3)
    rows = b"".join(b"\0" + dark.tobytes() for _ in range(16))
    film.write_bytes(raw_png(64, 16, 16, 2, rows))
    with pytest.raises(BadFilm, match="save the film as 16-bit grey"):
        read_film(film)


# ---------------------------------------------------------------- what cannot


def bad_png_with_flipped_bit() -> bytes:
    content = bytearray(png(GREY))
    content[content.index(b"IDAT") + 20] ^= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "the file is empty", id="zero-byte"),
        pytest.param(b"not an image at all", "not a PNG or JPEG", id="text"),
        pytest.param(png(GREY)[: len(png(GREY)) // 2], "damaged or cut short", id="truncated-png"),
        pytest.param(png(GREY)[:-12], "damaged or cut short", id="png-without-end"),
        pytest.param(png(GREY)[:8], "damaged or cut short", id="signature-alone"),
        pytest.param(bad_png_with_flipped_bit(), "damaged or cut short", id="flipped-bit"),
        pytest.param(
            encoded(Image.fromarray(GREY), "JPEG")[:-200], "damaged or cut short", id="jpeg"
        ),
        pytest.param(encoded(Image.fromarray(GREY), "GIF"), "a GIF", id="gif"),
        pytest.param(encoded(Image.fromarray(GREY), "BMP"), "a BMP", id="bmp"),
        pytest.param(encoded(Image.fromarray(GREY), "TIFF"), "a TIFF", id="tiff"),
        pytest.param(b"\0" * 128 + b"DICM", "DICOM file", id="dicom"),
        pytest.param(b"<!DOCTYPE html><p>404", "download the image again", id="html"),
        pytest.param(b"version https://git-lfs.github.com", "git lfs pull", id="lfs"),
        pytest.param(
            encoded(
                Image.fromarray(GREY), save_all=True, append_images=[Image.fromarray(255 - GREY)]
            ),
            "several frames",
            id="animated",
        ),
        pytest.param(raw_png(20_000, 20_000, 8, 0, b""), "more than the", id="bomb"),
        pytest.param(raw_png(10_000, 10_001, 1, 0, b""), "more than the", id="small-bomb"),
        pytest.param(raw_png(0, 5, 8, 0, b""), "damaged or cut short", id="no-width"),
    ],
)
def test_bad_films_are_named_in_one_line(film: Path, content: bytes, reason: str) -> None:
    film.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadFilm, match=reason) as raised:
            read_film(film)
    assert str(film) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadFilm, match="no such file"):
        read_film(tmp_path / "absent.png")
    with pytest.raises(BadFilm, match="not a file: give one image"):
        read_film(tmp_path)


def test_file_size_is_bounded(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film.write_bytes(png(GREY))
    monkeypatch.setattr(images, "MAX_BYTES", 100)
    with pytest.raises(BadFilm, match="save the film smaller"):
        file_sha256(film)


@given(st.data())
def test_damage_is_refused_or_yields_a_whole_film(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = data.draw(
        st.sampled_from([png(GREY), encoded(Image.fromarray(GREY), "JPEG", progressive=True)])
    )
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("damage") / "film.png"
    file.write_bytes(damaged[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(BadFilm):
        assert read_film(file).pixels.ndim == 2


# ---------------------------------------------------------------- hash and thumbnail


def test_hash_needs_no_decoding(film: Path) -> None:
    film.write_bytes(b"anything")
    assert file_sha256(film) == hashlib.sha256(b"anything").hexdigest()


@pytest.mark.parametrize(("size", "expected"), [(40, (40, 30)), (500, (80, 60))])
def test_thumbnail_is_a_small_grey_jpeg(film: Path, size: int, expected: tuple[int, int]) -> None:
    film.write_bytes(encoded(Image.fromarray(GREY).convert("RGBA")))
    with Image.open(io.BytesIO(thumbnail(film, size))) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "L", expected)


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_one_grey_all_over_is_no_film(film: Path, grey: int) -> None:
    film.write_bytes(png(np.full((60, 80), grey, np.uint8)))
    with pytest.raises(BadFilm, match=rf"film\.png: every pixel has the same grey, {grey} of 255"):
        read_film(film)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (400, 15)])
def test_a_few_pixels_are_no_film(film: Path, size: tuple[int, int]) -> None:
    film.write_bytes(encoded(Image.linear_gradient("L").resize(size)))
    with pytest.raises(BadFilm, match=rf"film\.png: {size[0]} x {size[1]} pixels show no chest"):
        read_film(film)
