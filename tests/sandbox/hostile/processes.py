"""Other processes: making too many, outliving the run, touching those of the host."""

from selftaught.sandbox import Ran
from tests.sandbox.hostile.snippet import Snippet, limits


def _bounded(ran: Ran) -> bool:
    made = [int(line.split()[1]) for line in ran.stdout.splitlines() if line.startswith("made ")]
    return not made or made[-1] <= 12


SNIPPETS = [
    Snippet("a fork bomb", """
made = 0
try:
    for _ in range(150):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        made += 1
except OSError as error:
    print("refused", error.errno)
print("made", made, flush=True)
""", must=_bounded),
    Snippet("a fork bomb that doubles", """
for _ in range(7):  # 128 of them, where nothing holds
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
time.sleep(0.3)
""", complete=False, ended=("exited", "memory", "time"), limits=limits(seconds=2)),
    Snippet("a thread bomb", """
made = 0
threading.stack_size(32768)
try:
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
        made += 1
        time.sleep(0.002)
except (RuntimeError, MemoryError) as error:
    print("refused", error)
print("made", made)
""", complete=False, ended=("exited", "memory"), must=_bounded),
    Snippet("a daemon that outlives", """
if hasattr(os, "fork"):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                for _ in range(20):
                    open("alive", "a").write(".")
                    time.sleep(0.2)
            os._exit(0)
    except OSError as error:
        print("refused", error.errno)
""", must=lambda ran: ran.seconds < 2),
    Snippet("a child that keeps the output open", """
try:
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
except OSError as error:
    print("refused", error.errno)
""", must=lambda ran: ran.seconds < 2),
    Snippet("signals to the host", """
for number in (0, signal.SIGCONT):
    attempt("host", lambda number=number: os.kill(HOST["pid"], number))
    attempt("group", lambda number=number: os.killpg(HOST["pid"], number))
"""),
    Snippet("signals to the parent and to all", """
attempt("parent", lambda: os.kill(os.getppid(), signal.SIGCONT) if os.getppid() not in (0, 1) else False)
signal.signal(signal.SIGCONT, signal.SIG_IGN)
attempt("all", lambda: os.kill(-1, signal.SIGCONT) and False)
attempt("first", lambda: os.kill(1, signal.SIGCONT) if os.getuid() != 1000 else False)
time.sleep(0.1)
"""),
    Snippet("killing the first process of the run", """
for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSTOP, signal.SIGSEGV):
    if os.getpid() == 2:
        attempt("first", lambda number=number: os.kill(1, number) and False)
time.sleep(0.1)
"""),
    Snippet("signals by way of a file's owner", """
import fcntl
read, write = os.pipe()
attempt("owner", lambda: fcntl.fcntl(read, fcntl.F_SETOWN, HOST["pid"]))
attempt("signal", lambda: fcntl.fcntl(read, 10, signal.SIGCONT))
"""),
    Snippet("tracing", """
call("ptrace traceme", 101, 117, 0, 0, 0, 0)
call("ptrace attach", 101, 117, 16, HOST["pid"], 0, 0)
call("process_vm_readv", 310, 270, HOST["pid"], 0, 0, 0, 0, 0)
call("pidfd_open", 434, 434, HOST["pid"], 0)
call("pidfd_getfd", 438, 438, 3, 0, 0)
"""),
    Snippet("inherited descriptors", """
opened = []
for number in range(3, 1024):
    try:
        os.fstat(number)
        opened.append(number)
    except OSError:
        pass
attempt("descriptors", lambda: opened or False)
"""),
    Snippet("closing everything", "os.closerange(0, 1024)", complete=False, ended=("exited",)),
    Snippet("standard output closed", 'sys.stdout.close()\nos.close(1)\nsys.stderr.write("still here")', complete=False, must=lambda ran: "still here" in ran.stderr),
    Snippet("running programs", """
import subprocess
attempt("sh", lambda: subprocess.run(["/bin/sh", "-c", "id"], check=True))
attempt("python", lambda: os.execv(sys.executable, [sys.executable, "-c", "print('ESCAPED')"]))
attempt("system", lambda: os.system("id") if os.system("id") == 0 else False)
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
"""),
    Snippet("setuid programs", """
for path in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/passwd", "/bin/mount", "/usr/bin/newuidmap"):
    attempt(path, lambda path=path: os.execv(path, [path, "--version"]))
open("own", "wb").write(b"#!/bin/true\\n")
attempt("own", lambda: (os.chmod("own", 0o6755), os.execv("./own", ["own"])))
"""),
    Snippet("becoming somebody else", """
attempt("setuid", lambda: os.setuid(0) if os.getuid() else False)
attempt("setresuid", lambda: os.setresuid(1, 1, 1))
attempt("setgid", lambda: os.setgid(1))
attempt("setgroups", lambda: os.setgroups([0, 1]))
"""),
    Snippet("raising limits", """
import resource
for which in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
    attempt(str(which), lambda which=which: resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
attempt("prlimit", lambda: resource.prlimit(HOST["pid"], resource.RLIMIT_NOFILE))
"""),
    Snippet("priorities and affinity", """
attempt("nice", lambda: os.nice(-5))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, HOST["pid"], os.getpriority(os.PRIO_PROCESS, HOST["pid"])))
attempt("affinity", lambda: os.sched_setaffinity(HOST["pid"], os.sched_getaffinity(0)))
attempt("scheduler", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
"""),
    Snippet("a pool of processes works or is refused", """
import multiprocessing
try:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(abs, [-1, -2]))
except OSError as error:
    print("refused", error.errno)
"""),
    Snippet("exit code", "os._exit(7)", complete=False, must=lambda ran: ran.returncode == 7),
    Snippet("exit by exception", "sys.exit('why not')", complete=False, must=lambda ran: (ran.returncode, ran.stderr) == (1, "why not\n")),
    Snippet("a signal to itself", "os.kill(os.getpid(), signal.SIGKILL)", complete=False, ended=("signal",), must=lambda ran: ran.returncode == -9),
    Snippet("abort", "os.abort()", complete=False, ended=("signal",), must=lambda ran: ran.returncode < 0),
    Snippet("a crash of the interpreter", "ctypes.string_at(1)", complete=False, ended=("signal",), must=lambda ran: ran.returncode == -11),
]  # fmt: skip
