"""The model held against the observed record: patterns declared first, calibration, scores of forecasts."""
