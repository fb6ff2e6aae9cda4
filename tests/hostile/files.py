"""The hostile files: name -> what writes it. Each must end in an ArtifactError, with nothing run, unpacked beyond bounds, or fetched."""

import json
import struct
import zipfile

from selftaught.artifact_format import FORMAT
from tests.hostile.forging import argument, built, part, step, task

MIB = 2**20
STEP = "selftaught.programs.step:Step"
CLASSES = {
    "of the system": "os:system", "that starts programs": "subprocess:Popen", "that evaluates": "builtins:eval", "that unpickles": "pickle:loads",
    "of an import of ours": "selftaught.programs.base:dspy", "of the kernel": "selftaught.artifact:load", "of the command line": "selftaught.cli.app:app",
    "with a dunder": "selftaught.programs.step:Step.__init__", "of a dunder": "selftaught.programs.__class__:mro", "of this process": "__main__:main",
    "that is planted": "planted_module:Anything", "that is no program": "selftaught.programs.base:Calls", "without a name": "selftaught.programs:",
    "that is private": "selftaught.programs.step:_again", "as a list": ["os:system"], "as a number": 7,
}  # fmt: skip
SETTINGS = {
    "api_base": "http://127.0.0.1:9/steal", "base_url": "http://127.0.0.1:9", "api_key": "sk-planted", "extra_headers": {"Authorization": "x"},
    "custom_llm_provider": "x", "mock_response": "x", "callbacks": ["os.system"], "model": "openai/other", "__class__": 1,
}  # fmt: skip


def payload(planted):
    """Return Python that leaves a trace when it is run."""
    return f"__import__('pathlib').Path({str(planted)!r}).touch()"


def laughs(levels):
    """Return a type that doubles with every level."""
    definitions = {f"A{i}": {"anyOf": [{"$ref": f"#/$defs/A{i + 1}"}] * 2} for i in range(levels)} | {
        f"A{levels}": {"type": "string"}
    }
    return {"schema": {"$ref": "#/$defs/A0", "$defs": definitions}}


def nested(levels, inner):
    """Return a program inside a program inside a program."""
    described = inner
    for _ in range(levels):
        described = {"class": "selftaught.programs.refine.core:Refine", "arguments": {"task": "a -> b", "generate": described}}
    return described


