"""Measuring how fast graphs are, and how much of the machine they use."""
