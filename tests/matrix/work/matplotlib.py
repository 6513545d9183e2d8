"""Matplotlib: Agg, FreeType and Qhull in C++, with formatters, events and scales of Python."""

import hashlib
import io
import pickle
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import (
    font_manager,
    ft2font,
    mathtext,
    patches,
    path,
    pyplot,
    ticker,
    transforms,
    tri,
)

from ._facts import raised, told


def labelled(value: float, place: int) -> str:
    """The text at a tick."""
    return f"<{value:g}>"


def figure() -> Any:
    """Four plots that use the compiled parts: paths, contours, triangles, images, text."""
    made, axes = pyplot.subplots(2, 2, figsize=(4, 3), dpi=80)
    x = np.linspace(0, 10, 2000)
    random = np.random.default_rng(5)
    axes[0, 0].plot(x, np.sin(x**2))
    axes[0, 0].xaxis.set_major_formatter(ticker.FuncFormatter(labelled))
    axes[0, 0].set_title(r"$\frac{x^2}{\alpha}$ hé")
    axes[0, 1].contourf(np.outer(np.sin(x[::50]), np.cos(x[::50])), levels=5)
    axes[1, 0].tripcolor(tri.Triangulation(random.random(50), random.random(50)), random.random(50))
    axes[1, 1].imshow(random.random((20, 30)), interpolation="bicubic", cmap="magma")
    axes[1, 1].add_patch(patches.FancyArrow(2, 2, 10, 10, hatch="//"))
    return made


def drawn() -> dict[str, object]:
    """Draw it, with a call for each drawing; write files; pickle the figure."""
    made = figure()
    calls: list[str] = []
    made.canvas.mpl_connect("draw_event", lambda drawing: calls.append(drawing.name))
    made.canvas.draw()
    pixels = hashlib.sha256(made.canvas.buffer_rgba()).hexdigest()[:16]
    sizes = {}
    for kind in ("png", "svg", "pdf"):
        file = io.BytesIO()
        made.savefig(file, format=kind)
        sizes[kind] = len(file.getvalue()) > 1000
    again = pickle.loads(pickle.dumps(made))
    again.canvas.draw()
    same = hashlib.sha256(again.canvas.buffer_rgba()).hexdigest()[:16] == pixels
    pyplot.close("all")
    return {"pixels": pixels, "calls": len(calls) > 0, "sizes": sizes, "pickled": same}


def parts() -> dict[str, object]:
    """The compiled parts by themselves."""
    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    font.set_size(12, 80)
    font.set_text("Atöll", 0.0)
    circle = path.Path.unit_circle()
    parsed = mathtext.MathTextParser("agg").parse(r"$\sqrt{x}$", 100)
    scaled = transforms.Affine2D().scale(2).transform(circle.vertices)
    return {
        "font": (font.family_name, font.num_glyphs, font.get_width_height()),
        "inside": circle.contains_points([(0, 0), (2, 0)]).tolist(),
        "polygons": len(circle.to_polygons()),
        "math": (float(parsed.width), float(parsed.height)),
        "scaled": round(float(np.abs(scaled).sum()), 6),
        "no_font": raised(lambda: ft2font.FT2Font(io.BytesIO(b"none")), with_text=False),
        "bad_math": raised(
            lambda: mathtext.MathTextParser("agg").parse(r"$\nothing$"), with_text=False
        ),
        "flat": raised(lambda: tri.Triangulation([0, 1, 2], [0, 1, 2]), with_text=False),
    }


def work() -> str:
    """Draw, and use the parts."""
    return told(**drawn(), **parts())
