"""The runtime of exported programs: what stands in for DSPy, pydantic and aiohttp, from the standard library alone.

Each module is ordinary code that is tested here; the bundler copies from it what an exported program needs.
"""
