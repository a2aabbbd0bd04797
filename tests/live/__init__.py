"""The service as production runs it, under gunicorn: limits, metrics, logs that leak nothing, an end that loses no call."""
