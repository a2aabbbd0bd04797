"""Both servers of the comparison run alike: one production worker."""

from cds_service.web.garbage_collection import pause
from cds_service.web.gunicorn_server import options

pause()
globals().update(options(1) | {"loglevel": "warning", "accesslog": None})
