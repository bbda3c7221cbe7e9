"""The verbs that make and keep a store: `init`, `fsck`, `gc`."""
