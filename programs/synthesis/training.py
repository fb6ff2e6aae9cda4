"""The training that belongs to synthesized rows: a configuration for TRL's own command, with LoRA.

`trl sft --config data.training.yaml` in the folder of the data (`pip install 'trl[peft]>=1'`). Nothing is trained here; the file names
the rows, the base model, the adapter and the seed, reports to nobody, and leaves everything else at TRL's defaults.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from selftaught.errors import SettingError

COMMANDS = {"sft": "sft", "messages": "sft", "preference": "dpo", "reward": "reward", "unpaired": "kto"}
"""Format of the rows -> TRL's command for it."""
RATES = {"sft": 2e-4, "dpo": 1e-5, "reward": 1e-3, "kto": 1e-5}
"""Learning rates: of an adapter ten times those that TRL has for all weights."""
RANK, EPOCHS = 16, 3


def check_training(model: str | None, format: str) -> None:
    """Raise SettingError for what is no name of a model, and for a format without a trainer."""
    if model is None:
        return
    if not isinstance(model, str) or not model.strip():
        raise SettingError(f"training={model!r}: expected the name or folder of a base model.")
    if format not in COMMANDS:
        raise SettingError(
            f"training={model!r}: there is no training for the format {format!r}; there is for {', '.join(COMMANDS)}."
        )


def training_text(model: str, format: str, path: Path, seed: int) -> str:
    """Return the configuration as YAML."""
    command = COMMANDS[format]
    loader = "parquet" if path.suffix.lower() == ".parquet" else "json"
    lines = {
        "model_name_or_path": model, "output_dir": f"{path.stem}-{command}", "use_peft": True, "lora_r": RANK, "lora_alpha": 2 * RANK,
        "learning_rate": RATES[command], "num_train_epochs": EPOCHS, "seed": seed, "report_to": "none",
    }  # fmt: skip
    return "\n".join(
        [
            f"# In this folder: trl {command} --config {shlex.quote(training_path(path).name)}   (pip install 'trl[peft]>=1')",
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
