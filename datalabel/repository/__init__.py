"""The verbs: joins the rooms. A folder for each family of verbs, and beside them what all of them stand on.

`repository` is the front door; `project`, `view` (a tree that is read), `stage` (a tree that is built), `revisions`
and `differences` are the groundwork.
"""
