"""Tests over a split application: the pytest plugin and what it is made of.

Every pytest run in an environment with Seamline imports this, so it imports nothing.
"""
