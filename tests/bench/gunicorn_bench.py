"""Both servers of the comparison run alike: one production worker."""

from cds_service.web.gunicorn_server import options

globals().update(options(1) | {"loglevel": "warning", "accesslog": None})
