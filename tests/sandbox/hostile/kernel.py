"""Asking the kernel past Python, with arguments that change nothing: any answer but a refusal is a way in."""

from tests.sandbox.hostile.snippet import Snippet

SNIPPETS = [
    Snippet("mounting", """
call("mount", 165, 40, b"none", b"/tmp", b"tmpfs", 0, 0)
call("umount", 166, 39, b"/nowhere", 0)
call("pivot_root", 155, 41, b"/nowhere", b"/nowhere")
call("fsopen", 430, 430, b"tmpfs", 0)
call("open_tree", 428, 428, -100, b"/", 1)
call("move_mount", 429, 429, -1, b"", -1, b"", 0)
call("chroot", 161, 51, b"/nowhere")
"""),
    Snippet("namespaces", """
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000):
    call("unshare", 272, 97, flag)
    call("clone", 56, 220, flag | 17, 0, 0, 0, 0)
call("setns", 308, 268, 0, 0)
call("clone3", 435, 435, 0, 0)
"""),
    Snippet("keys, programs in the kernel, rings, counters", """
call("keyctl", 250, 219, 0, -3, 0)
call("add_key", 248, 217, b"user", b"x", b"y", 1, -3)
call("bpf", 321, 280, 0, 0, 0)
call("io_uring_setup", 425, 425, 1, 0)
call("perf_event_open", 298, 241, 0, 0, -1, -1, 0)
call("fanotify_init", 300, 262, 0, 0)
call("inotify_init1", 294, 26, 0)
"""),
    Snippet("the machine", """
call("kexec_load", 246, 104, 0, 99999, 0, -1)
call("init_module", 175, 105, 0, 0, b"")
call("finit_module", 313, 273, -1, b"", 0)
call("reboot", 169, 142, 0, 0, 0, 0)
call("sethostname", 170, 161, b"x", 100)
call("settimeofday", 164, 170, 0, 0)
call("swapon", 167, 224, b"/nowhere", 0)
call("acct", 163, 89, b"/nowhere")
call("syslog", 103, 116, 2, 0, 0)
"""),
    Snippet("files by handle", 'call("name_to_handle_at", 303, 264, -100, b"/", 0, 0, 0)\ncall("open_by_handle_at", 304, 265, -100, b"x" * 64, 0)'),
    Snippet("executing by number", 'call("execve", 59, 221, b"/bin/true", 0, 0)\ncall("execveat", 322, 281, -100, b"/bin/true", 0, 0, 0)'),
    Snippet("rights by number", """
call("setuid", 105, 146, 0)
call("capset", 126, 91, b"x" * 8, b"x" * 24)
call("personality", 135, 92, 0x0400000)
call("seccomp", 317, 277, 1, 0, b"")
for option in (4, 8, 22, 24, 28, 36, 38, 47, 59):
    call("prctl", 157, 167, option, 1, 0, 0, 0)
"""),
    Snippet("limits by number", 'call("prlimit64", 302, 261, 0, 7, b"\\xff" * 16, 0)\ncall("setrlimit", 160, 164, 7, b"\\xff" * 16)'),
    Snippet("typing into the terminal", 'call("ioctl", 16, 29, 0, 0x5412, b"x")\ncall("ioctl", 16, 29, 1, 0x541C, b"x")\ncall("ioctl", 16, 29, 2, 0x8901, b"x")'),
    Snippet("calls of another architecture", """
import mmap
if os.uname().machine == "x86_64":
    call("getpid as x32", 39 | 0x40000000, 0)
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes([0x53, 0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0x5B, 0xC3]))  # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
    number = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    print("ESCAPED", number)
""", complete=False, ended=("exited", "signal")),
]  # fmt: skip
