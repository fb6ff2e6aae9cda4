"""What `export`, `inspect`, `diff`, `sign` and `verify` show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from selftaught.inspection import Difference, printable

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def inspected_text(found: dict[str, Any]) -> str:
    """Return what is in a saved program, for a person."""
    sizes, calls = found["sizes"], found["calls"]
    lines = [
        f"{found['file']}   format {found['format']}, selftaught {found['selftaught']}, dspy {found['dspy']}",
        f"class     {found['class']}" + (f" ({', '.join(found['method'])})" if found["method"] else ""),
        f"loads     {found['loads']}", f"signed    {'a signature is beside it; see selftaught verify' if found['signed'] else 'no'}",
    ]  # fmt: skip
    if calls is not None:
        lines.append(f"calls     {calls['at_least']} to {calls['at_most']} for each input")
    if found["task"] is not None:
        fields = {role: [one["name"] for one in found["task"]["fields"] if one["role"] == role] for role in ("input", "output")}
        lines.append(f"task      {found['task']['name']}: {', '.join(fields['input'])} -> {', '.join(fields['output'])}")
    lines += [f"knob      {name} = {_short(value)}" for name, value in found["knobs"].items()]
    lines += [f"score     {name}: {_score(one)}" for name, one in found["scores"].items()]
    others = [name for name in found["provenance"] if name != "tuning"]
    lines += [f"source    {name} = {_short(found['provenance'][name])}" for name in others]
    lines.append(f"size      {sizes['bytes']} bytes, {sizes['unpacked']} unpacked; {sizes['demonstrations']} demonstrations")
    for name, step in found["steps"].items():
        lines += ["", f"step {name}" + (f"   {_short(step['config'])}" if step["config"] else "")]
        lines += [f"  {line}" for line in step["instruction"].splitlines()]
        lines += [f"  - {_short(demo)}" for demo in step["demos"]]
    return printable("\n".join(lines))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


def _score(one: dict[str, Any]) -> str:
    interval: Any = one.get("interval")
    score = one.get("score")
    if not isinstance(score, int | float):
        return "not known"
    within = f" ({interval[0]:.3f} to {interval[1]:.3f})" if _is_interval(interval) else ""
    rows = f", n={one['n']}" if "n" in one else ""
    return f"{score:.3f}{within}{rows} {one.get('metric', '')}".rstrip()


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, int | float) for one in value)


def print_difference(found: Difference) -> None:
    """Print a unified diff, in colours where it is read on a terminal."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not found:
        console.print("They hold the same.")
    for line in found.lines:
        style = "bold" if line.startswith(("+++", "---")) else _COLOURS.get(line[:1], "")
        console.print(Text(printable(line), style=style))


def signed(artifact: Path, key: Path, make: bool) -> dict[str, str]:
    """Sign an artifact, with a key that is made first where that is asked for."""
    from selftaught.signing import make_key, sign, verify

    public = make_key(key) if make else None
    found = {"artifact": str(artifact), "signature": str(sign(artifact, key))}
    return found if public is None else {**found, "public_key": str(public), "fingerprint": verify(artifact, public)}
