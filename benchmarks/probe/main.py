"""function/main.py, its imports and the loading of its first student timed."""

import os
import runpy
import sys
from pathlib import Path

from marks import mark, timed

mark("framework")
sys.path.insert(0, os.environ["FUNCTION"])

import ctranslate2  # noqa: E402, F401
import sentencepiece  # noqa: E402, F401

mark("libraries")

from tinycopy import release  # noqa: E402
from tinycopy.student import Student  # noqa: E402

for owner, function, name in (
    (release, "verify", "verify"),
    (release, "embedded", "read"),
    (release, "pointed", "read"),
    (release, "download", "read"),
    (Student, "write", "generate"),
    (Student, "__init__", "load"),
):
    setattr(owner, function, timed(name, getattr(owner, function)))
os.register_at_fork(after_in_child=lambda: mark("worker"))

tinycopy = runpy.run_path(str(Path(os.environ["FUNCTION"]) / "main.py"))["tinycopy"]
mark("function")
