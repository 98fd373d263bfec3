"""Diagnosis: why the weights of one file and a model do not fit each other, in words, and what mends it."""
