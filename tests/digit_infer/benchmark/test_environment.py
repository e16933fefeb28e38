import os
from pathlib import Path

import pytest

from digit_infer.benchmark.environment import confinement_facts, cpu_facts, environment, machine_identity, ranges


@pytest.fixture
def machine(tmp_path):
    """Return what lays the files of a machine: its text by path."""

    def lay(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return lay


LAPTOP = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 186\nstepping\t: 2\n"
    "model name\t: 13th Gen Intel(R) Core(TM) i7-1360P\ncpu MHz\t\t: 2200.5\nflags\t\t: fpu avx2 avx_vnni pni\n\n"
    "processor\t: 1\nmodel name\t: another\ncpu MHz\t\t: 400.000\n",
    "sys/devices/system/cpu/smt/active": "1\n",
    "sys/devices/system/cpu/intel_pstate/no_turbo": "1\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver": "intel_pstate\n",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "5000000\n",
    "sys/devices/system/cpu/cpu0/cache/index0/level": "1\n",
    "sys/devices/system/cpu/cpu0/cache/index0/type": "Data\n",
    "sys/devices/system/cpu/cpu0/cache/index0/size": "48K\n",
    "sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list": "0-1\n",
}


def test_a_laptop_is_told(machine):
    facts = cpu_facts(machine(LAPTOP))
    assert facts["cpu"] == "13th Gen Intel(R) Core(TM) i7-1360P"
    assert facts["cpu_signature"] == "GenuineIntel 6 186 2"
    assert facts["cpu_flags"] == "avx2 avx_vnni"
    assert facts["caches"] == "L1 data 48K of CPU 0-1"
    assert (facts["smt"], facts["turbo_off"], facts["governor"], facts["frequency_driver"]) == (
        *("on", "1", "powersave"),
        "intel_pstate",
    )
    assert (facts["frequency_mhz"], facts["frequency_max_mhz"]) == ("400 to 2200", "5000")


def test_boost_of_other_drivers_says_the_same_the_other_way_round(machine):
    assert cpu_facts(machine({"sys/devices/system/cpu/cpufreq/boost": "0"}))["turbo_off"] == "1"


def test_a_clock_of_the_scaling_driver_comes_before_that_of_cpuinfo(machine):
    path = "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"
    assert cpu_facts(machine({**LAPTOP, path: "1800000"}))["frequency_mhz"] == "1800"


def test_a_raspberry_pi_is_told(machine):
    pi = "processor\t: 0\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\n"
    pi += "CPU revision\t: 1\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n"
    facts = cpu_facts(machine({"proc/cpuinfo": pi}))
    assert (facts["cpu"], facts["cpu_signature"]) == ("Raspberry Pi 5 Model B Rev 1.0", "0x41 0xd0b 0x4 1")
    assert facts["cpu_flags"] == "asimd asimddp"


def test_without_proc_and_sys_no_file_is_needed(tmp_path):
    facts = cpu_facts(tmp_path) | confinement_facts(tmp_path)
    assert set(filter(None, facts.values())) <= {
        facts["cpu"],
        str(os.cpu_count()),
        facts["cores_allowed"],
        facts["cpus_allowed"],
    }


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([3], "3"), ([0, 1, 2, 3, 8], "0-3,8"), ([5, 1, 4], "1,4-5"), ([0, 2], "0,2")]
)
def test_ranges_are_written_as_the_kernel_does(numbers, text):
    assert ranges(numbers) == text


def test_the_tightest_limit_of_version_2_counts(machine):
    facts = confinement_facts(
        machine(
            {
                "proc/self/cgroup": "0::/kubepods/pod1/one\n",
                "sys/fs/cgroup/cgroup.controllers": "cpu memory",
                "sys/fs/cgroup/kubepods/cpu.max": "400000 100000",
                "sys/fs/cgroup/kubepods/memory.max": "max",
                "sys/fs/cgroup/kubepods/pod1/cpu.max": "150000 100000",
                "sys/fs/cgroup/kubepods/pod1/memory.max": "1073741824",
                "sys/fs/cgroup/kubepods/pod1/one/cpu.max": "max 100000",
                "sys/fs/cgroup/kubepods/pod1/one/memory.max": "2147483648",
            }
        )
    )
    assert (facts["cgroup_cpu_max"], facts["cgroup_memory_max"]) == ("150000 100000", "1073741824")


def test_limits_of_version_1_are_read_of_a_group_that_only_the_host_sees(machine):
    facts = confinement_facts(
        machine(
            {
                "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n",
                "proc/1/cgroup": "4:memory:/docker/abc\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            }
        )
    )
    assert (facts["cgroup_cpu_max"], facts["cgroup_memory_max"]) == ("50000 100000", "max")
    assert facts["container"] == "docker"


@pytest.mark.parametrize(
    ("files", "container", "virtual"),
    [
        ({"run/.containerenv": ""}, "podman", ""),
        ({"run/systemd/container": "lxc\n"}, "lxc", ""),
        ({"proc/cpuinfo": "flags\t: fpu hypervisor\n"}, "", "yes"),
        ({"sys/hypervisor/type": "xen\n"}, "", "xen"),
        ({"proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"}, "", "wsl"),
        ({"proc/cpuinfo": "flags\t: fpu\n", "proc/1/cgroup": "0::/init.scope\n"}, "", ""),
    ],
)
def test_containers_and_hypervisors_are_told(machine, files, container, virtual):
    facts = confinement_facts(machine(files))
    assert (facts["container"], facts["virtual_machine"]) == (container, virtual)


def test_variables_that_steer_runtimes_are_kept_and_keys_are_not(monkeypatch):
    steering = {"OMP_NUM_THREADS": "2", "ORT_DISABLE_ALL": "1", "TF_ENABLE_ONEDNN_OPTS": "0", "KMP_BLOCKTIME": "1"}
    private = {"TF_VAR_password": "x", "TF_TOKEN_app": "x", "NVIDIA_API_KEY": "x", "HOME": "/home/somebody"}
    for name, value in (steering | private).items():
        monkeypatch.setenv(name, value)
    found = environment()
    assert steering.items() <= found.items()
    assert not private.keys() & found.keys()


def test_a_machine_stays_the_same_after_a_new_kernel_and_an_update():
    before = environment()
    memory = str(int(before.get("memory_kb", 2**24)) // 2**20 * 2**20)
    after = before | {"kernel": "another", "numpy": "9", "load_average": "7", "frequency_mhz": "1"}
    assert machine_identity(before) == machine_identity(after)
    assert machine_identity(before | {"memory_kb": memory}) == machine_identity(
        before | {"memory_kb": f"{int(memory) - 9000}"}
    )
    for fact in ("cpu", "cores_allowed", "virtual_machine", "container", "cgroup_cpu_max"):
        assert machine_identity(before) != machine_identity(before | {fact: "another"})


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no Linux")
def test_the_kernel_says_the_same_of_the_processors_allowed():
    status = Path("/proc/self/status").read_text()
    assert f"Cpus_allowed_list:\t{environment()['cpus_allowed']}\n" in status
