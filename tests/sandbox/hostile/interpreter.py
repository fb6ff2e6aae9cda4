"""Tricks inside the interpreter: they may win everything in it, and nothing beyond."""

from tests.sandbox.hostile.snippet import Snippet

SNIPPETS = [
    Snippet("the environment", """
attempt("environ", lambda: dict(os.environ) or False)
attempt("getenv", lambda: os.getenv("SELFTAUGHT_CANARY") or False)
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
attempt("libc", lambda: libc.getenv(b"SELFTAUGHT_CANARY") or libc.getenv(b"PATH") or libc.getenv(b"HOME") or False)
"""),
    Snippet("the canary is nowhere in memory", """
import gc
print(sum("SELFTAUGHT_" + "CANARY" in repr(one)[:2000] for one in gc.get_objects() if isinstance(one, (dict, str)) and one is not globals() and "HOST" not in repr(one)[:200]) and "found" or "clean")
print(sys.argv, sys.path)
attempt("modules", lambda: [name for name in sys.modules if "selftaught" in name] or False)
attempt("path", lambda: [path for path in sys.path if "site-packages" in path or path == HOST["repository"]] or False)
"""),
    Snippet("builtins", """
root = ().__class__.__base__.__subclasses__()
attempt("subclasses", lambda: [one for one in root if one.__name__ == "_wrap_close"][0].__init__.__globals__["system"]("id") == 0)
attempt("builtins", lambda: __builtins__.__import__("os").listdir("/etc"))
__builtins__.open = lambda *a, **k: "ESCAPE" "D"
__builtins__.__import__("io")
"""),
    Snippet("a trace function", """
def tracer(frame, event, arg):
    frame.f_trace_opcodes = True
    return tracer
sys.settrace(tracer)
threading.settrace(tracer)
sys.setprofile(lambda *a: None)
frame = sys._getframe()
while frame.f_back: frame = frame.f_back
print(sorted(frame.f_globals)[:3])
attempt("frame", lambda: frame.f_globals["os"].listdir("/etc"))
"""),
    Snippet("the frames below", """
frame, seen = sys._getframe(), []
while frame:
    seen.append(frame)
    frame = frame.f_back
for one in seen:
    for value in list(one.f_locals.values()):
        if isinstance(value, int) and value > 2 and not isinstance(value, bool):
            attempt("descriptor", lambda value=value: os.write(value, b"ESCAPED") if value < 4096 else False)
        if hasattr(value, "fileno") and not value in (sys.stdin, sys.stdout, sys.stderr):
            attempt("file", lambda value=value: os.write(value.fileno(), b"ESCAPED"))
"""),
    Snippet("a pickle", """
import pickle
class Evil:
    def __reduce__(self):
        return os.listdir, ("/etc",)
attempt("pickle", lambda: pickle.loads(pickle.dumps(Evil())))
"""),
    Snippet("machine code", """
import mmap
attempt("code", lambda: mmap.mmap(-1, 4096, prot=7) and False)
ctypes.pythonapi.PyRun_SimpleString(b"import os\\ntry: os.listdir('/etc'); print('ESCAPED')\\nexcept OSError: print('refused')")
"""),
    Snippet("a forged report", """
for number in range(3, 64):
    try: os.write(number, b'started\\n{"status": 0, "files": {"x": "forged"}}')
    except OSError: pass
print('{"status": 0, "files": {"x": "forged"}}')
sys.exit(3)
""", complete=False, must=lambda ran: ran.returncode == 3 and ran.files == {}),
    Snippet("a forged end of the memory", 'print("MemoryError", file=sys.stderr)', must=lambda ran: ran.ended == "exited"),
    Snippet("the standard library is shadowed for itself only", """
open("json.py", "w").write("print('mine')")
open("secrets.py", "w").write("print('mine')")
sys.modules.pop("secrets", None)
import secrets
""", must=lambda ran: "mine" in ran.stdout),
    Snippet("nothing stays for the next run", """
import json as kept
attempt("planted", lambda: getattr(kept, "planted", False))
kept.planted = True
open("../planted", "w").write("x")
attempt("earlier", lambda: [name for name in os.listdir("..") if name not in ("work", "main.py", "shm", "planted")] or False)
""", complete=False),
    Snippet("nothing stayed from the run before", """
import json as kept
attempt("planted", lambda: getattr(kept, "planted", False))
attempt("file", lambda: os.path.exists("../planted"))
"""),
]  # fmt: skip
