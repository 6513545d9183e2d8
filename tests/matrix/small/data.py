"""Packages that encode, compress, hash and hold data."""

from __future__ import annotations

import io

from ._found import use

THING = {"a": [1, 2.5, None, True], "b": {"c": "text ü"}}
BYTES = b"some bytes that repeat, " * 200


@use("Rust, PyO3")
def jiter() -> object:
    import jiter

    return jiter.from_json(b'{"a": [1, 2.5, null], "b": "x"}')


@use("C++")
def ujson() -> object:
    import ujson

    return ujson.loads(ujson.dumps(THING)), ujson.dumps([1.5, "é"])


@use("C")
def simplejson() -> object:
    import simplejson

    decoded = simplejson.loads('{"x": 1.10}', use_decimal=True)
    return str(decoded), simplejson.dumps(THING), simplejson.encoder.c_make_encoder is not None


@use("C++", "python-rapidjson")
def rapidjson() -> object:
    import rapidjson

    return rapidjson.loads(rapidjson.dumps(THING)), rapidjson.dumps([1, 2], indent=1)


@use("Rust, PyO3")
def jsonschema_rs() -> object:
    import jsonschema_rs

    checks = jsonschema_rs.validator_for({"type": "object", "required": ["a"]})
    return checks.is_valid({"a": 1}), [each.message for each in checks.iter_errors({})]


@use("C or Rust")
def cbor2() -> object:
    import cbor2

    return cbor2.loads(cbor2.dumps(THING)), cbor2.dumps([1, b"x"]).hex()


@use("Rust")
def ormsgpack() -> object:
    import ormsgpack

    return ormsgpack.unpackb(ormsgpack.packb(THING))


@use("C")
def msgspec() -> object:
    import msgspec

    made = msgspec.defstruct("Point", [("x", int), ("y", float)])
    return msgspec.json.encode(made(1, 2.5)), repr(msgspec.json.decode(b'{"x":3,"y":4}', type=made))


@use("Cython")
def fastavro() -> object:
    import fastavro

    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}]}
    file = io.BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), [{"a": n} for n in range(50)])
    file.seek(0)
    return [each["a"] for each in fastavro.reader(file)][-3:]


@use("C")
def ijson() -> object:
    import ijson

    read = ijson.get_backend("yajl2_c")
    return list(read.items(io.BytesIO(b'{"a": [1, 2, {"b": 3}]}'), "a.item"))


@use("Rust, PyO3", "rpds-py")
def rpds() -> object:
    import rpds

    made = rpds.HashTrieMap({"a": 1}).insert("b", 2)
    return sorted(made.items()), list(rpds.List([1, 2]).push_front(0))


@use("Cython, C", "ruamel.yaml.clib", "ruamel.yaml ruamel.yaml.clib")
def ruamel_yaml() -> object:
    import _ruamel_yaml
    from ruamel.yaml import YAML

    assert _ruamel_yaml.CParser
    return YAML(typ="safe").load("a: [1, 2]\nb: {c: 2024-01-02}")


@use("C")
def google_crc32c() -> object:
    import google_crc32c

    return google_crc32c.value(BYTES), google_crc32c.implementation


@use("C++")
def crc32c() -> object:
    import crc32c

    return crc32c.crc32c(BYTES)


@use("C")
def xxhash() -> object:
    import xxhash

    return xxhash.xxh64(BYTES).hexdigest(), xxhash.xxh3_128_intdigest(b"x")


@use("Rust, PyO3, threads")
def blake3() -> object:
    import blake3

    return blake3.blake3(BYTES * 100, max_threads=blake3.blake3.AUTO).hexdigest()


@use("C++")
def mmh3() -> object:
    import mmh3

    return mmh3.hash("text"), mmh3.hash128(BYTES)


@use("C", "backports.zstd")
def backports_zstd() -> object:
    from backports import zstd

    return zstd.decompress(zstd.compress(BYTES)) == BYTES


@use("C++")
def brotli() -> object:
    import brotli

    return brotli.decompress(brotli.compress(BYTES)) == BYTES, len(brotli.compress(BYTES))


