"""Novelty: the ROUGE-L filter of Self-Instruct, exact, on a whole pool of instructions, beside what people use for it.

Claim: on 28,519 instructions the filter decides as `rouge-score` does, in under 5 seconds; a million texts take under 10 minutes and
2 GiB.

Method: (1) the first 2,000 instructions, all pairs, by `rouge-score` (its tokenizer and its score; each text is tokenized once):
same decisions? (2) The whole pool in turns: this filter, brute force by `rapidfuzz.process.cdist` on two threads (the exact F is the
normalised Indel similarity of the words, but for the last bit: a pair at the very threshold may fall on the other side; blocks of 512
rows against all texts before them), and MinHash-LSH of datasketch (128
permutations over the sets of words, Jaccard 0.54, which is F 0.7 for sets), with its decisions against the exact ones. rouge-score's
own time for the pool is that of (1) scaled by the pairs, and is not measured. (3) Growth: texts drawn from a second-order word chain
over the pool, a word that was never seen at the rate at which the pool still brings some; each size in a process of its own.

Command: `python -m benchmarks novelty --data FOLDER`; SELFTAUGHT_NOVELTY_SIZES narrows (3), SELFTAUGHT_NOVELTY_SLICE (1).
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Options, Skipped, result

CLAIM = "the novelty filter decides as rouge-score on a pool of 28,519 instructions in under 5 s; a million texts in under 10 minutes and 2 GiB"
FILE = "instruction_pool.jsonl.gz"
THRESHOLD = 0.7
SLICE = int(os.environ.get("SELFTAUGHT_NOVELTY_SLICE", "2000"))
SIZES = [int(one) for one in os.environ.get("SELFTAUGHT_NOVELTY_SIZES", "30000,100000,300000,1000000").split(",") if one]
REPEATS = 3
BLOCK, JACCARD, PERMUTATIONS = 512, THRESHOLD / (2 - THRESHOLD), 128


def run(options: Options) -> dict[str, Any]:
    """Measure, and return the result."""
    path = Path(options.data or "") / FILE
    if options.data is None or not path.exists():
        raise Skipped(f"give --data FOLDER with {FILE}")
    texts = pool(path)
    same = sliced(texts[:SLICE])
    whole = [measured(texts) for _ in range(options.repeats or REPEATS)]
    middle = sorted(whole, key=lambda one: one["seconds"])[len(whole) // 2]
    brute, minhash = brute_force(texts), by_minhash(texts)
    measured_ = {
        "slice": same, "pool": {**middle, "all_seconds": [one["seconds"] for one in whole]},
        "brute_force": {**brute, "ratio": round(brute["seconds"] / middle["seconds"], 1)},
        "minhash": {**minhash, "ratio": round(minhash["seconds"] / middle["seconds"], 1)},
        "rouge_score_hours": round(same["rouge_score_seconds"] / same["pairs"] * len(texts) ** 2 / 2 / 3600, 1),
        "growth": [grown(path, size) for size in SIZES],
    }  # fmt: skip
    last = measured_["growth"][-1] if SIZES and SIZES[-1] >= 1_000_000 else None
    met = bool(same["identical"] and middle["seconds"] < 5 and last and last["seconds"] < 600 and last["mib"] < 2048)
    return result("novelty", CLAIM, measured=measured_, target="identical, < 5 s, 1,000,000 in < 600 s and < 2048 MiB", met=met)


def pool(path: Path) -> list[str]:
    """Return the instructions."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["instruction"] for line in lines]


def measured(texts: list[str]) -> dict[str, Any]:
    """Filter texts; return seconds and how many were kept."""
    from selftaught.novelty import NoveltyFilter

    started = time.perf_counter()
    kept = NoveltyFilter(THRESHOLD).filter(texts)
    return {"texts": len(texts), "kept": sum(kept), "seconds": round(time.perf_counter() - started, 3)}


def exact(texts: list[str]) -> list[bool]:
    """Return the filter's decisions."""
    from selftaught.novelty import NoveltyFilter

    return NoveltyFilter(THRESHOLD).filter(texts)


def sliced(texts: list[str]) -> dict[str, Any]:
    """Compare with rouge-score, pair by pair."""
    from rouge_score.rouge_scorer import _score_lcs
    from rouge_score.tokenize import tokenize

    kept: list[list[str]] = []
    decisions, pairs, started = [], 0, time.perf_counter()
    for text in texts:
        words = tokenize(text, None)
        scores = [_score_lcs(other, words).fmeasure for other in kept]
        pairs += len(scores)
        decisions.append(not any(score > THRESHOLD for score in scores))
        if decisions[-1]:
            kept.append(words)
    seconds = time.perf_counter() - started
    return {
        "texts": len(texts),
        "pairs": pairs,
        "kept": len(kept),
        "identical": decisions == exact(texts),
        "rouge_score_seconds": round(seconds, 1),
    }


