"""Rules with stable codes, and the writers of what they find."""
