"""Gunicorn for production: `gunicorn -c deploy/gunicorn.conf.py`; the same as `cds-service serve`."""

from cds_service.web.garbage_collection import pause

pause()  # before the service is loaded

from cds_service.wiring import server_options  # noqa: E402

wsgi_app = "cds_service.wiring:app_from_environment()"
bind = "127.0.0.1:8080"
globals().update(server_options())
