"""A chat room."""
