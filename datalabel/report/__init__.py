"""Results for people who were not there: Markdown, tables and pages."""
