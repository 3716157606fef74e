"""The search for the smallest memory, and where the kernel's limit can be used."""

import os
import re
from pathlib import Path

import pytest

from benchmarks.limits import kills, parent_cgroup
from benchmarks.memory import SETTINGS, bisected
from benchmarks.served import REQUEST_CONCURRENCY, ROOT, Source, apart


@pytest.mark.parametrize("needed", [1, 64, 65, 150, 512])
def test_the_smallest_setting_that_survives_is_found_by_halves(needed: int) -> None:
    found = bisected(SETTINGS, lambda setting: setting >= needed)
    smallest = min(setting for setting, lived in found.items() if lived)
    assert smallest == min(setting for setting in SETTINGS if setting >= needed)
    assert len(found) <= 5


def test_where_none_survives_the_largest_was_tried() -> None:
    found = bisected(SETTINGS, lambda _: False)
    assert not any(found.values())
    assert max(SETTINGS) in found


@pytest.mark.parametrize(
    ("own", "root", "expected"),
    [
        ("cpu memory", "", "own"),  # the root of a machine
        ("", "memory pids", ""),  # a cgroup that is one of several with limits
        ("cpu", "cpu", None),
        (None, None, None),  # cgroup v1
    ],
)
def test_a_cgroup_is_used_only_where_it_limits_memory(
    tmp_path: Path, own: str | None, root: str | None, expected: str | None
) -> None:
    (tmp_path / "own").mkdir()
    for place, controllers in ((tmp_path / "own", own), (tmp_path, root)):
        if controllers is not None:
            (place / "cgroup.subtree_control").write_text(controllers)
    membership = tmp_path / "membership"
    membership.write_text("4:memory:/v1\n0::/own\n")
    found = parent_cgroup(tmp_path, membership)
    assert found == (None if expected is None else tmp_path / expected)


def test_kills_are_those_for_want_of_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 1\n")
    assert kills(tmp_path) == 1


def test_the_client_keeps_off_the_cpu_that_serves() -> None:
    before = os.sched_getaffinity(0)
    with apart() as cpu:
        assert os.sched_getaffinity(0) == before - {cpu} or len(before) == 1
    assert os.sched_getaffinity(0) == before


def test_the_function_has_the_queue_and_threads_of_its_deployment() -> None:
    variables = (ROOT / "terraform" / "variables_function.tf").read_text()
    block = variables.split('variable "request_concurrency"')[1]
    default = re.search(r"default\s+= (\d+)", block)
    assert default is not None
    assert int(default.group(1)) == REQUEST_CONCURRENCY
    function = (ROOT / "terraform" / "function.tf").read_text()
    assert "QUEUE   = tostring(var.request_concurrency - var.cpu)" in function
    assert "THREADS = tostring(var.request_concurrency + 1)" in function
    shape = Source("function", Path("python"), at_once=8).shape
    assert shape == {"CONCURRENCY": "1", "QUEUE": "7", "THREADS": "9"}
