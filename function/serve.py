"""Run the function on this machine, as `make serve` does, and show how to ask it for copy.

Starts functions-framework as Google Cloud does, waits until it answers, prints a curl command
and stays until Ctrl-C. Only the standard library is imported here.
"""

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HOST = "localhost"
START_SECONDS = 60.0
EXAMPLE = {
    "type": "product_description",
    "product": "Sunrise Mug",
    "category": "travel mug",
    "features": ["double-walled ceramic", "holds 350 ml", "dishwasher safe"],
    "tone": "casual",
    "length": "short",
    "audience": "early risers",
    "keywords": ["coffee"],
}


def curl(port: int) -> str:
    """A command to paste into a shell: the example brief as a POST to /v1/copy."""
    body = json.dumps(EXAMPLE, indent=2)
    return (
        f"curl -s http://{HOST}:{port}/v1/copy \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}"
    )


def start(port: int) -> subprocess.Popen[bytes]:
    """Start functions-framework with the function beside this file."""
    source = Path(__file__).with_name("main.py")
    options = ["--source", str(source), "--target", "tinycopy"]
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "functions_framework",
            *options,
            "--host",
            HOST,
            "--port",
            str(port),
        ],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def is_taken(port: int) -> bool:
    """Whether something already listens on the port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> bool:
    """True once /health answers 200; False if the server ended or START_SECONDS passed."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    return False


def stop(server: subprocess.Popen[bytes]) -> int:
    """Ask the server to finish its requests and end; its exit code."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
    try:
        return server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def interrupted(signum: int, frame: object) -> None:
    """Turn SIGTERM into the Ctrl-C path, so that the server never outlives this process."""
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; 0 after Ctrl-C, 1 if the function did not start."""
    parser = argparse.ArgumentParser(description=__doc__, prog="serve.py")
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args(argv).port
    if is_taken(port):
        print(f"Port {port} is in use. Try another: make serve PORT={port + 1}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, interrupted)
    server = start(port)
    try:
        if not wait_until_healthy(server, port):
            print("The function did not start; its messages are above.", file=sys.stderr)
            return 1
        print(f"\nTinycopy listens on http://{HOST}:{port} (docs: /docs). Ask it for copy:\n")
        print(curl(port))
        print("\nStop with Ctrl-C.\n", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        stop(server)


if __name__ == "__main__":
    sys.exit(main())
