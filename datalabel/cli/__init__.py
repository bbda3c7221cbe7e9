"""The command line: parse, call, present. One file per family of commands."""

import gc

# Hundreds of thousands of small records, of modules at first, that live until the end: there is nothing to find.
gc.set_threshold(100_000)
