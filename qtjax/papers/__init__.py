"""Published results, computed: each number beside one from an independent route.

A paper is one file, or one folder where it needs more, that returns the records of `records.py`.
"""
