"""pandas: groups and windows with Python functions, time zones, readers, extension registries."""

import io
import pickle
from typing import Any

import numpy as np
import pandas as pd

from ._facts import raised, told


@pd.api.extensions.register_series_accessor("spread")
class Spread:
    """An accessor: kept in a registry of classes."""

    def __init__(self, series: Any) -> None:
        self.series = series

    def width(self) -> float:
        return float(self.series.max() - self.series.min())


def table() -> pd.DataFrame:
    """Return 50,000 rows of made-up measurements."""
    random = np.random.default_rng(7)
    count = 50_000
    return pd.DataFrame(
        {
            "site": random.choice(["north", "south", "éast"], count),
            "sensor": random.integers(0, 40, count),
            "value": random.normal(size=count),
            "at": pd.date_range("2021-03-01", periods=count, freq="7min"),
        }
    )


def grouped(frame: pd.DataFrame) -> dict[str, object]:
    """Aggregate: hash tables and loops of C, with functions of Python in them."""
    means = frame.groupby("sensor")["value"].agg(["mean", "std", "count"])
    spread = frame.groupby("site")["value"].apply(lambda values: values.spread.width())
    pivot = frame.pivot_table(index="sensor", columns="site", values="value", aggfunc="median")
    return {
        "means": means["mean"].head(3).round(6).tolist(),
        "spread": spread.round(6).to_dict(),
        "pivot": (pivot.shape, round(float(pivot.to_numpy().sum()), 6)),
        "merged": frame.merge(means, left_on="sensor", right_index=True).shape,
        "rolled": round(float(frame["value"].rolling(20).median().sum()), 5),
        "called_back": frame["value"]
        .head(2000)
        .rolling(9)
        .apply(lambda w: w[-1], raw=True)
        .count(),
        "upper": frame["site"].str.upper().value_counts().sort_index().to_dict(),
        "codes": int(frame["site"].astype("category").cat.codes.sum()),
        "bins": pd.cut(frame["value"], [-9, -1, 0, 1, 9]).value_counts(sort=False).tolist(),
    }


def times(frame: pd.DataFrame) -> dict[str, object]:
    """Dates: resampling, zones with their changes, periods, offsets of Python."""
    daily = frame.set_index("at")["value"].resample("D").sum()
    spring = pd.Timestamp("2024-03-30 12:00", tz="Europe/Berlin")
    return {
        "daily": (len(daily), round(float(daily.abs().sum()), 5)),
        "zone": [str(spring + step) for step in (pd.Timedelta("1D"), pd.DateOffset(days=1))],
        "missing_hour": raised(
            lambda: pd.Timestamp("2024-03-31 02:30").tz_localize("Europe/Berlin")
        ),
        "periods": [str(each) for each in pd.period_range("2023-11", "2024-02", freq="M")],
        "business": str(pd.Timestamp("2024-03-29") + pd.offsets.BDay(2)),
        "bounds": raised(lambda: pd.to_datetime("9999-99-99"), with_text=False),
    }


def files(frame: pd.DataFrame) -> dict[str, object]:
    """Readers and writers: their parsers are C, and call Python's files and functions."""
    head = frame.head(1500)
    text = head.to_csv(index=False)
    back = pd.read_csv(
        io.StringIO(text), parse_dates=["at"], converters={"sensor": lambda cell: int(cell) * 2}
    )
    return {
        "csv": (len(text), int(back["sensor"].sum()) == 2 * int(head["sensor"].sum())),
        "dtypes": [str(each) for each in back.dtypes],
        "json": pd.read_json(io.StringIO(head.head(30).to_json())).shape,
        "pickled": pickle.loads(pickle.dumps(head)).equals(head),
        "broken": raised(lambda: pd.read_csv(io.StringIO("a,b\n1,2\n3,4,5,6\n")), with_text=False),
        "shown": repr(head.head(2)),
    }


def work() -> str:
    """Do a little of everything."""
    frame = table()
    return told(
        **grouped(frame),
        **times(frame),
        **files(frame),
        missing=pd.array([1, None, 3], dtype="Int64").sum(),
        key=raised(lambda: frame["nowhere"]),
    )
