"""gRPC: a core with threads of its own that call Python; a server and its client in one process."""

import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc

from ._facts import told


class Handler(grpc.GenericRpcHandler):
    """Methods without generated code: bytes in, bytes out."""

    def service(self, details: Any) -> Any:
        name = details.method.rsplit("/", 1)[-1]
        if name == "Reverse":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request[::-1])
        if name == "Count":
            return grpc.unary_stream_rpc_method_handler(
                lambda request, context: (request + b"%d" % i for i in range(10))
            )
        if name == "Join":
            return grpc.stream_unary_rpc_method_handler(
                lambda requests, context: b"".join(requests)
            )
        if name == "Refuse":
            return grpc.unary_unary_rpc_method_handler(refuse)
        return None


def refuse(request: bytes, context: Any) -> bytes:
    """Answer with an error and something beside it."""
    context.set_trailing_metadata((("reason", "matrix"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"refused {request.decode()}")


class Counting(grpc.UnaryUnaryClientInterceptor):
    """Sees each call of the client."""

    def __init__(self) -> None:
        self.count = 0

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        self.count += 1
        return continuation(details, request)


def called(channel: Any) -> dict[str, object]:
    """Calls of every kind, errors, and a callback from the library's own thread."""
    reverse = channel.unary_unary("/matrix/Reverse")
    answers = [reverse(b"abc%d" % i, timeout=20) for i in range(30)]
    done = threading.Event()
    future = reverse.future(b"later", timeout=20)
    future.add_done_callback(lambda finished: done.set())

    def parts() -> Iterator[bytes]:
        yield from (b"a", b"b", b"c")

    errors = {}
    for name in ("Refuse", "Nothing"):
        try:
            channel.unary_unary(f"/matrix/{name}")(b"x", timeout=20)
        except grpc.RpcError as error:
            errors[name] = (error.code(), error.details(), len(error.trailing_metadata()))
    return {
        "answers": answers[-1],
        "future": (future.result(), done.wait(20)),
        "counted": list(channel.unary_stream("/matrix/Count")(b"n", timeout=20)),
        "joined": channel.stream_unary("/matrix/Join")(parts(), timeout=20),
        "errors": errors,
    }


def work() -> str:
    """Serve and ask."""
    counting = Counting()
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((Handler(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(20)
            facts = called(grpc.intercept_channel(channel, counting))
        server.stop(None).wait()
    return told(**facts, intercepted=counting.count)
