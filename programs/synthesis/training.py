"""The training that belongs to synthesized rows: a configuration for TRL's own command, with LoRA.

`trl sft --config data.training.yaml` in the folder of the data (`pip install 'trl[peft]'`). Nothing is trained here; the file names
the rows, the base model, the adapter and the seed, reports to nobody, and leaves everything else at TRL's defaults.
"""

from __future__ import annotations

import json
from pathlib import Path

from selftaught.errors import SettingError

COMMANDS = {"sft": "sft", "messages": "sft", "preference": "dpo", "reward": "reward", "unpaired": "kto"}
"""Format of the rows -> TRL's command for it."""
RATES = {"sft": 2e-4, "dpo": 5e-6, "reward": 1e-4, "kto": 5e-6}
"""Learning rates: of an adapter about ten times those that TRL has for all weights."""
RANK, EPOCHS = 16, 3


def check_training(model: str | None, format: str, path: Path) -> None:
    """Raise SettingError where no training can be told for a format, or for a file that its loader does not read line by line."""
    if model is None:
        return
    if not model.strip() or "\n" in model:
        raise SettingError(f"training={model!r}: expected the name or folder of a base model.")
    if format not in COMMANDS:
        raise SettingError(
            f"training={model!r}: there is no training for the format {format!r}; there is for {', '.join(COMMANDS)}."
        )
    if path.suffix not in (".jsonl", ".json", ".parquet"):
        raise SettingError(f"training={model!r}: {path.name} is not read by the loader; name it .jsonl, .json or .parquet.")


def training_text(model: str, format: str, path: Path, seed: int) -> str:
    """Return the configuration as YAML."""
    command = COMMANDS[format]
    loader = "parquet" if path.suffix == ".parquet" else "json"
    lines = {
        "model_name_or_path": model, "output_dir": f"{path.stem}-{command}", "use_peft": True, "lora_r": RANK, "lora_alpha": 2 * RANK,
        "learning_rate": RATES[command], "num_train_epochs": EPOCHS, "seed": seed, "report_to": "none",
    }  # fmt: skip
    return "\n".join(
        [
            f"# In this folder: trl {command} --config {training_path(path).name}   (pip install 'trl[peft]')",
            *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in lines.items()),
            "datasets:",
            f"  - path: {loader}",
            f"    data_files: {json.dumps(path.name, ensure_ascii=False)}",
            "",
        ]
    )


def training_path(path: Path) -> Path:
    """Return where the training of a data file stands."""
    return path.with_suffix(".training.yaml")
