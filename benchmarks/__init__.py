"""Benchmarks: each file is named after its claim; run one as `python -m benchmarks.NAME`."""
