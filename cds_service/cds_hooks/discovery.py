"""All services of one installation: discovery, and finding the one that was called."""

from collections.abc import Iterable, Iterator
from typing import Any

from cds_service.cds_hooks.errors import BadHookRequest, NoSuchService
from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookService


class DuplicateService(ValueError):
    """Two services have the same id. Some clients key services by URL and would lose one of them."""

    def __init__(self, service_id: str) -> None:
        super().__init__(f"two services are called {service_id!r}")
        self.service_id = service_id


class Catalogue:
    """Services by id, in the order in which discovery lists them."""

    def __init__(self, services: Iterable[HookService]) -> None:
        self._services: dict[str, HookService] = {}
        for service in services:
            if service.id in self._services:
                raise DuplicateService(service.id)
            self._services[service.id] = service

    def __iter__(self) -> Iterator[HookService]:
        return iter(self._services.values())

    def discovery(self) -> dict[str, Any]:
        """The answer to `GET /cds-services`."""
        return {"services": [service.as_json() for service in self]}

    def find(self, service_id: str) -> HookService:
        """The service with this id. Raises NoSuchService."""
        try:
            return self._services[service_id]
        except KeyError as error:
            raise NoSuchService(service_id) from error

    def find_for(self, service_id: str, hook: Hook) -> HookService:
        """The service, provided that it answers this hook. Raises NoSuchService or BadHookRequest."""
        service = self.find(service_id)
        if service.hook is not hook:
            raise BadHookRequest(f"is not the hook of this service ({service.hook})", "hook")
        return service
