"""Inference: an architecture built from the arrays of a weights-only file, and nothing else."""