def brute_force(texts: list[str]) -> dict[str, Any]:
    """Decide by all pairs with rapidfuzz, block by block."""
    import numpy as np
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    from selftaught.novelty.words import rouge_words

    started, ids = time.perf_counter(), {}
    coded = ["".join(chr(ids.setdefault(word, len(ids))) for word in rouge_words(text)) for text in texts]
    kept = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(texts), BLOCK):
        block = coded[start : start + BLOCK]
        scores = cdist(block, coded[: start + len(block)], scorer=Indel.normalized_similarity, workers=2, dtype=np.float64)
        for row, one in enumerate(block):
            before = scores[row, : start + row][kept[: start + row]]
            kept[start + row] = not one or not (before > THRESHOLD).any()
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "kept": int(kept.sum()),
        "differ": sum(a != b for a, b in zip(kept.tolist(), exact(texts), strict=True)),
    }


def by_minhash(texts: list[str]) -> dict[str, Any]:
    """Decide by MinHash-LSH, and count where it decides otherwise."""
    from datasketch import MinHash, MinHashLSH

    from selftaught.novelty.words import rouge_words

    started = time.perf_counter()
    index, decisions = MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS), []
    for number, text in enumerate(texts):
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([word.encode() for word in set(rouge_words(text))])
        decisions.append(not index.query(sketch))
        if decisions[-1]:
            index.insert(number, sketch)
    seconds, right = time.perf_counter() - started, exact(texts)
    return {
        "seconds": round(seconds, 1), "kept": sum(decisions),
        "missed": sum(ours and not own for ours, own in zip(decisions, right, strict=True)),
        "false": sum(own and not ours for ours, own in zip(decisions, right, strict=True)),
    }  # fmt: skip


def grown(path: Path, size: int) -> dict[str, Any]:
    """Filter so many synthetic texts in a process of its own; return seconds and the most memory."""
    asked = [sys.executable, "-m", "benchmarks.novelty", str(path), str(size)]
    return json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def continued(texts: list[str], size: int) -> Iterator[str]:
    """Yield texts from a second-order chain over the words of the pool, with new words at the rate of the pool's end."""
    from selftaught.novelty.words import rouge_words

    after: dict[tuple[str, str], list[str]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for text in texts:
        words = ["", "", *rouge_words(text), ""]
        for one, two, three in zip(words, words[1:], words[2:], strict=False):
            after[one, two].append(three)
            counts[three] += 1
    unseen = sum(count == 1 for count in counts.values()) / sum(counts.values())
    draws, starts = random.Random(0), after["", ""]
    for number in range(size):
        words = ["", draws.choice(starts)]
        while words[-1] and len(words) < 80:
            words.append(draws.choice(after.get((words[-2], words[-1])) or starts))
        yield " ".join(f"new{number}" if draws.random() < unseen else word for word in words if word)


def main() -> None:
    """Measure one size; the texts are made before the clock starts and count towards the memory."""
    path, size = Path(sys.argv[1]), int(sys.argv[2])
    texts = list(continued(pool(path), size))
    found = measured(texts)
    print(json.dumps({**found, "mib": most_memory()}))


def most_memory() -> int:
    """Return the most memory that this process held, in MiB (what its parent held before it does not count)."""
    told = next(row for row in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if row.startswith("VmHWM"))
    return int(told.split()[1]) // 1024


def line(found: dict[str, Any]) -> str:
    """Return the result in one line."""
    one = found["measured"]
    grown_to = "; ".join(f"{row['texts']:,} texts {row['seconds']:.0f} s, {row['mib']} MiB" for row in one["growth"])
    return (
        f"decisions {'identical' if one['slice']['identical'] else 'DIFFERENT'} to rouge-score on {one['slice']['texts']}; pool of {one['pool']['texts']:,} "
        f"in {one['pool']['seconds']} s (brute force {one['brute_force']['seconds']} s, MinHash {one['minhash']['seconds']} s with "
        f"{one['minhash']['missed']} missed and {one['minhash']['false']} false); {grown_to}"
    )


if __name__ == "__main__":
    main()
