"""Gunicorn for production: `gunicorn -c deploy/gunicorn.conf.py`; the same as `cds-service serve`."""

from cds_service.web.garbage_collection import pause

pause()  # before the service is loaded

from cds_service.cli.report import fail  # noqa: E402
from cds_service.settings.environment import BadSettings  # noqa: E402
from cds_service.wiring import server_options  # noqa: E402

wsgi_app = "cds_service.wiring:app_from_environment()"
bind = "127.0.0.1:8080"
try:
    globals().update(server_options())
except BadSettings as error:
    raise SystemExit(fail(*error.faults)) from None
