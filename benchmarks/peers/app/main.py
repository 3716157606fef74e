"""A peer as a function: the engine that ENGINE names, with the model in the directory MODEL.

The library is imported before gunicorn forks, as the function does with its own; the model is
loaded in the worker, with the first request.
"""

import importlib
import os
import threading
from pathlib import Path
from typing import Any

from flask import Request

ENGINE = importlib.import_module(os.environ["ENGINE"])
_ONE = threading.Lock()
_write: Any = None


def tinycopy(request: Request) -> dict[str, Any]:
    """Writes `candidates` samples of `tokens` tokens each."""
    global _write
    asked = request.get_json()
    with _ONE:
        _write = _write or ENGINE.load(Path(os.environ["MODEL"]))
        written = _write(asked["candidates"], asked["tokens"])
    return {"usage": {"completion_tokens": sum(written), "candidates": len(written)}}
