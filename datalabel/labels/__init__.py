"""What items and labels are, in columns, and what can be computed on columns alone."""
