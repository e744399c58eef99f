"""A small shop: FastAPI and asynchronous functions throughout."""
