"""A small Flask shop that knows nothing of Seamline."""
