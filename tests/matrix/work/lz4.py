"""lz4: blocks, frames and streams of C with the GIL let go."""

import io
import threading

import lz4.block
import lz4.frame

from ._facts import raised, told

DATA = b"".join(b"line %d of the matrix, %d\n" % (i, i * i % 97) for i in range(40_000))


def in_threads(packed: bytes) -> list[bool]:
    """Decompress in two threads at a time."""
    same: list[bool] = []
    threads = [
        threading.Thread(target=lambda: same.append(lz4.frame.decompress(packed) == DATA))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return same


def work() -> str:
    """Compress and decompress in every way."""
    for level in (0, 0, 0, 0, 3):
        packed = lz4.frame.compress(DATA, compression_level=level, content_checksum=True)
    file = io.BytesIO()
    with lz4.frame.open(file, "wb") as writing:
        for start in range(0, len(DATA), 50_000):
            writing.write(DATA[start : start + 50_000])
    file.seek(0)
    with lz4.frame.open(file, "rb") as reading:
        lines = sum(1 for _ in reading)
    compressor = lz4.frame.LZ4FrameCompressor()
    pieces = [compressor.begin(), compressor.compress(DATA), compressor.flush()]
    block = lz4.block.compress(DATA, mode="high_compression", compression=4)
    return told(
        same=lz4.frame.decompress(packed) == DATA,
        lines=lines,
        pieces=lz4.frame.LZ4FrameDecompressor().decompress(b"".join(pieces)) == DATA,
        block=lz4.block.decompress(block) == DATA,
        dictionary=lz4.block.decompress(
            lz4.block.compress(DATA[:100], dict=DATA[:50]), dict=DATA[:50]
        )
        == DATA[:100],
        threads=in_threads(packed),
        info=lz4.frame.get_frame_info(packed)["content_checksum"],
        broken=raised(lambda: lz4.frame.decompress(b"nothing" * 9)),
        broken_block=raised(lambda: lz4.block.decompress(b"\x05\x00\x00\x00x"), with_text=False),
        error_is_ours=lz4.block.LZ4BlockError.__module__,
    )
