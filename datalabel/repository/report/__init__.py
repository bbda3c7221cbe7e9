"""The verbs that tell: `stats`, `agreement`, `report`."""
