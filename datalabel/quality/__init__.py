"""How far labels can be trusted: what several people, or several sets, say of the same items."""
