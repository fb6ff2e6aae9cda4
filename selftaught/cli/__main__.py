"""`python -m selftaught.cli`."""

from selftaught.cli import main

main()
