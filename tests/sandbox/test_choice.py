"""The best sandbox that works is taken, and without one code is refused."""

from __future__ import annotations

import asyncio

import pytest

from selftaught import sandbox
from selftaught.errors import SandboxMissing
from selftaught.sandbox import choice, jail, kernel, seccomp
from selftaught.sandbox.choice import Candidate


@pytest.fixture
def untried():
    """Forgets what is known of this machine, before and after."""
    choice._tried.cache_clear()
    yield
    choice._tried.cache_clear()


def _anywhere(monkeypatch, *found: Candidate) -> None:
    monkeypatch.setattr(choice, "_tried", lambda process: found)


def test_the_first_that_works_is_taken(monkeypatch):
    _anywhere(monkeypatch, Candidate("namespaces", False, "not allowed"), Candidate("alone", True))
    assert sandbox.default().kind == "alone"
    _anywhere(monkeypatch, Candidate("namespaces", True), Candidate("alone", True))
    assert sandbox.default().kind == "namespaces"
    assert sandbox.default() is sandbox.default()


def test_without_one_code_is_refused_and_every_reason_told(monkeypatch):
    _anywhere(monkeypatch, Candidate("namespaces", False, "not allowed"), Candidate("alone", False, "no Landlock"))
    with pytest.raises(SandboxMissing, match=r"code is not run.*namespaces: not allowed; alone: no Landlock"):
        sandbox.default()


def test_another_system_is_refused(monkeypatch, untried):
    monkeypatch.setattr(jail.sys, "platform", "darwin")
    assert [(one.works, "darwin" in one.why) for one in sandbox.available()] == [(False, True)] * 2


def test_an_architecture_without_a_filter_is_refused(monkeypatch, untried):
    monkeypatch.setattr(kernel, "architecture", lambda: "riscv64")
    assert all("riscv64" in one.why for one in sandbox.available())


def test_a_sandbox_with_a_hole_is_not_available(monkeypatch, untried):
    class Leaking:
        async def run(self, code, **settings):
            return sandbox.Ran('["made a socket"]', "", 0, "exited", 0.1)

    monkeypatch.setattr(choice, "_made", lambda name: Leaking())
    assert sandbox.available() == [Candidate(name, False, "the probe got through: made a socket") for name in choice.ORDER]


def test_a_sandbox_that_breaks_is_not_available(monkeypatch, untried):
    class Broken:
        async def run(self, code, **settings):
            raise SandboxMissing("no way in")

    monkeypatch.setattr(choice, "_made", lambda name: Broken())
    assert [one.why for one in sandbox.available()] == ["no way in"] * 2


def test_what_the_kernel_offers_is_used():
    """A sandbox that breaks must not look like a machine without one: then all of its tests would be skipped."""
    if jail.why_not() or not kernel.landlock_version():
        pytest.skip(jail.why_not() or "this kernel has no Landlock")
    found = {one.name: one for one in sandbox.available()}
    assert found["alone"].works, found["alone"].why


def test_it_can_be_chosen_from_inside_a_loop(untried):
    async def inside():
        return sandbox.available()

    assert [one.name for one in asyncio.run(inside())] == list(choice.ORDER)


def test_the_probe_finds_every_hole_of_an_open_door(tmp_path):
    """The probe is worth something: run without a sandbox, it gets through to what is harmless to try here."""
    import subprocess
    import sys

    secret = tmp_path / "secret"
    secret.write_text("x")
    probe = choice.PROBE.replace('attempt("ran a program"', '0 and attempt("ran a program"').replace(
        'attempt("wrote a folder', '0 and attempt("wrote a folder'
    )
    ran = subprocess.run([sys.executable, "-c", probe], input=str(secret), capture_output=True, text=True, check=True)
    for hole in ("read a file outside", "wrote a file outside", "made a socket", "got an environment", "signalled its parent"):
        assert hole in ran.stdout


@pytest.mark.parametrize("architecture", seccomp.ARCHITECTURES)
@pytest.mark.parametrize("alone", [None, 7])
def test_the_filter_is_well_formed(architecture, alone):
    program = seccomp.program(architecture, alone)
    count = len(program) // 8
    assert len(program) % 8 == 0
    assert count < 4096
    for place in range(count):  # no jump leaves the program
        code, yes, no = program[8 * place], program[8 * place + 2], program[8 * place + 3]
        if code == 0x15:
            assert place + 1 + max(yes, no) < count


def test_nothing_that_leaves_is_on_the_list():
    allowed = {entry.partition(":")[0] for entry in seccomp.CALLS.split()}
    assert not allowed & set(LEAVING.split())
    assert set(seccomp.conditions(7)) <= allowed
    assert allowed >= seccomp.NOT_ALONE


LEAVING = (
    "socket connect bind execve execveat ptrace mount umount2 unshare setns bpf keyctl io_uring_setup perf_event_open memfd_create "
    "process_vm_readv pidfd_open chroot pivot_root setuid setresuid capset reboot kexec_load clone3 userfaultfd "
    "mknod mknodat chown fchown lchown setxattr setrlimit sched_setaffinity setpriority open_by_handle_at"
)
