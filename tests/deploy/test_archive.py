"""The source zip: what is in it, and that the same files give the same bytes."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy import archive
from deploy.errors import DeployError
from tests.function.server import FUNCTION, deployable


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The function's directory with a tiny release."""
    deployable(tmp_path / "function")
    return tmp_path / "function"


def names(zipped: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(zipped)).namelist()


def test_the_same_files_give_the_same_bytes_whatever_their_times_modes_and_order(
    source: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in sorted(filter(Path.is_file, source.rglob("*")), reverse=True):
        target = copy / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o700)
        os.utime(target, (0, 1_700_000_000))
    assert archive.pack(copy) == archive.pack(source)


def test_another_process_with_another_clock_and_locale_makes_the_same_bytes(source: Path) -> None:
    program = "import sys; from pathlib import Path; from deploy import archive; "
    program += "print(archive.sha256(archive.pack(Path(sys.argv[1]))))"
    told = subprocess.run(
        [sys.executable, "-c", program, str(source)],
        env=os.environ | {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert told.stdout.strip() == archive.sha256(archive.pack(source))


def test_one_changed_byte_changes_the_digest(source: Path) -> None:
    before = archive.sha256(archive.pack(source))
    (source / "main.py").write_text((source / "main.py").read_text() + "\n")
    assert archive.sha256(archive.pack(source)) != before


def test_the_zip_holds_what_is_deployed_and_nothing_that_is_ignored(source: Path) -> None:
    for name in ("tinycopy/__pycache__/a.pyc", "stray.pyc", ".git/HEAD"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("")
    listed = subprocess.run(
        ["git", "ls-files", "function"], cwd=FUNCTION.parent, capture_output=True, text=True
    )
    tracked = {Path(name).relative_to("function").as_posix() for name in listed.stdout.split()}
    # Files that are not committed yet are in the working tree, and in the zip.
    assert tracked - set(names(archive.pack(source))) == {
        "serve.py",
        "requirements.in",
        ".gcloudignore",
    }
    assert not [n for n in names(archive.pack(source)) if n.endswith(".pyc") or ".git" in n]


def test_an_entry_is_a_plain_file_with_no_time_of_its_own(source: Path) -> None:
    entries = zipfile.ZipFile(io.BytesIO(archive.pack(source))).infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


@pytest.mark.parametrize("missing", ["main.py", "requirements.txt"])
def test_a_directory_that_is_not_the_function_is_refused(source: Path, missing: str) -> None:
    (source / missing).unlink()
    with pytest.raises(DeployError, match=f"{missing}: missing"):
        archive.pack(source)


def test_a_broken_embedded_release_is_refused(source: Path) -> None:
    with (source / "tinycopy" / "embedded" / "model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DeployError, match=r"model\.bin: .* bytes, the manifest says"):
        archive.pack(source)


def test_a_link_is_refused(source: Path) -> None:
    (source / "linked.py").symlink_to("main.py")
    with pytest.raises(DeployError, match=r"linked\.py: is a link"):
        archive.pack(source)


@pytest.mark.parametrize("line", ["!kept.py", "tinycopy/docs.css", "**/x", "#!include:.gitignore"])
def test_a_line_of_gcloudignore_that_is_not_understood_is_refused(source: Path, line: str) -> None:
    with (source / ".gcloudignore").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DeployError, match=r"\.gcloudignore:\d+: "):
        archive.pack(source)
