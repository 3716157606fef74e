"""A virtual environment for each peer, made once by pip from its pins, under build/peers/."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.served import ROOT, installed_bytes

HOME = ROOT / "build" / "peers"
PINS = Path(__file__).with_name("requirements")
INSTALL_SECONDS = 3600.0
LIBRARIES = (
    "ctranslate2",
    "google-cloud-storage",
    "llama-cpp-python",
    "obstore",
    "onnxruntime",
    "torch",
    "transformers",
)
"""What is compared."""
COMPILED = {"CMAKE_ARGS": "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF"}
"""For llama.cpp where pip compiles it: this machine's instructions, and no reading of images."""


class MissingPeerError(Exception):
    """A peer that cannot be measured here; the message says why and what to do."""


def environment(name: str) -> Path:
    """The interpreter of the environment that requirements/NAME.txt pins.

    Made on first use, which may take minutes and compile. Raises MissingPeerError if pip fails.
    """
    pins = (PINS / f"{name}.txt").read_text()
    home = HOME / name
    python, stamp = home / "bin" / "python", home / "installed"
    if stamp.exists() and stamp.read_text() == pins:
        return python
    print(f"Installing what requirements/{name}.txt pins into build/peers/{name}, once ...")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    try:
        done = subprocess.run(
            [*pip, "-r", str(PINS / f"{name}.txt")],
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            env=os.environ | COMPILED,
        )
    except subprocess.TimeoutExpired:
        raise MissingPeerError(f"{name}: pip took more than {INSTALL_SECONDS:.0f} s") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise MissingPeerError(f"{name}: pip install failed: {' '.join(said)[-300:]}")
    stamp.write_text(pins)
    return python


def installed_in(python: Path) -> int:
    """Bytes of the packages in an interpreter's environment."""
    return sum(installed_bytes(_site(python)).values())


def versions_in(python: Path) -> dict[str, str]:
    """The versions of those of LIBRARIES that an interpreter's environment has."""
    found = importlib.metadata.distributions(path=[str(_site(python))])
    versions = {one.name.lower().replace("_", "-"): one.version for one in found}
    return {name: versions[name] for name in LIBRARIES if name in versions}


def _site(python: Path) -> Path:
    return next((python.parent.parent / "lib").glob("python*/site-packages"))