@use("Rust, PyO3")
def cramjam() -> object:
    import cramjam

    packed = bytes(cramjam.snappy.compress(BYTES))
    return bytes(cramjam.snappy.decompress(packed)) == BYTES, len(packed)


@use("C")
def zopfli() -> object:
    import zlib

    import zopfli.zlib

    return zlib.decompress(zopfli.zlib.compress(BYTES[:500])) == BYTES[:500]


@use("C")
def pyzstd() -> object:
    import pyzstd

    return pyzstd.decompress(pyzstd.compress(BYTES)) == BYTES


@use("C")
def pyppmd() -> object:
    import pyppmd

    packed = pyppmd.compress(BYTES)
    return pyppmd.decompress(packed) == BYTES.decode() or len(packed) > 0


@use("C")
def pybcj() -> object:
    import bcj

    encoder = bcj.BCJEncoder()
    return (encoder.encode(BYTES) + encoder.flush())[:9]


@use("C")
def inflate64() -> object:
    import inflate64

    deflater = inflate64.Deflater()
    packed = deflater.deflate(BYTES) + deflater.flush()
    return inflate64.Inflater().inflate(packed) == BYTES


@use("C")
def pybase64() -> object:
    import pybase64

    return pybase64.b64encode(b"some bytes"), pybase64.b64decode(b"c29tZQ==", validate=True)


@use("C")
def bitarray() -> object:
    from bitarray import bitarray, util

    made = bitarray("1101") * 5
    return made.to01(), made.count(), util.ba2hex(made)


@use("Cython, C")
def pyroaring() -> object:
    from pyroaring import BitMap

    made = BitMap(range(0, 10_000, 3))
    return len(made & BitMap(range(5000))), made.serialize()[:4]


@use("C")
def immutables() -> object:
    import immutables

    made = immutables.Map(a=1)
    with made.mutate() as change:
        change["b"] = 2
    return len(made), sorted(change.finish().items())


@use("C")
def lru_dict() -> object:
    from lru import LRU

    made = LRU(2)
    for n in range(4):
        made[n] = n
    return made.keys(), made.get_stats()


@use("Cython")
def cytoolz() -> object:
    import cytoolz

    return cytoolz.groupby(len, ["a", "bb", "c"]), list(cytoolz.partition(2, range(4)))


@use("Rust, PyO3")
def fastuuid() -> object:
    import fastuuid

    given = fastuuid.UUID("12345678-1234-5678-1234-567812345678")
    return str(given), given.hex, fastuuid.uuid4() != fastuuid.uuid4()


@use("Rust, PyO3")
def uuid_utils() -> object:
    import uuid_utils

    return str(uuid_utils.uuid5(uuid_utils.NAMESPACE_DNS, "a.example")), uuid_utils.uuid7().version


@use("C")
def wrapt() -> object:
    import wrapt

    @wrapt.decorator
    def doubled(wrapped: object, instance: object, args: tuple, kwargs: dict) -> object:
        return 2 * wrapped(*args, **kwargs)

    return doubled(lambda n: n + 1)(3), isinstance(wrapt.ObjectProxy([1]), list)


@use("C")
def lazy_object_proxy() -> object:
    from lazy_object_proxy import Proxy

    made = Proxy(lambda: [1, 2])
    return len(made), isinstance(made, list)


@use("C", "zope.interface")
def zope_interface() -> object:
    from zope.interface import Interface, implementer, providedBy

    class IThing(Interface):
        """An interface."""

    @implementer(IThing)
    class Thing:
        pass

    return IThing.providedBy(Thing()), len(list(providedBy(Thing())))


@use("Rust, PyO3")
def pendulum() -> object:
    import pendulum

    at = pendulum.datetime(2024, 3, 30, tz="Europe/Berlin")
    return at.add(days=1, hours=3).isoformat(), pendulum.parse("2024-02-29T10:00").isoformat()


@use("C")
def ciso8601() -> object:
    import ciso8601

    return ciso8601.parse_datetime("2024-02-29T10:00:01.5+02:00")


@use("C")
def time_machine() -> object:
    import time

    import _time_machine
    import time_machine

    assert _time_machine
    return time_machine.travel(0, tick=False).__class__.__name__, time.gmtime(0).tm_year


