"""The dashboard at /ui: pages rendered here, made livelier by htmx (docs/howto/add-a-page.md)."""
