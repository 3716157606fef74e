"""The machine that was measured, and how busy it was."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
import time
from pathlib import Path

import msgspec

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm", "sve")
BUSY = 0.5
"""CPUs that others use above which absolute figures are not to be trusted."""
WATCHED_SECONDS = 2.0
PACKAGES = ("ctranslate2", "functions-framework", "gunicorn", "msgspec", "sentencepiece")


class Machine(msgspec.Struct, frozen=True):
    """load: CPUs in use just before the measurement. isa: those of FLAGS it has."""

    cpu: str
    cpus: int
    isa: tuple[str, ...]
    memory_gib: float
    system: str
    python: str
    packages: dict[str, str]
    load: float
    commit: str
    measured_at: str

    @property
    def is_busy(self) -> bool:
        """Whether something else was running."""
        return self.load > BUSY

    @property
    def summary(self) -> str:
        """One line for tables."""
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return (
            f"{self.cpu}, {self.cpus} CPUs ({', '.join(self.isa)}), {self.memory_gib:.0f} GiB, "
            f"{self.system}, Python {self.python}, {packages}; commit {self.commit}, "
            f"{self.measured_at[:10]}, CPUs in use before: {self.load:.1f}"
        )


def machine(root: Path) -> Machine:
    """This machine now; `root` is the checkout that is measured."""
    fields = _first_processor(Path("/proc/cpuinfo").read_text())
    flags = fields.get("flags", fields.get("Features", "")).split()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=fields.get("model name", platform.machine()),
        cpus=os.cpu_count() or 1,
        isa=tuple(flag for flag in FLAGS if flag in flags),
        memory_gib=round(memory / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: importlib.metadata.version(name) for name in PACKAGES},
        load=round(_in_use(), 2),
        commit=_commit(root),
        measured_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _in_use() -> float:
    """How many CPUs are in use, as they are over WATCHED_SECONDS."""
    before = _ticks()
    time.sleep(WATCHED_SECONDS)
    after = _ticks()
    return (after - before) / os.sysconf("SC_CLK_TCK") / WATCHED_SECONDS


def _ticks() -> int:
    """The clock ticks that all CPUs together have spent on work, with the host's own share."""
    user, nice, system, _, _, *others = map(int, Path("/proc/stat").read_text().split()[1:9])
    return user + nice + system + sum(others)


def _first_processor(cpuinfo: str) -> dict[str, str]:
    lines = cpuinfo.split("\n\n", maxsplit=1)[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _commit(root: Path) -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return done.stdout.strip() or "not in a checkout"
