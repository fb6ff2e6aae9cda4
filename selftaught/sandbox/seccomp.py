"""The system calls that sandboxed code may make: a list of those allowed, as a seccomp filter.

A call that is not on the list answers "not implemented", so that the C library falls back where it can (`clone3` to `clone`,
whose flags a filter can read). There is no way to execute a program, open a socket, trace, mount, or enter a namespace.
"""

from __future__ import annotations

import errno
import functools
import struct
from dataclasses import dataclass

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The audit number of each architecture whose numbers are listed below; on another there is no sandbox."""


@dataclass(frozen=True, slots=True)
class Need:
    """What must hold of an argument: its lower half, under `mask`, is one of `values` (or none of them, with `never`)."""

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF
    never: bool = False
    upper: bool = False


def conditions(alone: int | None) -> dict[str, tuple[Need, ...]]:
    """Return what must hold of the calls that are allowed only so.

    Args:
        alone: None: processes are the namespaces' business. A process number: this is the one process there is; it may start
            threads only, signal itself only, and change no file's metadata.
    """
    namespaces, threads = 0x7E020000, 0x00010100  # CLONE_NEW*; CLONE_VM with CLONE_THREAD
    rules = {
        "clone": (Need(0, (0,), mask=namespaces),),
        "prctl": (Need(0, (15, 16)),),  # the name of a thread
        "prlimit64": (Need(0, (0,)), Need(2, (0,)), Need(2, (0,), upper=True)),  # read its own limits, never set any
        "socketpair": (Need(0, (1,)), Need(1, (1,), mask=0xF)),  # a pair of local streams reaches nobody else
        "ioctl": (
            Need(1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
        ),  # is it a terminal, how wide, how much waits, blocking
        "fcntl": (Need(1, (8, 10, 15), never=True),),  # no signals sent by a file's owner
    }
    if alone is not None:
        rules |= {"clone": (Need(0, (threads,), mask=namespaces | threads),)}
        rules |= {name: (Need(0, (alone,)),) for name in ("kill", "tgkill")}
    return rules


NOT_ALONE = frozenset(
    {"fork", "vfork", "tkill", "truncate", "chmod", "fchmodat", "utime", "utimes", "utimensat", "readlink", "readlinkat"}
    | {"setsid", "setpgid"}
)
"""Allowed in a namespace of its own only: elsewhere these reach other processes, or files that Landlock does not guard."""


@functools.lru_cache(maxsize=4)
def program(architecture: str, alone: int | None = None) -> bytes:
    """Return the filter as classic BPF, for `kernel.filter_calls`."""
    needs = conditions(alone)
    column = list(ARCHITECTURES).index(architecture)
    code = [_load(4), _if_equal(ARCHITECTURES[architecture], 1, 0), _answer(_KILL), _load(0)]
    for line in CALLS.strip().splitlines():
        for name, *numbers in (entry.split(":") for entry in line.split()):
            number = numbers[column] if column < len(numbers) else numbers[0]
            if number == "-" or (alone is not None and name in NOT_ALONE):
                continue
            checks = [step for need in needs.get(name, ()) for step in _check(need)]
            block = [*checks, _answer(_ALLOW)]
            code += [_if_equal(int(number), 0, len(block)), *block]
    code.append(_answer(_REFUSE | errno.ENOSYS))
    return b"".join(code)


def _check(need: Need) -> list[bytes]:
    """Return the instructions that go on where the need is met, and refuse otherwise."""
    load = [_load(16 + 8 * need.argument + 4 * need.upper)] + ([_and(need.mask)] if need.mask != 0xFFFFFFFF else [])
    refuse = _answer(_REFUSE | errno.EPERM)
    if need.never:
        return [*load, *(step for value in need.values for step in (_if_equal(value, 0, 1), refuse))]
    left = len(need.values)
    return [*load, *(_if_equal(value, left - place, 0) for place, value in enumerate(need.values)), refuse]


_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def _instruction(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _load(offset: int) -> bytes:
    return _instruction(0x20, 0, 0, offset)


def _and(mask: int) -> bytes:
    return _instruction(0x54, 0, 0, mask)


def _if_equal(value: int, yes: int, no: int) -> bytes:
    return _instruction(0x15, yes, no, value)


def _answer(value: int) -> bytes:
    return _instruction(0x06, 0, 0, value)


CALLS = """
read:0:63 write:1:64 close:3:57 open:2:- openat:257:56 creat:85:- stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79
statx:332:291 lseek:8:62 mmap:9:222 mprotect:10:226 munmap:11:215 brk:12:214 mremap:25:216 madvise:28:233 msync:26:227
mincore:27:232 pread64:17:67 pwrite64:18:68 readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70 preadv2:327:286
pwritev2:328:287 access:21:- faccessat:269:48 faccessat2:439 pipe:22:- pipe2:293:59 dup:32:23 dup2:33:- dup3:292:24
fcntl:72:25 flock:73:32 fsync:74:82 fdatasync:75:83 ftruncate:77:46 truncate:76:45 getdents64:217:61 getdents:78:-
getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:-
link:86:- linkat:265:37 unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78 chmod:90:-
fchmod:91:52 fchmodat:268:53 umask:95:166 utimensat:280:88 utime:132:- utimes:235:- statfs:137:43 fstatfs:138:44
sendfile:40:71 copy_file_range:326:285 splice:275:76 tee:276:77 fadvise64:221:223 fallocate:285:47 close_range:436
rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136 rt_sigtimedwait:128:137
rt_sigsuspend:130:133 sigaltstack:131:132 restart_syscall:219:128 pause:34:- alarm:37:- getitimer:36:102 setitimer:38:103
select:23:- pselect6:270:72 poll:7:- ppoll:271:73 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:-
epoll_pwait:281:22 epoll_pwait2:441 eventfd:284:- eventfd2:290:19 timerfd_create:283:85 timerfd_settime:286:86
timerfd_gettime:287:87 sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120
sched_get_priority_max:146:125 sched_get_priority_min:147:126 getpriority:140:141 nanosleep:35:101 clock_nanosleep:230:115
clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169 time:201:- times:100:153 getpid:39:172 getppid:110:173
gettid:186:178 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getgroups:115:158 getresuid:118:148
getresgid:120:150 getpgrp:111:- getpgid:121:155 getsid:124:156 setsid:112:157 setpgid:109:154 uname:63:160 sysinfo:99:179
getrusage:98:165 getrlimit:97:163 prlimit64:302:261 getcpu:309:168 futex:202:98 futex_waitv:449 set_robust_list:273:99
get_robust_list:274:100 set_tid_address:218:96 rseq:334:293 membarrier:324:283 getrandom:318:278 arch_prctl:158:-
prctl:157:167 ioctl:16:29 socketpair:53:199 sendto:44:206 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212 shutdown:48:210
getsockname:51:204 getpeername:52:205 getsockopt:55:209 setsockopt:54:208 clone:56:220 fork:57:- vfork:58:- exit:60:93
exit_group:231:94 wait4:61:260 waitid:247:95 kill:62:129 tkill:200:130 tgkill:234:131
"""
"""Name, number on x86_64, number on aarch64 (where it differs; - where there is none)."""
