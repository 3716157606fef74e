"""Reads the release that a bucket's pointer names, one way, and says what that took.

Run in a fresh process, by path: `python reader.py ours|obstore|google-cloud-storage`, with
MODEL_URI and STORAGE_EMULATOR_HOST set. Everything is imported where it is used: imports count.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

STARTED, CPU = time.perf_counter(), time.process_time()
HOST = os.environ["STORAGE_EMULATOR_HOST"]
BUCKET = os.environ["MODEL_URI"].removeprefix("gs://")
POINTER = "students/current.json"
Read = Callable[[str], bytes]


def ours() -> Read:
    """As the function does."""
    from tinycopy.bucket import Bucket

    bucket = Bucket(BUCKET, 60.0)
    return lambda name: bucket.read(name, 1 << 30)


def with_obstore() -> Read:
    """With obstore, which needs a service account's file even for an emulator."""
    from obstore.store import GCSStore

    account = {"gcs_base_url": HOST, "disable_oauth": True, "client_email": "", "private_key": ""}
    store = GCSStore(
        BUCKET,
        config={"service_account_key": json.dumps(account | {"private_key_id": ""})},
        client_options={"allow_http": True},
    )
    return lambda name: bytes(store.get(name).bytes())


def with_google() -> Read:
    """With Google's own library."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage  # type: ignore[import-untyped]

    client = storage.Client(
        project="test",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": HOST},
    )
    bucket = client.bucket(BUCKET)
    return lambda name: bytes(bucket.blob(name).download_as_bytes())


def _peak() -> int:
    """Most bytes of RSS so far; what getrusage tells starts from the parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(way: str) -> None:
    """Reads the pointer, the manifest and every file in it; prints JSON."""
    makers = {"ours": ours, "obstore": with_obstore, "google-cloud-storage": with_google}
    read = makers[way]()
    digest = json.loads(read(POINTER))["digest"]
    files = json.loads(read(f"students/{digest}/manifest.json"))["files"]
    size = sum(len(read(f"students/{digest}/{name}")) for name in files)
    told = {
        "seconds": time.perf_counter() - STARTED,
        "cpu": time.process_time() - CPU,
        "peak": _peak(),
        "bytes": size,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
