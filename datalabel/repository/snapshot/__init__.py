"""The verbs `snapshot …`: frozen selections of one commit, verified, compared, opened for training."""
