"""The verb `check`: rules over a revision, over what changed, or over label files alone; as a gate; repaired."""
