import pytest

from transferlab.data import memory
from transferlab.data.memory import available_memory, memory_budget

GB = 2**30


@pytest.fixture
def machine(tmp_path):
    """A made-up /proc and /sys; 8 GB are free on it."""

    def write(files):
        for name, text in {"proc/meminfo": f"MemTotal: 99 kB\nMemAvailable: {8 * GB // 1024} kB\n", **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


def group(folder, limit, used, cached=0, version=2):
    if version == 2:
        names, key = ("memory.max", "memory.current", "memory.stat"), "inactive_file"
    else:
        names, key = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat"), "total_inactive_file"
    texts = (f"{limit}\n", f"{used}\n", f"anon 5\n{key} {cached}\n")
    return {f"{folder}/{name}": text for name, text in zip(names, texts, strict=True)}


def test_without_a_container_it_is_what_the_machine_has_free(machine):
    assert available_memory(machine({})) == 8 * GB


def test_a_limit_of_cgroup_v2_counts_and_cached_files_are_free(machine):
    root = machine({"proc/self/cgroup": "0::/user/job\n", **group("sys/fs/cgroup/user/job", 4 * GB, 3 * GB, GB)})
    assert available_memory(root) == 2 * GB


def test_the_limit_of_a_group_above_counts_as_well(machine):
    root = machine(
        {
            "proc/self/cgroup": "0::/user/job\n",
            **group("sys/fs/cgroup/user/job", "max", GB),
            **group("sys/fs/cgroup/user", 3 * GB, GB),
        }
    )
    assert available_memory(root) == 2 * GB


def test_inside_a_container_the_group_named_is_the_hosts(machine):
    root = machine({"proc/self/cgroup": "0::/kubepods/pod1\n", **group("sys/fs/cgroup", 2 * GB, GB // 2)})
    assert available_memory(root) == 1.5 * GB


def test_a_limit_of_cgroup_v1_counts(machine):
    lines = "12:cpu,cpuacct:/docker/1\n9:memory:/docker/1\n"
    v1 = group("sys/fs/cgroup/memory/docker/1", 2 * GB, GB, GB // 4, version=1)
    assert available_memory(machine({"proc/self/cgroup": lines, **v1})) == 1.25 * GB


def test_a_limit_above_the_machine_changes_nothing(machine):
    root = machine({"proc/self/cgroup": "0::/\n", **group("sys/fs/cgroup", 2**63, GB)})
    assert available_memory(root) == 8 * GB


def test_used_beyond_the_limit_leaves_nothing(machine):
    root = machine({"proc/self/cgroup": "0::/\n", **group("sys/fs/cgroup", GB, 2 * GB)})
    assert available_memory(root) == 0


@pytest.mark.parametrize("text", ["", "nonsense", "0::", "1:2"])
def test_odd_control_groups_are_no_limit(machine, text):
    assert available_memory(machine({"proc/self/cgroup": text})) == 8 * GB


def test_a_system_that_does_not_say_gets_a_small_default(tmp_path, monkeypatch):
    monkeypatch.setattr(memory.os, "sysconf", lambda _: (_ for _ in ()).throw(ValueError), raising=False)
    assert available_memory(tmp_path) == 4 * GB


def test_the_budget_is_a_quarter_of_it(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * GB)
    assert memory_budget() == 2 * GB


def test_this_machine_has_some():
    assert 2**20 < available_memory() < 2**50
