"""Deciding under doubt: what follows from a simulation when much is not known."""
