"""Data specs: grammar, loading and inheritance, canonical form, inference."""
