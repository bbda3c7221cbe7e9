"""Choosing items and labels, and the verb `export` that writes them in a foreign format."""
