"""`cds-service serve`: gunicorn; for development on a computer without it, a plain threaded server."""

import structlog
from flask import Flask

from cds_service import wiring
from cds_service.cli.report import fail
from cds_service.settings.environment import BadSettings, Environment, Settings
from cds_service.settings.reviewed import UnsignedContent
from cds_service.settings.site_file import Site
from cds_service.web.garbage_collection import freeze
from cds_service.web.log_redaction import configure_logging


def serve(host: str, port: int) -> int:
    """Serve until told to stop. Exit code 2 with every fault when the settings cannot be used."""
    configure_logging()
    try:
        settings = wiring.settings_from_environment()
        # Loaded here once, so that a fault is told in words before any worker starts.
        app = wiring.build_app(settings)
    except BadSettings as error:
        return fail(*dict.fromkeys((*error.faults, *_faults_of_texts(error.readable.site))))
    except wiring.INSTALLATION_FAULTS:
        return fail(*_faults_of_texts(settings.site))
    except (*wiring.STORE_FAULTS, UnsignedContent) as error:
        return fail(str(error))
    structlog.get_logger().info("SITE_FILE", where=wiring.site_file_in_use())
    metrics = wiring.start_counting(settings)
    wiring.warn_of_insecurity(settings)
    try:
        from cds_service.web.gunicorn_server import GunicornServer, options
    except ImportError:
        return _serve_plainly(app, settings, host, port)
    chosen = options(settings.workers, wiring.lobby_limits(settings), metrics)
    GunicornServer(lambda: app, f"{_bracketed(host)}:{port}", chosen).run()
    return 0


def _faults_of_texts(site: Site) -> list[str]:
    from cds_service.cli.check import faults_of_texts  # only a start that is refused reads all of it

    return faults_of_texts(site)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _serve_plainly(app: Flask, settings: Settings, host: str, port: int) -> int:
    if settings.environment is Environment.PRODUCTION:
        return fail("gunicorn is not here, and production runs on nothing else")
    from werkzeug.serving import run_simple

    freeze()
    run_simple(host, port, app, threaded=True)
    return 0
