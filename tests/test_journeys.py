"""The ways that README shows, walked: each block of commands is run as it stands there.

Only what a reader would put in too is put in: a recipe of 30 rows in place of the one named, and a
bucket of a real Cloud Storage server. First copy from a fresh clone is in test_newcomer.py.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from finetune.stage import read_metadata
from tests.function.server import deployable, running, until
from tests.tiny_models import chain_recipe

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def block(starts: str) -> str:
    """README's block of commands whose first line starts so."""
    [found] = [text for text in BLOCK.findall(README) if text.startswith(starts)]
    return str(found)


@pytest.mark.timeout(400)
def test_from_a_deck_to_a_function_that_serves_its_release_and_back(
    gcs_server: str, bucket: storage.Bucket, tmp_path: Path
) -> None:
    recipe = chain_recipe(tmp_path)
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
        "TINYCOPY_CACHE": str(tmp_path / "cache"),
        "STORAGE_EMULATOR_HOST": gcs_server,
    }

    def walk(commands: str) -> str:
        for named in ("distill/recipes/nano.toml", "nano"):
            commands = commands.replace(f"--recipe {named}", f"--recipe {recipe}")
        done = subprocess.run(
            ["bash", "-ec", commands.replace("gs://BUCKET", f"gs://{bucket.name}")],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    embedded = deployable(tmp_path / "function")
    settings = {"STORAGE_EMULATOR_HOST": gcs_server, "MODEL_REFRESH_SECONDS": "0.2"}
    walk(f"tinycopy publish {tmp_path}/function/tinycopy/embedded gs://BUCKET")
    walk(block("tinycopy deck"))
    trained = read_metadata(tmp_path / "runs" / "nano" / "release").metrics["digest"]
    with running(tmp_path / "function", MODEL_URI=f"gs://{bucket.name}", **settings) as server:

        def serves(expected: str) -> bool:
            server.copy()
            release = server.ask("GET", "/info").json["release"]
            return bool(release["digest"] == expected)

        until(lambda: serves(trained))
        again, back = block("tinycopy publish runs").splitlines()
        walk(again)
        assert serves(trained)
        walk(back)
        until(lambda: serves(embedded))
    assert (tmp_path / "runs" / "nano" / "evaluation" / "evaluation.json").is_file()
