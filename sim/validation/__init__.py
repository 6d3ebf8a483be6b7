"""Validation against the observed record: patterns, calibration, forecasts and their scores."""
