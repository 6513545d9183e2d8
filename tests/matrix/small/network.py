"""Packages that talk to others, encrypt, watch files and processes, and measure Python."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ._found import use

NOWHERE = ("127.0.0.1", 9)  # nobody listens there


def raised(call: object, *arguments: object, **options: object) -> str:
    """Name the class of the exception that a call raises."""
    try:
        call(*arguments, **options)
    except Exception as error:
        return type(error).__name__
    return "nothing was raised"


@use("C")
def websockets() -> object:
    from websockets import speedups

    return speedups.apply_mask(b"some bytes", b"\1\2\3\4")


@use("Cython, C")
def httptools() -> object:
    import httptools

    seen: list[bytes] = []

    class Protocol:
        def on_url(self, url: bytes) -> None:
            seen.append(url)

    parser = httptools.HttpRequestParser(Protocol())
    parser.feed_data(b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n")
    return seen, parser.get_method(), httptools.parse_url(b"http://a/b?c").query


@use("C, cffi, threads")
def pycares() -> object:
    import pycares

    with_channel = pycares.Channel(timeout=0.1, tries=1)
    del with_channel
    return pycares.errno.strerror(1)


@use("cffi", "pynacl")
def nacl() -> object:
    from nacl import hash as hashes
    from nacl import secret

    box = secret.SecretBox(bytes(32))
    return box.decrypt(box.encrypt(b"text", bytes(24))), hashes.sha256(b"x")


@use("Rust, PyO3")
def bcrypt() -> object:
    import bcrypt

    salt = b"$2b$04$abcdefghijklmnopqrstuu"
    return bcrypt.checkpw(b"word", bcrypt.hashpw(b"word", salt))


@use("cffi", "argon2-cffi-bindings", "argon2-cffi")
def argon2() -> object:
    from argon2 import low_level

    options = {"time_cost": 1, "memory_cost": 8, "parallelism": 1, "hash_len": 16}
    return low_level.hash_secret(b"word", b"saltsalt", type=low_level.Type.ID, **options)


@use("C, cffi", "pycryptodome")
def Crypto() -> object:
    from Crypto.Cipher import AES
    from Crypto.Hash import SHA3_256

    made = AES.new(bytes(16), AES.MODE_GCM, nonce=bytes(12))
    return made.encrypt_and_digest(b"text"), SHA3_256.new(b"x").hexdigest()


@use("C, cffi", "pycryptodomex")
def Cryptodome() -> object:
    from Cryptodome.Cipher import ChaCha20
    from Cryptodome.Hash import BLAKE2b

    made = ChaCha20.new(key=bytes(32), nonce=bytes(12))
    return made.encrypt(b"text"), BLAKE2b.new(data=b"x", digest_bits=128).hexdigest()


@use("cffi, C, threads")
def curl_cffi() -> object:
    from curl_cffi import requests

    return raised(requests.get, "http://127.0.0.1:9/", timeout=2)


@use("C")
def pycurl() -> object:
    import pycurl

    curl = pycurl.Curl()
    curl.setopt(curl.URL, "http://127.0.0.1:9/")
    found = raised(curl.perform)
    curl.close()
    return found


@use("Rust, PyO3, threads")
def primp() -> object:
    import primp

    return raised(primp.Client(timeout=2).get, "http://127.0.0.1:9/") != "nothing was raised"


@use("C, gevent")
def geventhttpclient() -> object:
    from geventhttpclient import HTTPClient

    return raised(HTTPClient(*NOWHERE).get, "/")


@use("C")
def hiredis() -> object:
    import hiredis

    reader = hiredis.Reader()
    reader.feed(b"*2\r\n$1\r\na\r\n:5\r\n")
    return reader.gets(), hiredis.pack_command(("GET", "a"))


@use("Cython")
def asyncpg() -> object:
    import asyncio

    import asyncpg
    from asyncpg.pgproto import pgproto

    async def connect() -> str:
        try:
            await asyncpg.connect("postgres://a@127.0.0.1:9/a", timeout=2)
        except OSError as error:
            return type(error).__name__
        return "connected"

    return asyncio.run(connect()), str(pgproto.UUID("00000000-0000-0000-0000-000000000005"))


@use("C, libpq", "psycopg2-binary")
def psycopg2() -> object:
    import psycopg2
    from psycopg2.extensions import adapt

    return adapt("it's").getquoted(), raised(psycopg2.connect, "host=127.0.0.1 port=9")


@use("C")
def pymongo() -> object:
    import bson

    return bson.decode(bson.encode({"a": [1, 2.5, "x"], "b": {"c": None}})), bson.has_c()


@use("Cython, C")
def pymssql() -> object:
    import pymssql

    return raised(pymssql.connect, "127.0.0.1:9", "a", "b", "c", login_timeout=1)


@use("Cython")
def oracledb() -> object:
    import oracledb

    options = {"user": "a", "password": "b", "dsn": "127.0.0.1:9/x", "tcp_connect_timeout": 1}
    return raised(oracledb.connect, **options)


@use("Cython")
def clickhouse_connect() -> object:
    from clickhouse_connect.driver.ctypes import RespBuffCls, data_conv

    return RespBuffCls.__name__, data_conv.__name__


@use("Cython")
def clickhouse_driver() -> object:
    from clickhouse_driver import varint

    return raised(varint.write_varint, 300, None), varint.__name__


@use("Cython, C", "cassandra-driver")
def cassandra() -> object:
    from cassandra import cmurmur3

    return cmurmur3.murmur3(b"some bytes")


@use("C, threads")
def confluent_kafka() -> object:
    import confluent_kafka

    made = confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    return type(made).__name__, confluent_kafka.KafkaError(1).name()


@use("C++")
def grpcio_tools() -> object:
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.proto").write_text('syntax = "proto3"; message A { int32 b = 1; }')
        status = protoc.main(["", f"-I{folder}", f"--python_out={folder}", "a.proto"])
        return status, sorted(os.listdir(folder))


@use("Cython, C, greenlets, threads")
def gevent() -> object:
    import gevent
    from gevent import event, pool, threadpool

    ready = event.Event()
    waiting = gevent.spawn(lambda: ready.wait(5))
    doubled = pool.Pool(3).map(lambda n: (gevent.sleep(0), 2 * n)[1], range(5))
    ready.set()
    threads = threadpool.ThreadPool(2)
    squared = threads.map(lambda n: n * n, range(4))
    threads.join()
    threads.kill()
    return doubled, squared, waiting.get()


@use("greenlets", requirement="eventlet")
def eventlet() -> object:
    import eventlet

    pool = eventlet.GreenPool(3)
    return list(pool.imap(lambda n: (eventlet.sleep(0), 3 * n)[1], range(5)))


@use("C, threads")
def caio() -> object:
    import asyncio

    from caio import thread_aio_asyncio

    async def write() -> bytes:
        with tempfile.TemporaryFile() as file:
            async with thread_aio_asyncio.AsyncioContext() as context:
                await context.write(b"text", file.fileno(), 0)
                return await context.read(4, file.fileno(), 0)

    return asyncio.run(write())


@use("C")
def tornado() -> object:
    from tornado import speedups

    return speedups.websocket_mask(b"abcd", b"some bytes")


@use("Cython, C++, threads", "pyzmq")
def zmq() -> object:
    import zmq

    with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as two:
        one.bind("inproc://a")
        two.connect("inproc://a")
        two.send_multipart([b"a", b"b"])
        return one.recv_multipart()


@use("C, threads")
def awscrt() -> object:
    from awscrt import checksums, io

    group = io.EventLoopGroup(1)
    found = checksums.crc32(b"text"), type(group).__name__
    del group
    return found


@use("Rust, PyO3, threads")
def temporalio() -> object:
    from temporalio.bridge import temporal_sdk_bridge

    return temporal_sdk_bridge.__name__, "connect_client" in dir(temporal_sdk_bridge)


@use("Rust, PyO3, threads", "hf-xet")
def hf_xet() -> object:
    import hf_xet

    return [name for name in ("download_files", "upload_files") if hasattr(hf_xet, name)]


@use("Rust, PyO3, threads")
def watchfiles() -> object:
    import threading

    from watchfiles import watch

    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        stop.set()
        return list(watch(folder, stop_event=stop, debounce=10, step=5))


@use("Rust, PyO3")
def rignore() -> object:
    import rignore

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.txt").touch()
        return [each.name for each in rignore.walk(folder)][1:]


@use("Rust, PyO3")
def fastar() -> object:
    import fastar

    return sorted(name for name in dir(fastar) if name[0] != "_")


@use("Rust, PyO3")
def dulwich() -> object:
    from dulwich import objects
    from dulwich._objects import parse_tree

    blob = objects.Blob.from_string(b"text")
    tree = objects.Tree()
    tree.add(b"a", 0o100644, blob.id)
    return tree.id, parse_tree(tree.as_raw_string(), 20)


@use("cffi, C")
def pygit2() -> object:
    import pygit2

    with tempfile.TemporaryDirectory() as folder:
        made = pygit2.init_repository(folder)
        return str(made.create_blob(b"text")), made.is_empty


@use("C++, threads")
def memray() -> object:
    import memray

    with tempfile.TemporaryDirectory() as folder:
        with memray.Tracker(Path(folder, "a.bin")):
            data = [bytearray(1000) for _ in range(50)]
        return len(data), memray.FileReader(str(Path(folder, "a.bin"))).metadata.has_native_traces


@use("C, threads")
def pyinstrument() -> object:
    from pyinstrument.low_level import stat_profile

    return callable(stat_profile.setstatprofile), stat_profile.walltime_coarse_resolution() is None


@use("Rust, PyO3; Cython, C++", "snowflake-connector-python")
def snowflake() -> object:
    from snowflake.connector import converter
    from snowflake.connector._internal import arrow_stream_iterator

    return arrow_stream_iterator.__name__, converter.SnowflakeConverter.__name__


@use("Rust, PyO3, threads", requirement="deltalake pyarrow")
def deltalake() -> object:
    import pyarrow
    from deltalake import DeltaTable, write_deltalake

    with tempfile.TemporaryDirectory() as folder:
        write_deltalake(folder, pyarrow.table({"a": [1, 2, 3]}))
        table = DeltaTable(folder)
        return table.version(), len(table.file_uris())


@use("C++, Java if there is one", "jpype1")
def jpype() -> object:
    import jpype

    return jpype.isJVMStarted(), jpype.JInt.__name__


@use("C")
def xmlsec() -> object:
    import xmlsec

    return xmlsec.constants.NodeSignature, raised(xmlsec.Key.from_memory, b"", 2)


@use("C")
def psutil() -> object:
    import psutil

    me = psutil.Process()
    return me.pid == os.getpid(), psutil.cpu_count() == os.cpu_count(), me.num_threads() > 0


@use("C")
def setproctitle() -> object:
    import setproctitle

    return isinstance(setproctitle.getproctitle(), str)


@use("C, threads")
def soundfile() -> object:
    import io

    import numpy
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, numpy.zeros((100, 2)), 8000, format="WAV")
    file.seek(0)
    return soundfile.read(file)[0].shape
