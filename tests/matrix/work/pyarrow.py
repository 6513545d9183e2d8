"""PyArrow: a C++ run-time with threads of its own that calls Python, and registries in it."""

import datetime
import decimal
import io
import pickle
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet

from ._facts import raised, told


class Celsius(pa.ExtensionType):
    """A type of one's own: registered in C++, which calls this class."""

    def __init__(self) -> None:
        super().__init__(pa.float64(), "matrix.celsius")

    def __arrow_ext_serialize__(self) -> bytes:
        return b"c"

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> "Celsius":
        return cls()


# Once per copy of the library: a second time would be an error.
pa.register_extension_type(Celsius())
pc.register_scalar_function(
    lambda context, column: pc.add(pc.multiply(column, 2), 1),
    "matrix_twice_and_one",
    {"summary": "2x + 1", "description": "called by the library's threads"},
    {"column": pa.int64()},
    pa.int64(),
)


def table() -> pa.Table:
    """Return 80,000 rows in several chunks."""
    parts = [
        pa.table(
            {
                "number": range(start, start + 20_000),
                "group": [f"g{i % 17}" for i in range(start, start + 20_000)],
                "half": [i * 0.5 for i in range(start, start + 20_000)],
            }
        )
        for start in range(0, 80_000, 20_000)
    ]
    return pa.concat_tables(parts)


def batches(whole: pa.Table) -> Iterator[pa.RecordBatch]:
    """A generator that the library's threads go through."""
    yield from whole.to_batches()


def computed(whole: pa.Table) -> dict[str, object]:
    """Kernels, groups, and a function of Python in an expression that threads evaluate."""
    reader = pa.RecordBatchReader.from_batches(whole.schema, batches(whole))
    scanned = pyarrow.dataset.Scanner.from_batches(
        reader, filter=(pc.field("number") > 100) & (pc.field("half") < 9000)
    )
    grouped = whole.group_by("group").aggregate([("half", "sum"), ("number", "max")])
    doubled = pyarrow.dataset.dataset(whole).to_table(
        {"called": pc.Expression._call("matrix_twice_and_one", [pc.field("number")])}
    )
    return {
        "sum": pc.sum(whole["number"]).as_py(),
        "groups": grouped.sort_by("group").slice(0, 3).to_pylist(),
        "doubled": pc.sum(doubled["called"]).as_py(),
        "scanned": scanned.to_table().num_rows,
        "joined": whole.join(grouped, "group").num_rows,
    }


def files(whole: pa.Table) -> dict[str, object]:
    """Parquet, IPC and CSV, also from files of Python that threads of C++ read."""
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(whole, sink, compression="zstd")
    stored = pyarrow.parquet.read_table(pa.BufferReader(sink.getvalue()))
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, whole.schema) as writer:
        writer.write_table(whole)
    stream.seek(0)
    lines = io.BytesIO(b"a,b\n" + b"1,x\n2,y\n" * 4000)
    return {
        "parquet": stored.equals(whole),
        "ipc": pa.ipc.open_stream(stream).read_all().num_rows,
        "csv": pyarrow.csv.read_csv(pa.PythonFile(lines, mode="r")).num_rows,
        "bad_csv": raised(lambda: pyarrow.csv.read_csv(io.BytesIO(b"a,b\n1\n")), with_text=False),
        "closed": raised(
            lambda: pa.ipc.open_stream(io.BytesIO(b"none")).read_all(), with_text=False
        ),
    }


def values() -> dict[str, object]:
    """Values that C++ makes from Python's and back; types that it keeps."""
    degrees = pa.ExtensionArray.from_storage(Celsius(), pa.array([20.5, None]))
    sent = pa.ipc.open_stream(
        _stream(pa.RecordBatch.from_arrays([degrees], names=["t"]))
    ).read_all()
    noon = datetime.datetime(2024, 1, 2, 12, tzinfo=datetime.UTC)
    memory = bytearray(b"xyz")
    view = pa.py_buffer(memory)
    return {
        "extension": (str(type(sent["t"].type).__name__), sent["t"].to_pylist()),
        "decimals": pa.array([decimal.Decimal("1.25"), None]).to_pylist(),
        "times": [
            str(each) for each in pa.array([noon, None], pa.timestamp("us", "UTC")).to_pylist()
        ],
        "nested": pa.array([{"x": 1, "y": [1, 2]}, None]).to_pylist(),
        "pickled": pickle.loads(pickle.dumps(pa.array(["a", None, "b"]))).to_pylist(),
        "held": (view.size, raised(lambda: memory.append(1), with_text=False)),
        "numpy": pa.array([1.0, 2.0]).to_numpy().sum(),
        "wrong": raised(lambda: pa.array([1, "x"]), with_text=False),
        "not_implemented": raised(lambda: pa.array([1]).cast(pa.list_(pa.int8())), with_text=False),
    }


def _stream(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def work() -> str:
    """Do a little of everything."""
    whole = table()
    return told(**computed(whole), **files(whole), **values())
