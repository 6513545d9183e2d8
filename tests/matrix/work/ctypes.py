"""ctypes with a library inside site-packages: Little CMS as Pillow brings it, with its statics.

The library keeps one error handler per process, which is a function of Python's here: shared
between interpreters it would call into the wrong one.
"""

import ctypes
from importlib import metadata
from pathlib import Path

from ._facts import raised, told

Handler = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p)
Comparison = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double)
)


class Colour(ctypes.Structure):
    """cmsCIExyY."""

    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double), ("Y", ctypes.c_double)]


def library_path() -> Path:
    """Where the wheel has put the library."""
    files = metadata.files("pillow") or []
    return next(Path(file.locate()) for file in files if "liblcms2" in file.name)


colours = ctypes.CDLL(str(library_path()))
colours.cmsOpenProfileFromMem.restype = ctypes.c_void_p
colours.cmsCreate_sRGBProfile.restype = ctypes.c_void_p
colours.cmsWhitePointFromTemp.argtypes = [ctypes.POINTER(Colour), ctypes.c_double]
colours.cmsTempFromWhitePoint.argtypes = [ctypes.POINTER(ctypes.c_double), ctypes.POINTER(Colour)]
colours.cmsCloseProfile.argtypes = [ctypes.c_void_p]

_errors: list[str] = []
_handler = Handler(lambda context, code, text: _errors.append(f"{code}: {text.decode()}"))
colours.cmsSetLogErrorHandler(_handler)


def errors() -> list[str]:
    """What the handler is told of things that are no profiles."""
    _errors.clear()
    for garbage in (b"nothing" * 30, b"x"):
        assert not colours.cmsOpenProfileFromMem(garbage, len(garbage))
    return list(_errors)


def temperatures() -> list[tuple[float, float]]:
    """Structures by pointer, there and back."""
    back = []
    for kelvin in range(4000, 25_000, 2):
        white, again = Colour(), ctypes.c_double()
        assert colours.cmsWhitePointFromTemp(ctypes.byref(white), kelvin)
        assert colours.cmsTempFromWhitePoint(ctypes.byref(again), ctypes.byref(white))
        back.append((round(white.x, 6), round(again.value)))
    return back[:: len(back) // 3]


def sorted_by_python() -> list[float]:
    """The C library itself, which all interpreters share, calls a function of ours."""
    values = (ctypes.c_double * 2000)(*((i * 7919) % 2003 for i in range(2000)))
    compare = Comparison(lambda left, right: (left[0] > right[0]) - (left[0] < right[0]))
    ctypes.CDLL(None).qsort(values, len(values), ctypes.sizeof(ctypes.c_double), compare)
    return list(values[:: len(values) // 4])


def work() -> str:
    """Call, be called, fail."""
    profile = colours.cmsCreate_sRGBProfile()
    closed = colours.cmsCloseProfile(profile)
    return told(
        version=colours.cmsGetEncodedCMMversion(),
        errors=[errors() for _ in range(200)][-1],
        closed=closed,
        temperatures=temperatures(),
        sorted=sorted_by_python(),
        size=ctypes.sizeof(Colour),
        no_symbol=raised(lambda: colours.no_such_function, with_text=False),
        no_argument=raised(lambda: colours.cmsCloseProfile(1.5), with_text=False),
    )
