"""Data that ships with selftaught."""
