"""A TCP proxy that adds delay, as distance would, without taking away throughput."""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Iterator

CHUNK = 1 << 18


@contextlib.contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """Another port of loopback that leads to `port`; each round trip takes `seconds` more.

    A new connection costs one round trip, as TCP's own handshake would.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=_accept, args=(server, port, seconds))
        accepting.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(server: socket.socket, port: int, seconds: float) -> None:
    connections = []
    while True:
        try:
            near, _ = server.accept()
        except OSError:
            break
        connections.append(threading.Thread(target=_connect, args=(near, port, seconds)))
        connections[-1].start()
    for connection in connections:
        connection.join()


def _connect(near: socket.socket, port: int, seconds: float) -> None:
    """Carries one connection both ways until both ends have closed."""
    time.sleep(seconds)
    with near, socket.create_connection(("127.0.0.1", port)) as far:
        back = threading.Thread(target=_carry, args=(far, near, seconds / 2))
        back.start()
        _carry(near, far, seconds / 2)
        back.join()


def _carry(source: socket.socket, target: socket.socket, seconds: float) -> None:
    """Sends what `source` brings to `target`, each chunk `seconds` after it came."""
    waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
    sending = threading.Thread(target=_send, args=(target, waiting))
    sending.start()
    chunk = b"?"
    while chunk:
        try:
            chunk = source.recv(CHUNK)
        except OSError:
            chunk = b""
        waiting.put((time.monotonic() + seconds, chunk))
    sending.join()


def _send(target: socket.socket, waiting: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    with contextlib.suppress(OSError):
        while True:
            due, chunk = waiting.get()
            time.sleep(max(0, due - time.monotonic()))
            if not chunk:
                target.shutdown(socket.SHUT_WR)
                return
            target.sendall(chunk)
