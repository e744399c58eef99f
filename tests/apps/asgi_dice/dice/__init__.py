"""Dice for games by mail."""
