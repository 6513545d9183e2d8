"""Pillow: codecs that call files and decoders of Python, its registries, fonts, buffers."""

import hashlib
import io
import pickle

from PIL import (
    Image,
    ImageChops,
    ImageDraw,
    ImageFile,
    ImageFilter,
    ImageFont,
    ImageOps,
    ImageSequence,
)

from ._facts import raised, told


class PlainDecoder(ImageFile.PyDecoder):
    """A decoder of Python's for a format of our own: bytes that are counted downwards."""

    _pulls_fd = True

    def decode(self, buffer: object) -> tuple[int, int]:
        assert self.fd is not None
        self.set_as_raw(bytes(255 - each for each in self.fd.read()))
        return -1, 0


class PlainFile(ImageFile.ImageFile):
    """The format itself: a signature and 8 x 8 grey pixels."""

    format = "MATRIX"
    format_description = "negatives of 8 x 8 pixels"

    def _open(self) -> None:
        self._size = (8, 8)
        self._mode = "L"
        self.tile = [ImageFile._Tile("matrix", (0, 0, 8, 8), 6, ())]


Image.register_open("MATRIX", PlainFile, lambda prefix: prefix.startswith(b"MATRIX"))
Image.register_decoder("matrix", PlainDecoder)


def digest(image: Image.Image) -> str:
    """The pixels, in few characters."""
    return hashlib.sha256(image.tobytes()).hexdigest()[:16]


def drawn() -> Image.Image:
    """A picture with shapes and letters."""
    image = Image.new("RGB", (320, 240), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 200, 180), fill=(200, 40, 40), outline="navy", width=3)
    draw.polygon([(10, 200), (160, 60), (300, 230)], fill="teal")
    draw.text((12, 8), "atöll 12", fill="black", font=ImageFont.load_default(24))
    return image


def transformed(image: Image.Image) -> dict[str, object]:
    """Loops of C, and functions of Python that make their tables."""
    turned = image.resize((500, 400), Image.Resampling.LANCZOS).rotate(13, expand=True)
    return {
        "turned": (turned.size, digest(turned)),
        "blurred": digest(image.filter(ImageFilter.GaussianBlur(3))),
        "kernel": digest(image.filter(ImageFilter.Kernel((3, 3), (-1,) * 4 + (9,) + (-1,) * 4))),
        "points": digest(image.point(lambda value: 255 - value // 2)),
        "palette": len(image.quantize(16).getcolors() or []),
        "histogram": sum(ImageOps.grayscale(image).histogram()[:128]),
        "difference": ImageChops.difference(
            image, image.transpose(Image.Transpose.ROTATE_180)
        ).getbbox(),
        "lines": image.filter(ImageFilter.FIND_EDGES).convert("1").getbbox(),
    }


def files(image: Image.Image) -> dict[str, object]:
    """Codecs with files of Python's, whole, in pieces, in several frames, broken."""
    sizes = {}
    for name in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"):
        file = io.BytesIO()
        image.save(file, name)
        file.seek(0)
        with Image.open(file) as opened:
            sizes[name] = (len(file.getvalue()), digest(opened.convert("L")))
    parser = ImageFile.Parser()
    png = io.BytesIO()
    image.save(png, "PNG")
    for start in range(0, len(png.getvalue()), 1000):
        parser.feed(png.getvalue()[start : start + 1000])
    film = io.BytesIO()
    frames = [image.rotate(turn) for turn in (0, 90)]
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(film.getvalue())) as moving:
        count = sum(1 for _ in ImageSequence.Iterator(moving))
    with Image.open(io.BytesIO(b"MATRIX" + bytes(64))) as own:
        negative = own.format, own.getpixel((3, 3))
    cut = io.BytesIO(png.getvalue()[:500])
    return {
        "sizes": sizes,
        "in_pieces": digest(parser.close()),
        "frames": count,
        "own_format": negative,
        "unknown": raised(lambda: Image.open(io.BytesIO(b"nothing")), with_text=False),
        "cut": raised(lambda: Image.open(cut).load(), with_text=False),
    }


def memory(image: Image.Image) -> dict[str, object]:
    """Images over memory of others, and pickles of their own."""
    pixels = bytearray(range(256))
    seen = Image.frombuffer("L", (16, 16), pixels, "raw", "L", 0, 1)
    pixels[5] = 200
    return {
        "seen": seen.getpixel((5, 0)),
        "pickled": pickle.loads(pickle.dumps(image)) == image,
        "interface": image.__array_interface__["shape"],
        "font": ImageFont.load_default(18).getbbox("Ag"),
        "too_large": raised(lambda: image.crop((0, 0, -5, 5)), with_text=False),
    }


def work() -> str:
    """Do a little of everything."""
    image = drawn()
    return told(digest=digest(image), **transformed(image), **files(image), **memory(image))
