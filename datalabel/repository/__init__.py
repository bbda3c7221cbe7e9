"""The verbs: joins the rooms. One file per family of verbs."""
