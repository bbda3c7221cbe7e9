"""Bytes and state: objects, segments, tables, history, staging. See FORMAT.md."""
