"""Files that become pictures for a model."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.assistant import pictures
from services.assistant.pictures import MOST_BYTES, MOST_PIXELS, MOST_SIDE, picture_of
from services.llm.adapters.pictures import Picture
from utils.errors import InputError

RED = (255, 0, 0)


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(picture: Picture | None) -> Image.Image:
    assert picture is not None
    image = Image.open(BytesIO(picture.data))
    assert picture.media_type == {"PNG": "image/png", "JPEG": "image/jpeg"}[str(image.format)]
    image.load()
    return image


def half(mode: str = "RGB") -> Image.Image:
    """Return a picture whose upper half is red."""
    image = Image.new("RGB", (40, 20), "white")
    image.paste(RED, (0, 0, 40, 10))
    return image.convert(mode)


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        pytest.param("PNG", "image/png", id="png"),
        pytest.param("JPEG", "image/jpeg", id="jpeg"),
        pytest.param("WEBP", "image/png", id="webp-which-llama-cpp-refuses"),
        pytest.param("GIF", "image/png", id="gif-which-google-refuses"),
        pytest.param("MPO", "image/jpeg", id="mpo-of-a-phone"),
    ],
)
def test_picture_is_told_by_its_bytes_and_sent_in_a_form_that_every_vendor_takes(kind: str, media_type: str) -> None:
    several = (
        {"save_all": True, "append_images": [Image.new("RGB", (40, 20), "blue")]} if kind in {"GIF", "MPO"} else {}
    )

    picture = picture_of(file_of(half(), kind, **several), "letter.pdf")

    assert picture is not None
    assert picture.media_type == media_type
    image = opened(picture).convert("RGB")
    assert image.size == (40, 20)
    assert image.getpixel((20, 4)) == pytest.approx(RED, abs=12)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"%PDF-1.7\n\x89PNG\r\n\x1a\n", id="pdf"),
        pytest.param(b"Dear Sir", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", id="sound"),
        pytest.param(file_of(half(), "TIFF"), id="tiff-is-a-document"),
        pytest.param(file_of(half(), "BMP"), id="bmp"),
    ],
)
def test_all_else_is_no_picture_whatever_its_name(data: bytes) -> None:
    assert picture_of(data, "page.png") is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_damaged_picture_is_refused_with_its_name_and_the_next_step(kind: str) -> None:
    noise = Image.frombytes("RGB", (200, 200), random.Random(0).randbytes(120_000))
    whole = file_of(noise, kind)

    for length in (12, len(whole) // 2):
        with pytest.raises(
            InputError, match=r"^scan\.x: the picture is cut short or damaged \(.+\); save it anew"
        ) as no:
            picture_of(whole[:length], "scan.x")
        assert "0x" not in str(no.value)


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        pytest.param((MOST_SIDE, 10), (MOST_SIDE, 10), id="just-fits"),
        pytest.param((MOST_SIDE + 2, 1), (MOST_SIDE, 1), id="one-too-long"),
        pytest.param((1024, 4096), (512, MOST_SIDE), id="tall"),
        pytest.param((9000, 1), (MOST_SIDE, 1), id="a-line"),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_sides_are_scaled_down_together(kind: str, size: tuple[int, int], sent: tuple[int, int]) -> None:
    assert opened(picture_of(file_of(Image.new("L", size), kind), "x")).size == sent


def header(width: int, height: int) -> bytes:
    """Return a PNG of some bytes that claims to be so large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "told"),
    [
        pytest.param(MOST_PIXELS // 1000 + 1, "50,001 x 1,000", id="ours"),
        pytest.param(100_000, "(far more|100,000 x 1,000)", id="where-pillow-warns"),
        pytest.param(1_000_000, "(far more|1,000,000 x 1,000)", id="where-pillow-refuses"),
    ],
)
def test_picture_of_too_many_pixels_is_refused_before_it_is_decoded(width: int, told: str) -> None:
    with pytest.raises(InputError, match=f"^bomb.png: the picture has {told} pixels, want at most 50,000,000; scan it"):
        picture_of(header(width, 1000), "bomb.png")


def test_photograph_stands_upright_and_does_not_say_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "N"

    image = opened(picture_of(file_of(half(), "JPEG", exif=exif, comment=b"at home"), "photo.jpg"))

    assert image.getpixel((20, 4)) == pytest.approx((255, 255, 255), abs=12)
    assert dict(image.getexif()) == {}
    assert not {"comment", "exif", "icc_profile"} & set(image.info)


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        pytest.param(file_of(half("1"), "PNG"), "L", id="black-and-white"),
        pytest.param(file_of(half("L"), "PNG"), "L", id="grey"),
        pytest.param(file_of(half("LA"), "PNG"), "RGB", id="grey-with-transparency"),
        pytest.param(file_of(half("P"), "PNG"), "RGB", id="palette"),
        pytest.param(file_of(half("P"), "PNG", transparency=0), "RGB", id="palette-with-transparency"),
        pytest.param(file_of(half("RGB"), "PNG"), "RGB", id="colours"),
        pytest.param(file_of(half("RGBA"), "PNG"), "RGB", id="colours-with-transparency"),
        pytest.param(file_of(half("CMYK"), "JPEG"), "RGB", id="colours-of-print"),
        pytest.param(file_of(Image.new("I;16", (40, 20), 40_000), "PNG"), "L", id="grey-of-16-bits"),
    ],
)
def test_every_kind_of_colour_comes_out_as_grey_or_colours(data: bytes, mode: str) -> None:
    assert opened(picture_of(data, "x")).mode == mode


def test_grey_of_16_bits_keeps_its_shade() -> None:
    image = Image.new("I;16", (4, 4), 0x8000)

    assert opened(picture_of(file_of(image, "PNG"), "x")).getpixel((0, 0)) == 0x80


def test_what_is_transparent_is_white() -> None:
    assert opened(picture_of(file_of(Image.new("RGBA", (4, 4)), "PNG"), "x")).getpixel((0, 0)) == (255, 255, 255)


def test_picture_of_many_bytes_is_sent_as_fewer() -> None:
    noise = Image.frombytes("RGB", (1600, 1600), random.Random(0).randbytes(1600 * 1600 * 3))

    picture = picture_of(file_of(noise, "PNG"), "x")

    assert picture is not None
    assert (picture.media_type, len(picture.data) <= MOST_BYTES) == ("image/jpeg", True)


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF....WEBP"]), st.binary(max_size=200)
)
def test_nothing_but_a_picture_or_a_refusal_comes_of_any_bytes(mark: bytes, rest: bytes) -> None:
    try:
        picture = picture_of(mark + rest, "x")
    except InputError:
        return
    opened(picture)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
def test_nothing_but_a_picture_or_a_refusal_comes_of_a_picture_that_was_changed(kind: str, draw: st.DataObject) -> None:
    data = bytearray(file_of(half(), kind))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))

    try:
        picture = picture_of(bytes(data), "x")
    except InputError:
        return
    assert picture is None or max(opened(picture).size) <= pictures.MOST_SIDE
