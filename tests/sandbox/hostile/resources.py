"""Taking too much: memory, time, output."""

from selftaught.sandbox import Limits
from tests.sandbox.hostile.snippet import Snippet, limits

BRIEF = limits(seconds=0.6)

SNIPPETS = [
    Snippet("an endless loop", "while True: pass", complete=False, ended=("time",), limits=BRIEF, within=3, must=lambda ran: ran.seconds < 2),
    Snippet("a long sleep", "time.sleep(20)", complete=False, ended=("time",), limits=BRIEF, within=3),
    Snippet("a loop that swallows everything", """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
end = time.time() + 20
while time.time() < end:
    try:
        while time.time() < end: pass
    except BaseException: pass
""", complete=False, ended=("time",), limits=BRIEF, within=3),
    Snippet("an exit that never comes", """
import atexit
atexit.register(time.sleep, 20)
threading.Thread(target=time.sleep, args=(20,)).start()
""", complete=False, ended=("time",), limits=BRIEF, within=3),
    Snippet("a memory bomb", """
held = []
for _ in range(1000):
    held.append(bytearray(2**20))
print("ESCAPED")
""", complete=False, ended=("memory",)),
    Snippet("one big allocation", 'attempt("gigabyte", lambda: bytearray(2**30))'),
    Snippet("memory of many processes together", """
children = 0
for _ in range(8):
    try:
        if os.fork() == 0:
            held = bytearray(b"x") * (40 * 2**20)
            time.sleep(3)
            os._exit(0)
        children += 1
    except OSError:
        break
time.sleep(2)
print("ESCAPED" if children == 8 else "end")
""", complete=False, ended=("memory", "exited")),
    Snippet("shared memory", """
import mmap
held = []
try:
    for _ in range(400):
        held.append(mmap.mmap(-1, 2**20))
        held[-1].write(b"x" * 2**20)
    print("ESCAPED")
except (OSError, MemoryError) as error:
    print("refused", error)
""", complete=False, ended=("exited", "memory")),
    Snippet("files in memory", 'attempt("memfd", lambda: os.memfd_create("held"))\ncall("shmget", 29, 194, 0, 4096, 0o600)\ncall("msgget", 68, 186, 0, 0o600)'),
    Snippet("locked memory", 'call("mlockall", 151, 230, 3)\ncall("userfaultfd", 282, 282, 0)'),
    Snippet("endless output", """
for _ in range(200_000):
    print("x" * 1000)
""", complete=False, ended=("output",), must=lambda ran: len(ran.stdout) + len(ran.stderr) <= 200_000),
    Snippet("endless errors", """
for _ in range(200_000):
    print("x" * 1000, file=sys.stderr)
""", complete=False, ended=("output",), must=lambda ran: len(ran.stdout) + len(ran.stderr) <= 200_000),
    Snippet("output that is no text", 'sys.stdout.buffer.write(b"\\xff\\xfe\\x00ok\\n")', must=lambda ran: "ok" in ran.stdout and "\ufffd" in ran.stdout),
    Snippet("a bomb of zeros in an archive", """
import zlib
packed = zlib.compress(bytes(60 * 2**20), 9)
bomb = packed * 1
held = []
for _ in range(20):
    held.append(zlib.decompress(bomb))
print("ESCAPED")
""", complete=False, ended=("memory",)),
    Snippet("an archive with a way out", """
import io, tarfile, zipfile
data = io.BytesIO()
with zipfile.ZipFile(data, "w") as archive:
    archive.writestr("../../../../planted", "x")
zipfile.ZipFile(data).extractall(".")
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode="w") as archive:
    for name in ("etc/planted", "root/planted", "usr/planted", "planted"):
        archive.addfile(tarfile.TarInfo(name))
tar.seek(0)
with tarfile.open(fileobj=tar) as archive:
    for member in archive:
        attempt(member.name, lambda member=member: (archive.extract(member, "/"), os.unlink("/" + member.name)))
"""),
    Snippet("deep recursion", "def deep(): deep()\nattempt('deep', deep)"),
    Snippet("recursion without a guard", """
sys.setrecursionlimit(10**9)
deep = []
for _ in range(10**6): deep = [deep]
def down(one): return down(one)
attempt("repr", lambda: eval("repr(deep)"))
down(1)
""", complete=False, ended=("signal", "exited", "memory")),
    Snippet("a number without end", "print(10 ** 10 ** 8)", complete=False, ended=("time", "memory", "exited"), limits=BRIEF, within=3),
    Snippet("a pattern that never ends", 'import re\nre.match(r"(a+)+$", "a" * 60 + "b")', complete=False, ended=("time",), limits=BRIEF, within=3),
    Snippet("code that cannot be compiled", "(" * 5000, complete=False, ended=("exited", "memory", "signal"), must=lambda ran: ran.returncode != 0),
    Snippet("a limit below a second", "time.sleep(5)", complete=False, ended=("time",), limits=Limits(seconds=0.1), within=2),
]  # fmt: skip
