"""Drafting: a commented mapping file for a source, from the names and shapes of its arrays alone."""
