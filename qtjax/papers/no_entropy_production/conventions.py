"""Whose bookkeeping a number follows, as it is printed beside the number."""

PAPER = "the paper"
MAINSTREAM = "Spohn and Alicki"
CLASSICAL = "classical thermodynamics"
NEUTRAL = "none: the same in every bookkeeping"