@use("Rust")
def whenever() -> object:
    from whenever import Instant

    return str(Instant.from_utc(2024, 2, 29, hour=5).to_tz("Europe/Berlin"))


@use("pybind11, C++")
def pikepdf() -> object:
    import pikepdf

    file = io.BytesIO()
    made = pikepdf.new()
    made.add_blank_page()
    made.save(file)
    file.seek(0)
    with pikepdf.open(file) as read:
        return len(read.pages), str(read.pages[0].MediaBox[2])


@use("SWIG, C++")
def pymupdf() -> object:
    import pymupdf

    made = pymupdf.open()
    made.new_page().insert_text((50, 50), "some text")
    with pymupdf.open(stream=made.tobytes()) as read:
        return read.page_count, read[0].get_text()


@use("ctypes, C++")
def pypdfium2() -> object:
    import pypdfium2

    made = pypdfium2.PdfDocument.new()
    made.new_page(200, 100)
    sizes = [made.get_page_size(n) for n in range(len(made))]
    made.close()
    return sizes


@use("Rust, PyO3", requirement="safetensors numpy")
def safetensors() -> object:
    import numpy
    from safetensors.numpy import load, save

    return load(save({"a": numpy.arange(4.0)}))["a"].tolist()


@use("C")
def simsimd() -> object:
    import simsimd

    one = memoryview(bytes(range(8))).cast("B")
    return round(float(simsimd.sqeuclidean(one, one)), 3)


@use("C, C++")
def stringzilla() -> object:
    import stringzilla

    made = stringzilla.Str("the quick fox, the dog")
    return made.count("the"), made.find("fox"), [str(each) for each in made.split(" ")][:2]


@use("C, a library of SQLite's")
def sqlite_vec() -> object:
    import sqlite3

    import sqlite_vec

    with sqlite3.connect(":memory:") as base:
        base.enable_load_extension(True)
        sqlite_vec.load(base)
        return base.execute("select vec_distance_l2('[1,2]', '[1,4]')").fetchone()


@use("C")
def lmdb() -> object:
    import tempfile

    import lmdb

    with tempfile.TemporaryDirectory() as folder:
        base = lmdb.open(folder)
        with base.begin(write=True) as change:
            change.put(b"key", b"value")
        with base.begin() as read:
            found = read.get(b"key")
        base.close()
    return found


@use("Rust, PyO3")
def python_calamine() -> object:
    import python_calamine

    try:
        python_calamine.load_workbook(io.BytesIO(b"no workbook"))
    except python_calamine.CalamineError as error:
        return type(error).__name__
    return None


@use("C")
def maxminddb() -> object:
    import maxminddb.extension

    try:
        maxminddb.extension.Reader("/nowhere", 1)
    except OSError as error:
        return type(error).__name__
    return maxminddb.extension.Reader.__name__


@use("Cython, C")
def lupa() -> object:
    import lupa

    lua = lupa.LuaRuntime()
    return lua.eval("1 + 2"), lua.eval("function(f, n) return f(n) + 1 end")(lambda n: n * 2, 4)


@use("Cython, C++")
def dependency_injector() -> object:
    from dependency_injector import providers

    made = providers.Factory(dict, a=providers.Object(1))
    return made(), providers.Singleton(list)() == []


@use("C, a copy of Python's", "audioop-lts")
def audioop() -> object:
    import audioop

    return audioop.rms(bytes(range(100)), 2), audioop.add(b"\1\2", b"\1\1", 1)


@use("Rust, PyO3")
def dbt_extractor() -> object:
    import dbt_extractor

    return dbt_extractor.py_extract_from_source("select * from {{ ref('a') }}")["refs"]


@use("Rust, PyO3, threads")
def pycrdt() -> object:
    from pycrdt import Doc, Text

    made = Doc()
    made["text"] = text = Text("some")
    text += " text"
    return str(made["text"]), len(made.get_update()) > 0


@use("C++")
def coverage() -> object:
    import coverage.tracer

    return type(coverage.tracer.CTracer()).__name__, coverage.tracer.CTracer().get_stats()
