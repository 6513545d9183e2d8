"""Work of three kinds of programs, each with the packages that people use for it.

Each piece of work is a function of a number of turns, and returns a number that depends on all that
it has computed. What it works on is made once in each worker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

ROWS, GROUPS = 200_000, 500
SIDE = 512  # pixels
SAMPLES = 600


@cache
def table() -> Any:
    """A table with a column to group by and two of numbers."""
    import numpy
    import pandas

    numbers = numpy.random.default_rng(1)
    return pandas.DataFrame(
        {
            "group": numbers.integers(0, GROUPS, ROWS),
            "x": numbers.random(ROWS),
            "y": numbers.random(ROWS),
        }
    )


def group_by(turns: int) -> float:
    """Group a table, aggregate the groups, and join the result to the table again."""
    total = 0.0
    for _ in range(turns):
        rows = table()
        means = rows.groupby("group").agg({"x": "mean", "y": ["sum", "std"]})
        means.columns = ["x_mean", "y_sum", "y_std"]
        joined = rows.join(means, on="group")
        total += float((joined.x - joined.x_mean).abs().sum() + joined.y_std.max())
    return total


@cache
def picture() -> bytes:
    """A picture with some noise, as the bytes of a JPEG file."""
    import io

    import numpy
    from PIL import Image

    slope = numpy.add.outer(numpy.arange(SIDE), numpy.arange(SIDE)) % 256
    noise = numpy.random.default_rng(2).integers(0, 60, (SIDE, SIDE, 3))
    file = io.BytesIO()
    Image.fromarray(((slope[..., None] + noise) % 256).astype("uint8")).save(file, "JPEG")
    return file.getvalue()


def images(turns: int) -> float:
    """Decode a picture, resize and filter it, find edges, and encode it again."""
    import io

    import cv2
    import numpy
    from PIL import Image, ImageFilter

    cv2.setNumThreads(1)
    total = 0.0
    for _ in range(turns):
        decoded = Image.open(io.BytesIO(picture())).convert("RGB")
        smooth = decoded.resize((SIDE // 2, SIDE // 2)).filter(ImageFilter.GaussianBlur(2))
        pixels = cv2.cvtColor(numpy.asarray(smooth), cv2.COLOR_RGB2GRAY)
        edges = cv2.Canny(cv2.medianBlur(pixels, 3), 50, 150)
        total += float(edges.sum()) + len(cv2.imencode(".png", edges)[1])
    return total


@cache
def samples() -> tuple[Any, Any]:
    """Made-up measurements, and the classes that they belong to."""
    from sklearn.datasets import make_classification

    return make_classification(SAMPLES, 20, random_state=3)  # type: ignore[no-any-return]


def cross_validation(turns: int) -> float:
    """Cross-validate a pipeline and a tree."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    total = 0.0
    for _ in range(turns):
        for model in (
            make_pipeline(StandardScaler(), LogisticRegression()),
            DecisionTreeClassifier(max_depth=6, random_state=4),
        ):
            total += float(cross_val_score(model, *samples(), cv=5).sum())
    return total


PIECES: dict[str, tuple[Callable[[int], float], tuple[str, ...]]] = {
    "pandas group-by": (group_by, ("pandas",)),
    "Pillow and OpenCV": (images, ("PIL", "cv2")),
    "scikit-learn cross-validation": (cross_validation, ("sklearn",)),
}
