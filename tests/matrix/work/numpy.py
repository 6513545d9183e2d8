"""NumPy: ufuncs with Python inside, dtypes and their registry, error callbacks, BLAS, pickling."""

import datetime
import gc
import io
import pickle
import weakref
from typing import Any

import numpy as np

from ._facts import raised, told


class Metres(np.ndarray):
    """A subclass whose hooks C calls: it counts how often."""

    finalized = 0

    def __array_finalize__(self, source: object) -> None:
        Metres.finalized += 1

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(each) for each in inputs]
        return getattr(ufunc, method)(*plain, **options).view(Metres)


def numbers() -> dict[str, object]:
    """Loops of C: elementwise, reductions, sorting, Fourier transforms, BLAS, random numbers."""
    line = np.arange(100_000, dtype=np.float64)
    noise = np.random.default_rng(20).random((120, 120))
    total = 0.0
    for _ in range(20):
        total += float(np.sqrt(line * line + np.cos(line)).sum())
    return {
        "total": round(total, 3),
        "singular": np.linalg.svd(noise, compute_uv=False)[:3].round(8).tolist(),
        "solved": round(float(np.linalg.solve(noise, noise[0]).sum()), 6),
        "spectrum": round(float(np.abs(np.fft.rfft(line[:4096])).sum()), 3),
        "sorted": np.sort(noise.ravel())[::3000].round(8).tolist(),
        "half": (line[:9].astype(np.float16) / 3).tolist(),
    }


def callbacks() -> dict[str, object]:
    """C calls Python: object loops, vectorize, error handlers, subclass hooks."""
    warned: list[str] = []
    with np.errstate(divide="call", call=lambda kind, flag: warned.append(f"{kind} {flag}")):
        np.ones(3) / np.zeros(3)
    joined = np.frompyfunc(lambda a, b: f"{a}-{b}", 2, 1)
    objects = np.array([1, "x", None, 2.5, [1]], dtype=object)
    before = Metres.finalized
    lengths = np.add(np.arange(4.0).view(Metres), 1)
    return {
        "warned": warned,
        "joined": joined(objects, np.arange(5)).tolist(),
        "accumulated": joined.accumulate(objects).tolist(),
        "vectorized": int(np.vectorize(lambda n: n * n % 7)(np.arange(3000)).sum()),
        "along": np.apply_along_axis(lambda row: row[::-1], 1, np.eye(3)).tolist(),
        "subclass": (type(lengths).__name__, lengths.tolist(), Metres.finalized > before),
        "raises": raised(lambda: np.frompyfunc(lambda n: 1 // n, 1, 1)(np.array([1, 0]))),
    }


def types() -> dict[str, object]:
    """Dtypes are objects of C, one of each; strings, records, dates and what converts them."""
    table = np.zeros(3, dtype=[("id", "i4"), ("name", "U6"), ("at", "M8[s]")])
    table["name"] = ["a", "béta", "δ"]
    table["at"] = np.datetime64("2024-02-28T23:59:59") + np.arange(3).astype("m8[D]")
    strings = np.array(["hello", "wörld" * 20, ""], dtype=np.dtypes.StringDType())
    return {
        "singleton": np.dtype("f8") is np.dtype(float)
        and type(np.dtype("f8")) is np.dtypes.Float64DType,
        "record": (str(table.dtype), table.tolist()),
        "strings": (np.strings.str_len(strings).tolist(), np.strings.upper(strings)[0]),
        "date": np.datetime64(datetime.datetime(2024, 1, 31, 12)).astype("M8[M]").item(),
        "workdays": int(np.busday_count("2024-01-01", "2024-03-01")),
        "promoted": str(np.result_type(np.int8, np.uint16, np.float16)),
        "masked": np.ma.masked_greater(np.arange(5), 2).sum(),
        "shown": np.array2string(np.linspace(0, 1, 4), precision=3),
        "pickled": pickle.loads(pickle.dumps(table)).tolist() == table.tolist(),
    }


def lifetimes() -> dict[str, object]:
    """Who owns memory: views, buffers outside of pickles, files."""
    base = np.arange(12)
    alive = weakref.ref(base)
    view = base.reshape(3, 4)[1:, ::2]
    del base
    kept = alive() is not None
    seen = memoryview(view).tolist()
    del view
    gc.collect()
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(np.arange(1000.0), protocol=5, buffer_callback=buffers.append)
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(5), b=np.array(["x"]))
    file.seek(0)
    with np.load(file) as loaded:
        names = sorted(loaded.files), loaded["a"].tolist()
    return {
        "kept": (kept, alive() is None, seen),
        "outside": (len(buffers), float(pickle.loads(data, buffers=buffers).sum())),
        "file": names,
        "iterated": [int(each.sum()) for each in np.nditer(np.arange(9), ["external_loop"])],
    }


def work() -> str:
    """Do a little of everything."""
    return told(
        **numbers(),
        **callbacks(),
        **types(),
        **lifetimes(),
        shapes=raised(lambda: np.zeros((2, 3)) @ np.zeros(4), with_text=False),
        axis=raised(lambda: np.zeros(3).sum(axis=5)),
        singular_matrix=raised(lambda: np.linalg.inv(np.zeros((2, 2)))),
    )
