"""Reading and writing what is not theirs."""

from tests.sandbox.hostile.snippet import Snippet, limits

SNIPPETS = [
    Snippet("read /etc/passwd", 'attempt("passwd", lambda: open("/etc/passwd").read())'),
    Snippet("read /etc/shadow", 'attempt("shadow", lambda: open("/etc/shadow").read())'),
    Snippet("read a file of the host", 'attempt("canary", lambda: open(HOST["file"]).read())'),
    Snippet("read by descriptor tricks", """
attempt("o_path", lambda: os.read(os.open(HOST["file"], os.O_RDONLY | os.O_NOATIME), 9))
attempt("dev fd", lambda: open("/dev/fd/3").read())
"""),
    Snippet("list homes", """
for place in ("/root", "/home", os.path.expanduser("~root"), HOST["repository"], HOST["folder"]):
    attempt(place, lambda place=place: [name for name in os.listdir(place) if not os.__file__.startswith(f"{place}/{name}/")] or False)
for place in ("/home", "/root"):
    attempt("walk", lambda place=place: [found for found in os.walk(place) if found[2] and "lib/python" not in found[0]] or False)
"""),
    Snippet("read the repository", 'attempt("repository", lambda: open(HOST["repository"] + "/pyproject.toml").read())'),
    Snippet("read third-party packages", 'attempt("dspy", lambda: __import__("dspy"))\nattempt("selftaught", lambda: __import__("selftaught"))'),
    Snippet("write a file of the host", """
for mode in ("r+", "r+b"):
    attempt(mode, lambda mode=mode: open(HOST["file"], mode).write("x"))
attempt("truncate", lambda: os.truncate(HOST["file"], 0))
attempt("unlink", lambda: os.unlink(HOST["file"]))
attempt("rename", lambda: os.rename(HOST["file"], "mine"))
attempt("rename over", lambda: (open("mine", "w").close(), os.rename("mine", HOST["folder"] + "/canary")))
"""),
    Snippet("change the metadata of a file of the host", """
attempt("chmod", lambda: os.chmod(HOST["file"], 0o777))
attempt("chown", lambda: os.chown(HOST["file"], os.getuid(), os.getgid()))
attempt("utime", lambda: os.utime(HOST["file"]))
attempt("setxattr", lambda: os.setxattr(HOST["file"], "user.x", b"y"))
attempt("fchmod by path descriptor", lambda: os.fchmod(os.open(HOST["file"], os.O_PATH), 0o777))
"""),
    Snippet("make files outside", """
for place in ("/", "/usr", "/etc", "/var/tmp", "/root", "/dev", "/home", "/run", "/sys", "/proc", HOST["folder"]):
    plant(place + "/planted")
"""),
    Snippet("leave by dots", """
attempt("dots", lambda: open("../../../../.." + HOST["file"]).read())
attempt("dots", lambda: open("../../../../../etc/passwd").read())
plant("../../../../../planted")
"""),
    Snippet("symbolic links", """
os.symlink(HOST["file"], "link")
attempt("read", lambda: open("link").read())
attempt("write", lambda: open("link", "r+").write("x"))
os.symlink("/", "root")
attempt("root", lambda: open("root/etc/passwd").read())
os.symlink(HOST["folder"], "folder")
attempt("list", lambda: os.listdir("folder"))
"""),
    Snippet("symbolic links are not collected", 'os.symlink(HOST["file"], "link"); os.symlink("/etc/passwd", "other")', must=lambda ran: ran.files == {}),
    Snippet("hard links", 'attempt("link", lambda: os.link(HOST["file"], "link"))\nattempt("link", lambda: os.link("/etc/passwd", "passwd"))'),
    Snippet("the process file system", """
for path in ("/proc/1/root/etc/passwd", "/proc/self/root/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/proc/self/maps",
             f"/proc/{HOST['pid']}/environ", f"/proc/{HOST['pid']}/mem", f"/proc/{HOST['pid']}/cwd/pyproject.toml", "/proc/self/cmdline",
             "/proc/kcore", "/proc/kallsyms", "/proc/mounts", "/proc/cpuinfo"):
    attempt(path, lambda path=path: open(path, "rb").read(64))
attempt("list", lambda: os.listdir("/proc"))
"""),
    Snippet("write to the process file system", """
for path in ("/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj",
             "/proc/self/uid_map", f"/proc/{HOST['pid']}/mem"):
    attempt(path, lambda path=path: open(path, "r+b"))
"""),
    Snippet("the memory of the parent", 'attempt("mem", lambda: open(f"/proc/{os.getppid()}/mem", "r+b").read(1))\nattempt("mem", lambda: open("/proc/self/mem", "r+b"))'),
    Snippet("control groups and the system file system", """
attempt("list", lambda: os.listdir("/sys/fs/cgroup"))
attempt("read", lambda: open("/sys/kernel/uevent_seqnum").read())
plant("/sys/fs/cgroup/planted")
attempt("write", lambda: open("/sys/fs/cgroup/cgroup.procs", "r+"))
"""),
    Snippet("devices", """
for device in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/tty", "/dev/pts/0", "/dev/console", "/dev/kvm", "/dev/fuse", "/dev/zero", "/dev/full"):
    attempt(device, lambda device=device: open(device, "rb").read(1))
attempt("mknod", lambda: os.mknod("disk", 0o600 | 0o060000, os.makedev(8, 0)))
attempt("list", lambda: set(os.listdir("/dev")) - {"null", "urandom", "shm"} or False)
"""),
    Snippet("shared memory of the host", 'attempt("shm", lambda: open("/dev/shm/" + HOST["shm"]).read())'),
    Snippet("the standard library is read only", """
attempt("write", lambda: open(os.__file__, "r+"))
plant(os.path.dirname(os.__file__) + "/planted.py")
attempt("rename", lambda: os.rename(os.__file__, os.__file__))
"""),
    Snippet("leave the root", """
attempt("chroot", lambda: (os.mkdir("jail"), os.chroot("jail")))
attempt("fchdir", lambda: os.fchdir(os.open(HOST["folder"], os.O_RDONLY)))
attempt("openat", lambda: os.open("etc/passwd", os.O_RDONLY, dir_fd=os.open("/", os.O_RDONLY)))
"""),
    Snippet("many files", """
made = 0
try:
    for number in range(20_000):
        open(f"file{number}", "w").write("x")
        made += 1
except OSError as error:
    print("refused", error.errno)
print("ESCAPED" if made == 20_000 else "bounded")
""", ended=("exited", "output"), complete=False),
    Snippet("a huge file", """
written = 0
try:
    with open("huge", "wb") as file:
        for _ in range(64):
            written += file.write(bytes(2**20))
except OSError as error:
    print("refused", error.errno)
print("ESCAPED" if written >= 2**26 else "bounded")
""", ended=("exited", "signal", "output"), must=lambda ran: sum(map(len, ran.files.values())) <= 4_000_000),
    Snippet("sparse files are not collected without end", """
for number in range(400):
    with open(f"sparse{number}", "wb") as file:
        file.truncate(3_900_000)
""", ended=("exited", "output"), must=lambda ran: sum(map(len, ran.files.values())) <= 4_000_000),
    Snippet("folders without bottom", """
attempt("deep", lambda: [(os.mkdir("d"), os.chdir("d")) for _ in range(1500)] and False)
""", ended=("exited", "output")),
    Snippet("a given file lies where it was put, and nowhere else", """
print(sorted(os.listdir(".")), open("sub/given.txt").read())
attempt("link over a given file", lambda: (os.unlink("sub/given.txt"), os.symlink(HOST["file"], "sub/given.txt"), open("sub/given.txt").read()))
""", files={"sub/given.txt": "given"}, must=lambda ran: "['sub'] given" in ran.stdout and "sub/given.txt" not in ran.files),
    Snippet("names that the cleaning up might stumble over", """
os.makedirs("../.0/.1/.2")
os.makedirs(".0/.0/.0")
os.symlink("/", "../.0/.1/link")
open("../.0/.1/.2/file", "w").write("x")
for place in ("../.0/.1/.2", "../.0/.1", "../.0", ".0", "..") if os.getuid() != 1000 else ():
    os.fchmod(os.open(place, os.O_RDONLY), 0)
"""),
    Snippet("odd file names", """
for name in ("new\\nline", "\\udcff", "x" * 255, " ", "-rf", "a\\\\b"):
    attempt("name", lambda name=name: open(name, "w").write("x") and False)
""", must=lambda ran: len(ran.files) >= 5),
    Snippet("a pipe in the folder does not block the collection", 'os.mkfifo("pipe") if hasattr(os, "mkfifo") else None', complete=False, ended=("exited",)),
    Snippet("files beyond the limit together", """
try:
    for number in range(10):
        with open(f"part{number}", "wb") as file:
            file.write(bytes(1_000_000))
except OSError as error:
    print("refused", error.errno)
time.sleep(0.3)
print("all", len(os.listdir(".")))
""", ended=("exited", "output"), complete=False, must=lambda ran: sum(map(len, ran.files.values())) <= 4_000_000, limits=limits(seconds=3)),
]  # fmt: skip
