"""The drawn potatoes, and the walk through the loop."""
