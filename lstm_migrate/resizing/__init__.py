"""Sizes changed on purpose: what a rule asks of one axis is followed to every array of the model."""
