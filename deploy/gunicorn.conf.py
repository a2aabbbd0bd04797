"""Gunicorn for production: `gunicorn -c deploy/gunicorn.conf.py`; the same as `cds-service serve`."""

from cds_service.wiring import server_options

wsgi_app = "cds_service.wiring:app_from_environment()"
bind = "127.0.0.1:8080"
globals().update(server_options())
