"""Every performance claim of selftaught, runnable, side by side with the peer it names: `python -m benchmarks`."""
