"""The verbs `spec …`: the project's spec, those of others, and the way from one to the next."""
