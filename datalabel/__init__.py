"""dlabel: git for image labels."""
