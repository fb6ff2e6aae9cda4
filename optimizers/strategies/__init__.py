"""Strategies: each thinks of candidates in its own way; the engine does everything else."""