ZIPS = {
    "text instead of a zip": lambda f: b"import os; os.system('true')",
    "an empty file": lambda f: b"",
    "half a file": lambda f: f.good[: len(f.good) // 2],
    "a file without its last byte": lambda f: f.good[:-1],
    "a zip without entries": lambda f: f.zipped([]),
    "a comment behind the zip": lambda f: f.zipped(f.entries.items(), comment=b"x" * 100),
    "bytes behind the zip": lambda f: f.good + b"\0" * 100,
    "a script before the zip": lambda f: b"#!/bin/sh\ntouch x\n" + f.good,
    "a second zip behind the zip": lambda f: f.good + f.zipped([("evil.py", b"x")]),
    "a name that leads out": lambda f: f.and_entry("../../etc/cron.d/x"),
    "an absolute name": lambda f: f.and_entry("/etc/passwd"),
    "a name with backslashes": lambda f: f.and_entry("instructions/..\\..\\x.txt"),
    "a drive as a name": lambda f: f.and_entry("C:x.txt"),
    "a name that leads out of the instructions": lambda f: f.and_entry("instructions/../../x.txt"),
    "an instruction with dots": lambda f: f.and_entry("instructions/...txt/x.txt"),
    "a module of Python": lambda f: f.and_entry("__init__.py"),
    "a pickle": lambda f: f.and_entry("state.pkl", b"cos\nsystem\n(S'true'\ntR."),
    "a zip in the zip": lambda f: f.and_entry("nested.zip", f.good),
    "a name in capitals": lambda f: f.and_entry("Program.json"),
    "a name with a line break": lambda f: f.and_entry("instructions/a\nb.txt"),
    "a zero in a name": lambda f: f.and_entry("instructions/a.txt").replace(b"instructions/a.txt", b"instructions/a\0txt"),
    "a part twice": lambda f: f.and_entry("program.json", f.entries["program.json"]),
    "an instruction twice": lambda f: f.and_entry("instructions/generate.txt"),
    "a link for an instruction": lambda f: f.symlink("instructions/generate.txt"),
    "a link for a part": lambda f: f.symlink("provenance.json"),
    "a folder": lambda f: f.and_entry("instructions/", b""),
    "a device": lambda f: f.special("instructions/generate.txt", 0o020000),
    "encrypted entries": lambda f: f.flagged(0x1),
    "entries packed with bzip2": lambda f: f.zipped(f.entries.items(), zipfile.ZIP_BZIP2),
    "entries packed with lzma": lambda f: f.zipped(f.entries.items(), zipfile.ZIP_LZMA),
    "a bomb": lambda f: f.texts({"state.json": b" " * (200 * MIB)}),
    "a bomb that lies about its size": lambda f: f.lying("learned.json", b" " * (200 * MIB), 100),
    "a bomb beside the parts": lambda f: f.and_entry("instructions/other.txt", b" " * (200 * MIB)),
    "a bomb in a bomb": lambda f: f.texts({"learned.json": f.zipped([("a", b" " * (100 * MIB))])}),
    "a large manifest": lambda f: f.zipped([*f.entries.items(), ("manifest.json", b" " * (2 * MIB))][1:]),
    "two names for the same bytes": lambda f: f.overlapping(),
    "twenty thousand entries": lambda f: f.zipped([*f.entries.items(), *((f"instructions/{i}.txt", b"") for i in range(20_000))]),
    "a table for large zips": lambda f: f.good[:-22] + b"PK\x06\x07" + b"\xff" * 16 + f.good[-22:],
    "a table larger than the file": lambda f: f.good[:-10] + struct.pack("<L", 2**31) + f.good[-6:],
    "a file of 65 MiB": lambda f: f.good + b"\0" * (65 * MIB),
    "no program": lambda f: f.zipped((name, text) for name, text in f.entries.items() if name != "program.json"),
    "no state": lambda f: f.zipped((name, text) for name, text in f.entries.items() if name != "state.json"),
    "no manifest": lambda f: f.zipped((name, text) for name, text in f.entries.items() if name != "manifest.json"),
    "what judges learned is gone": lambda f: f.zipped((name, text) for name, text in f.entries.items() if name != "learned.json"),
}  # fmt: skip

MANIFESTS = {
    "the next format": {"format": FORMAT + 1}, "a format of many digits": {"format": 10**400}, "a format that is true": {"format": True},
    "a format that is text": {"format": "1"}, "format zero": {"format": 0}, "a format below zero": {"format": -1}, "no format": {"format": None},
    "an unknown field in the manifest": {"run": "os.system"}, "hashes that are a list": {"sha256": []}, "a wrong hash": {"sha256": {"program.json": "0" * 64}},
    "no hashes": {"sha256": {}}, "the hash of another file": {"sha256": {"../../x": "0" * 64}},
}  # fmt: skip

TEXTS = {
    "bytes that are no UTF-8": b'{"a": "\xff\xfe"}', "UTF-16": "{}".encode("utf-16"), "a mark of byte order": b"\xef\xbb\xbf{}", "not a number": b'{"a": NaN}',
    "an infinite number": b'{"a": Infinity}', "a number out of range": b'{"a": 1e999}', "a number of 5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a hundred thousand brackets": b"[" * 100_000, "a thousand levels": b'{"a":' * 1000 + b"1" + b"}" * 1000, "a hundred levels": b'{"a":' * 100 + b"1" + b"}" * 100,
    "two million lists": b'{"a": [' + b"[]," * 2_000_000 + b"1]}", "a name twice": b'{"a": 1, "a": 2}', "half a character": b'{"a": "\\ud800"}',
    "something behind the JSON": b"{} []", "JSON with a comment": b"{} // x", "an empty part": b"", "a text of 5 MiB": b'{"a": "' + b"x" * (5 * MIB) + b'"}',
    "a list instead of an object": b"[]", "Python instead of JSON": b"__import__('os').system('true')",
}  # fmt: skip

PARTS = {
    **{f"a class {name}": built(cls) for name, cls in CLASSES.items()},
    **{f"a step sent elsewhere by {name}": step("config", {name: value}) for name, value in SETTINGS.items()},
    "a constructor that is sent elsewhere": lambda p: p.update({"program.json": {"class": STEP, "arguments": {"task": "word -> shouted", "api_base": "http://127.0.0.1:9"}}}),
    "a class as an argument": argument("__class__", {"class": "os:system", "arguments": {}}),
    "an argument with a dunder": argument("__init__", 1),
    "an argument named self": argument("self", 1),
    "an argument that is unknown": argument("loudness", 3),
    "a foreign class inside": argument("critic", {"class": "subprocess:Popen", "arguments": {"args": "true"}}),
    "a foreign class in a list": argument("critic", [{"class": "builtins:exec", "arguments": {}}]),
    "a field beside the class": lambda p: p["program.json"].update(code="import os"),
    "a field beside the task": lambda p: p["program.json"]["arguments"]["task"].update(code="import os"),
    "a knob of a thousand million": argument("rounds", 10**9),
    "a knob below zero": argument("rounds", -5),
    "a knob that is text": argument("rounds", "1; import os"),
    "a part that stands nowhere": argument("critic", {"same": 3}),
    "a part that is itself": lambda p: p["program.json"].update(number=0, arguments={**p["program.json"]["arguments"], "critic": {"same": 0}}),
    "six hundred parts": argument("critic", [{"class": STEP, "arguments": {"task": "a -> b"}} for _ in range(600)]),
    "thirty levels of programs": lambda p: p.update({"program.json": nested(40, {"class": STEP, "arguments": {"task": "a -> b"}})}),
    "a task that imports": argument("task", "word: planted_module -> shouted"),
    "a task with a type of the system": argument("task", "word: os.environ -> shouted"),
    "a task whose answer is imported": argument("task", "word -> shouted: pydantic.ImportString"),
    "a task with two arrows": argument("task", "word -> shouted -> x"),
    "a task with code": argument("task", "word, x=print('x') -> shouted"),
    "a field with a dunder": task(field_name="__class__"),
    "a field with a line break": task(field_name="a\nb"),
    "a field that is no name": task(field_name="a b"),
    "a field of an unknown role": task(field_role="both"),
    "a field with an unknown part": task(field_validator="os.system"),
    "a type that is code": task(field_type="__import__('os')"),
    "a type that doubles thirty times": task(field_type=laughs(30)),
    "a type that holds itself": task(field_type={"schema": {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"$ref": "#/$defs/A"}}}}}),
    "a model with a base": task(field_type={"model": "A", "schema": {"type": "object", "properties": {"__base__": {"type": "string"}}}}),
    "a model with validators": task(field_type={"model": "A", "schema": {"type": "object", "properties": {"__validators__": {"const": "x"}}}}),
    "a model with a configuration": task(field_type={"model": "A", "schema": {"type": "object", "properties": {"model_config": {"type": "object"}}}}),
    "a type of ten thousand parts": task(field_type={"union": [{"literal": [i]} for i in range(10_000)]}),
    "a task without fields": task(fields=[]),
    "a task of a thousand fields": lambda p: task(fields=[{"name": f"f{i}", "role": "input", "type": "str"} for i in range(1000)])(p),
    "an unknown field of a step": step("code", "import os"),
    "an instruction that is a list": step("instruction", ["x"]),
    "an instruction of 5 MiB": step("instruction", "x" * (5 * MIB)),
    "demonstrations that are text": step("demos", "x"),
    "a demonstration that is a list": step("demos", [[1]]),
    "a gigantic demonstration": step("demos", [{"word": "x" * (5 * MIB)}]),
    "twenty thousand items for a constructor": argument("critic", [0] * 20_000),
    "twenty thousand demonstrations": step("demos", [{"word": "x"}] * 20_000),
    "a step that does not exist": lambda p: p["state.json"].update({"../x": p["state.json"]["generate"]}),
    "a step that is missing": lambda p: p["state.json"].pop("generate"),
    "fields of a step that are not there": step("fields", {"word": "input", "__class__": "output"}),
    "a state that is a list": part("state.json", []),
    "a provenance that is text": part("provenance.json", "x"),
    "something learned by nobody": part("learned.json", {"self.__class__": {"a": 1}}),
    "something learned that is a list": part("learned.json", {"self": [1]}),
    "no arguments": part("program.json", {"class": STEP}),
    "a task in place of the program": part("program.json", {"task": {"name": "a", "instruction": "b", "fields": []}}),
    "a list in place of the program": part("program.json", []),
}  # fmt: skip


def hostile_files(forger):
    """Return name -> content of every hostile file."""
    found = {name: make(forger) for name, make in ZIPS.items()}
    found |= {name: forger.texts({}, manifest=lambda m, more=more: {**m, **more}) for name, more in MANIFESTS.items()}
    found |= {f"{name}, as provenance": forger.texts({"provenance.json": text}) for name, text in TEXTS.items()}
    found["bytes that are no UTF-8, as manifest"] = forger.zipped([*list(forger.entries.items())[1:], ("manifest.json", b"\xff")])
    found |= {name: forger.parts(change) for name, change in PARTS.items()}
    quoted = f'word: list["{payload(forger.planted)}"] -> shouted'
    found["a task with a type in quotes"] = forger.parts(argument("task", quoted))
    found["a task with a type in double quotes"] = forger.parts(
        argument("task", f"word: {json.dumps(payload(forger.planted))} -> shouted")
    )
    return found
