"""Calibration: likelihood, sampler, and the command that rebuilds the shipped posterior."""
