"""Makes of a file that somebody sent the picture that a model is shown.

Every picture is decoded and written anew, as PNG or JPEG: what is broken shows here and not at the vendor, a photograph
stands upright, and where and when it was taken does not leave with it. Google takes no GIF
(ai.google.dev/gemini-api/docs), llama.cpp's server no WebP (ollama/ollama#17755).
"""

from io import BytesIO
from typing import TYPE_CHECKING

from services.llm.adapters.pictures import Picture
from utils.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

# Told by their first bytes: a name says nothing.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
# Larger ones are scaled down by every vendor; Anthropic refuses sides above 2,000 px once there are many pictures.
MOST_SIDE = 2048
# Kept before anything is decoded: a file of some kilobytes may unfold into gigabytes.
MOST_PIXELS = 50_000_000
# Groq takes requests of at most 4 MB with base64 in them (console.groq.com/docs/vision).
MOST_BYTES = 2_900_000
_QUALITIES = (90, 75, 50)
# Formats that lose detail already; MPO is a JPEG with more behind it, as phones write it.
_LOSSY = ("JPEG", "MPO")


def picture_of(data: bytes, name: str) -> Picture | None:
    """Return the picture that *data* is, upright, with sides of at most `MOST_SIDE` px; None if it is none.

    Args:
        data: A file: PNG, JPEG, WebP or GIF (of which the first frame is taken); all others are no pictures here.
        name: What messages call it.

    Raises:
        InputError: it is a picture, and is broken or too large.
    """
    if not _is_picture(data):
        return None
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as file:
            width, height = file.size
            if width * height > MOST_PIXELS:
                raise _too_large(name, f"{width:,} x {height:,}")
            return _written(_plain(file), file.format in _LOSSY)
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, "far more") from error
    except UnidentifiedImageError as error:
        raise _damaged(name, "its beginning cannot be read") from error
    except Exception as error:  # of a damaged file Pillow raises what its decoders happen to raise
        raise _damaged(name, str(error)[:200]) from error


def _is_picture(data: bytes) -> bool:
    return data.startswith(_MARKS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _plain(file: "Image.Image") -> "Image.Image":
    """Return the first frame upright, small enough, in grey or colours, on white where it is transparent."""
    from PIL import Image, ImageOps

    file.draft(None, (MOST_SIDE, MOST_SIDE))  # a large JPEG is decoded at a fraction of its size
    image: Image.Image = ImageOps.exif_transpose(file)
    if image.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at 255
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    elif image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.new("RGBA", clear.size, "white")
        image.alpha_composite(clear)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    return image


def _written(image: "Image.Image", is_lossy: bool) -> Picture:
    """Return *image* as a file: what was kept without loss stays so, unless that takes too many bytes."""
    if not is_lossy:
        data = _saved(image, "PNG")
        if len(data) <= MOST_BYTES:
            return Picture("image/png", data)
    data = b""
    for quality in _QUALITIES:
        data = _saved(image, "JPEG", quality=quality)
        if len(data) <= MOST_BYTES:
            break
    return Picture("image/jpeg", data)


def _saved(image: "Image.Image", made: str, **options: int) -> bytes:
    image.info.clear()  # a profile or a comment would be written again
    with BytesIO() as file:
        image.save(file, made, **options)
        return file.getvalue()


def _too_large(name: str, what: str) -> InputError:
    return InputError(
        f"{name[:200]}: the picture has {what} pixels, want at most {MOST_PIXELS:,}; scan it at 300 dots per inch"
    )


def _damaged(name: str, why: str) -> InputError:
    return InputError(f"{name[:200]}: the picture is cut short or damaged ({why}); save it anew as PNG or JPEG")
