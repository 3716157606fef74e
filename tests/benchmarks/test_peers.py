"""Peers run the student that the release was made from, in environments that say their versions."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks.peers.environments import MissingPeerError, versions_in
from benchmarks.peers.models import student_torch

NORM = np.array([0.5, 1.5, 2.5], np.float32)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release whose weights hold NORM."""
    out = tmp_path / "release"
    out.mkdir()
    (out / "model.bin").write_bytes(b"before" + NORM.tobytes() + b"after")
    (out / "spm.model").write_bytes(b"vocabulary")
    return out


def student(directory: Path, norm: np.ndarray, vocabulary: bytes) -> Path:
    directory.mkdir()
    save_file({"model.norm.weight": norm}, directory / "model.safetensors")
    (directory / "spm.model").write_bytes(vocabulary)
    return directory


@pytest.mark.parametrize(
    ("norm", "vocabulary"), [(NORM + 1e-6, b"vocabulary"), (NORM, b"another vocabulary")]
)
def test_another_student_is_no_peer_even_with_the_same_vocabulary(
    tmp_path: Path, release: Path, norm: np.ndarray, vocabulary: bytes
) -> None:
    with pytest.raises(MissingPeerError, match="not the student that the release was made from"):
        student_torch(student(tmp_path / "student", norm, vocabulary), release)


def test_a_student_that_is_not_there_is_told(tmp_path: Path, release: Path) -> None:
    with pytest.raises(MissingPeerError, match="--student names no directory"):
        student_torch(None, release)
    with pytest.raises(MissingPeerError, match="No such file"):
        student_torch(tmp_path / "nowhere", release)


def test_versions_are_those_of_the_environment_itself(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, version in (("llama_cpp_python", "0.1"), ("torch", "9.9"), ("six", "1.0")):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    found = versions_in(tmp_path / "bin" / "python")
    assert found == {"llama-cpp-python": "0.1", "torch": "9.9"}
