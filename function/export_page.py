"""Write the page as files, to be hosted from a bucket with a CDN instead of by the function.

The function must allow the page's origin: CORS_ORIGINS (docs/settings.md). Only files are written;
nothing is uploaded.
"""

import argparse
import re
import sys
from pathlib import Path

from tinycopy.page_files import INDEX, page, policy

META_POLICY = '<meta http-equiv="Content-Security-Policy" content="{}">'
_ORIGIN = re.compile(r"https?://[^/]+")


def export(directory: Path, api: str) -> list[Path]:
    """Writes the page into `directory`; the paths written.

    api: the function's address, ending in a slash; "" if the page lies beside it. A bucket sends no
    header of ours, so the policy stands in the page itself.
    """
    made = page(api)
    origin = _ORIGIN.match(api)
    allowed = META_POLICY.format(policy(origin[0] if origin else ""))
    index = made.index.content.replace(b"<head>\n", f"<head>\n{allowed}\n".encode(), 1)
    files = {INDEX: index} | {f"page/{made.digest}/{n}": f.content for n, f in made.files.items()}
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [directory / name for name in files]


def main(argv: list[str] | None = None) -> int:
    """Export the page; 2 if the API's address cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, prog="export_page.py")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--api", default="", help="address of the function, if not beside the page")
    asked = parser.parse_args(argv)
    if asked.api and not _ORIGIN.match(asked.api):
        parser.error(f"--api {asked.api}: give an address such as https://copy.example/")
    api = asked.api and asked.api.rstrip("/") + "/"
    written = export(asked.directory, api)
    print(f"{len(written)} files in {asked.directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
