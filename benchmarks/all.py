"""Every benchmark, one after another.

About twenty minutes on an idle machine once the peers' environments are made; `--quick` takes the
fewest rounds that show that all of it works. Afterwards `make docs` brings the documents in step
with what was saved. Not here: fuzz and soak, which look for faults.
"""

import argparse
from collections.abc import Sequence

from benchmarks import cold, cost, memory, results, warm
from benchmarks.peers import command as peers

QUICK = {
    "cold": ("--spawns", "2", "--marked", "1"),
    "warm": ("--rounds", "1", "--requests", "8"),
    "memory": ("--requests", "20", "--starts", "1", "--settings", "128", "512"),
    "peers": ("--rounds", "1"),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Runs all; each prints its tables and saves its JSON and plot."""
    parser = results.parser("all", __doc__)
    parser.add_argument("--quick", action="store_true", help="the fewest rounds")
    parser.add_argument("--without-peers", action="store_true", help="only the function itself")
    parser.add_argument("--student", help="the PyTorch student, for the peers")
    given: argparse.Namespace = parser.parse_args(argv)
    options = QUICK if given.quick else {}
    out = ("--out", str(given.out))
    for name, command in (("cold", cold.main), ("warm", warm.main), ("memory", memory.main)):
        print(f"\n## {name}\n", flush=True)
        command((*out, *options.get(name, ())))
    print("\n## cost\n", flush=True)
    cost.main(out)
    if not given.without_peers:
        print("\n## peers\n", flush=True)
        student = ("--student", given.student) if given.student else ()
        peers.main((*out, *student, *options.get("peers", ())))


if __name__ == "__main__":
    main()
