"""The verbs of a versioned working tree: `status`, `commit`, `restore`, `rm`, `mv`."""
