"""What stands in the exported file in the place of what it would need a library for.

`PROVIDED`: symbol -> symbol of our runtime, which needs the standard library only. `LEFT`: decorators and methods that have no
meaning outside the house. A symbol of a library that is neither here nor in the standard library cannot be exported.
"""

from __future__ import annotations

RUNTIME = "selftaught.export.bundle.runtime"


def _of(module: str, *names: str) -> dict[str, str]:
    return {name: f"{RUNTIME}.{module}:{name.rpartition(':')[2]}" for name in names}


PROVIDED: dict[str, str] = {
    **_of("values", "dspy:Example", "dspy:Prediction"),
    **_of("kinds", "pydantic:Field", "pydantic:WithJsonSchema", "pydantic:ConfigDict", "pydantic:create_model"),
    "pydantic:BaseModel": f"{RUNTIME}.kinds:Model",
    **_of("signatures", "dspy:Signature", "dspy:InputField", "dspy:OutputField", "dspy:make_signature"),
    "selftaught.signatures.task:Task": f"{RUNTIME}.signatures:Signature",
    **_of("signatures", "selftaught.signatures.task:as_task", "selftaught.signatures.task:instructed"),
    "dspy.adapters.utils:serialize_for_json": f"{RUNTIME}.values:as_data",
    "dspy.adapters.utils:parse_value": f"{RUNTIME}.reading:read",
    "dspy.adapters.utils:format_field_value": f"{RUNTIME}.prompts:shown",
    **_of(
        "calls", "selftaught.scope:scoped", "selftaught.scope:resampled", "selftaught.scope:current", "selftaught.ledger:Ledger"
    ),
    "dspy:Module": f"{RUNTIME}.steps:Module",
    "dspy:Predict": f"{RUNTIME}.steps:Step",
    "dspy:History": f"{RUNTIME}.kinds:History",
    "dspy:context": f"{RUNTIME}.calls:context",
    "dspy:settings": f"{RUNTIME}.server:settings",
    **_of("steps", "selftaught.programs.step:Step", "selftaught.programs.step:Predict"),
    "pydantic:TypeAdapter": f"{RUNTIME}.reading:TypeAdapter",
    "selftaught.programs.vote.aggregate:groups_of": f"{RUNTIME}.voting:groups_of",
    f"{RUNTIME}.links:answer_key": "selftaught.programs.normalise:answer_key",
    f"{RUNTIME}.links:Group": "selftaught.programs.vote.aggregate:Group",
    f"{RUNTIME}.links:record": "selftaught.programs.base:record",
    f"{RUNTIME}.links:odds_of": "selftaught.programs.odds:odds_of",
    f"{RUNTIME}.links:choices_of": "selftaught.programs.odds:choices_of",
    f"{RUNTIME}.links:CANDIDATES": "selftaught.programs.odds:CANDIDATES",
}

LEFT_DECORATORS = frozenset({"selftaught.registry:method"})
ALWAYS_LEFT = frozenset({"__rshift__", "__deepcopy__", "__getstate__", "__setstate__", "__new__"})
"""Methods of any class that compose and copy."""
LEFT_METHODS = ALWAYS_LEFT | {
    "cost",
    "diagram",
    "forward",
    "__call__",
    "learned",
    "relearn",
    "trust",
    "calibrate",
    "metric",
    "as_metric",
}
"""Methods of programs that train, measure, save or show them."""
GUARDED = {
    "selftaught.programs.demonstrate.nearest:Neighbours.nearest": "examples",
    "selftaught.programs.route.learned:Learned.expected": "outcomes",
}
"""Methods that need a library -> the attribute without which nobody calls them."""

REFUSED = {
    "selftaught.sandbox": "it runs code in a sandbox",
    "selftaught.embedding": "it compares embeddings, which need scikit-learn or an encoder of yours",
    "selftaught.programs.agent.environment": "it acts in an environment, which is code of yours",
    "selftaught.run": "it keeps a run directory",
}
"""Modules that nothing can stand in for -> why."""

ORDER = ("selftaught.errors", *(f"{RUNTIME}.{one}" for one in ("values", "kinds", "fitting", "reading", "schema", "signatures", "prompts", "server", "calls", "steps", "command")))  # fmt: skip
"""Modules in the order in which a reader meets them, before those of the program."""
