"""The command line: parse, call, present. One file per family of commands."""
