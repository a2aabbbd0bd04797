"""Gunicorn for production: `gunicorn -c deploy/gunicorn.conf.py`; the same as `cds-service serve`."""

import os

from cds_service.web.gunicorn_server import options

wsgi_app = "cds_service.wiring:app_from_environment()"
bind = "127.0.0.1:8080"
globals().update(options(int(os.environ.get("CDS_WORKERS", "2"))))  # noqa: TID251 - gunicorn reads it here
