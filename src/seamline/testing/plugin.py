"""The pytest plugin: the application's own tests, over the split application."""
