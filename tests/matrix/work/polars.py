"""Polars: a thread pool of Rust that calls Python, Python objects in columns, plugin namespaces."""

import datetime
import io
import pickle

import polars as pl

from ._facts import raised, told


@pl.api.register_expr_namespace("matrix")
class Matrix:
    """Expressions of one's own, found by attribute."""

    def __init__(self, expression: pl.Expr) -> None:
        self.expression = expression

    def halved(self) -> pl.Expr:
        return self.expression / 2


def table() -> pl.DataFrame:
    """Return 500,000 rows."""
    return pl.DataFrame({"number": range(500_000)}).with_columns(
        (pl.col("number") % 17).cast(pl.String).alias("group"),
        pl.col("number").matrix.halved().alias("half"),
    )


def computed(frame: pl.DataFrame) -> dict[str, object]:
    """What the thread pool does by itself."""
    grouped = frame.group_by("group").agg(pl.col("half").sum(), pl.len()).sort("group")
    lazy = frame.lazy().filter(pl.col("number") % 3 == 0).select(pl.col("half").sum())
    return {
        "groups": grouped.head(3).rows(),
        "lazy": lazy.collect().item(),
        "streamed": lazy.collect(engine="streaming").item(),
        "joined": frame.join(grouped, on="group", suffix="_of_group").height,
        "characters": frame["group"].str.len_chars().sum(),
        "categories": frame["group"]
        .cast(pl.Categorical)
        .unique()
        .cast(pl.String)
        .sort()
        .to_list()[:3],
        "query": pl.SQLContext(t=frame).execute("select count(*) from t", eager=True).item(),
    }


def called_back(frame: pl.DataFrame) -> dict[str, object]:
    """Functions of Python that Rust calls, on threads of its pool; what they raise."""
    small = frame.head(400)
    lengths = pl.col("number").map_elements(lambda n: (n << 40).bit_length(), return_dtype=pl.Int64)
    batched = pl.col("half").map_batches(lambda series: series * 3, return_dtype=pl.Float64)
    return {
        "elements": small.select(lengths.sum()).item(),
        "batches": small.lazy().select(batched.sum()).collect().item(),
        "mapped": small.group_by("group").map_groups(lambda part: part.head(2)).height,
        "raises": raised(
            lambda: small.select(pl.col("number").map_batches(lambda series: 1 // 0)),
            with_text=False,
        ),
    }


def values(frame: pl.DataFrame) -> dict[str, object]:
    """Objects of Python in columns, dates, files, pickles, exceptions of Rust's."""
    things = [object(), {"a": 1}, None]
    held = pl.Series("things", things, dtype=pl.Object)
    zone = pl.Series([datetime.datetime(2024, 3, 30, 12)]).dt.replace_time_zone("Europe/Berlin")
    file = io.BytesIO()
    frame.head(100).write_parquet(file)
    file.seek(0)
    text = frame.head(50).write_csv()
    return {
        "objects": [a is b for a, b in zip(held.to_list(), things, strict=True)],
        "zone": str((zone.dt.offset_by("1d")).to_list()[0]),
        "nested": pl.Series([{"x": [1, 2]}, None]).to_list(),
        "parquet": pl.read_parquet(file)["half"].sum(),
        "csv": pl.read_csv(io.StringIO(text)).shape,
        "pickled": pickle.loads(pickle.dumps(frame.head(5))).rows(),
        "shown": str(frame.head(2)),
        "no_column": raised(lambda: frame.select("nowhere"), with_text=False),
        "no_number": raised(lambda: pl.Series(["x"]).cast(pl.Int8), with_text=False),
    }


def work() -> str:
    """Do a little of everything."""
    frame = table()
    return told(**computed(frame), **called_back(frame), **values(frame))
