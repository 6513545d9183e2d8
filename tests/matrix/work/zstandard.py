"""zstandard: compressor threads of C, files of Python in the middle, dictionaries, its error."""

import io
import threading

import zstandard

from ._facts import raised, told

DATA = b"".join(b"line %d of the matrix, %d\n" % (i, i * i % 97) for i in range(50_000))


class Source:
    """A file of Python's that C reads from, in small pieces."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)
        self.reads = 0

    def read(self, size: int) -> bytes:
        self.reads += 1
        return self.file.read(min(size, 10_000))


class Broken:
    """A file that cannot be read."""

    def read(self, size: int) -> bytes:
        raise OSError("no more")


def streams(packed: bytes) -> dict[str, object]:
    """Streaming in both directions."""
    source, sink = Source(DATA), io.BytesIO()
    read, written = zstandard.ZstdCompressor(threads=2).copy_stream(source, sink)
    lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)))
    chunks = list(zstandard.ZstdDecompressor().read_to_iter(io.BytesIO(packed)))
    return {
        "copied": (read, written == len(sink.getvalue()), source.reads > 2),
        "lines": sum(1 for _ in lines),
        "chunks": sum(map(len, chunks)),
        "unreadable": raised(
            lambda: zstandard.ZstdCompressor().copy_stream(Broken(), io.BytesIO()),
        ),
    }


def in_threads(packed: bytes) -> list[bool]:
    """Decompress in two threads at a time."""
    same: list[bool] = []
    threads = [
        threading.Thread(target=lambda: same.append(zstandard.decompress(packed) == DATA))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return same


def work() -> str:
    """Compress and decompress in every way."""
    for threads in (0, 2, -1):
        packed = zstandard.ZstdCompressor(level=6, threads=threads).compress(DATA)
    samples = [b"sample %d with text %d" % (i, i * 7) * 4 for i in range(400)]
    trained = zstandard.train_dictionary(4096, samples)
    with_dictionary = zstandard.ZstdCompressor(dict_data=trained).compress(samples[7])
    many = zstandard.ZstdCompressor().multi_compress_to_buffer(samples, threads=2)
    apart = zstandard.ZstdDecompressor().multi_decompress_to_buffer(many, threads=2)
    return told(
        backend=zstandard.backend,
        same=zstandard.decompress(packed) == DATA,
        **streams(packed),
        threads=in_threads(packed),
        dictionary=(len(trained), trained.dict_id() != 0),
        small=zstandard.ZstdDecompressor(dict_data=trained).decompress(with_dictionary)
        == samples[7],
        many=[apart[i].tobytes() for i in (0, 399)] == [samples[0], samples[399]],
        size=zstandard.get_frame_parameters(packed).content_size,
        broken=raised(lambda: zstandard.decompress(b"nothing")),
        no_dictionary=raised(lambda: zstandard.decompress(with_dictionary), with_text=False),
    )
