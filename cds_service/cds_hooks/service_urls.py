"""The URLs that clients call, from the configured public URL and never from a Host header (CH-140)."""

import msgspec


class Endpoints(msgspec.Struct, frozen=True):
    """`public_base_url` has no trailing slash. Each method gives the audiences that a token may name."""

    public_base_url: str

    def discovery(self) -> frozenset[str]:
        """The discovery URL (CH-022)."""
        return frozenset({f"{self.public_base_url}/cds-services"})

    def service(self, service_id: str) -> frozenset[str]:
        """The URL of one service."""
        return frozenset({f"{self.public_base_url}/cds-services/{service_id}"})

    def feedback(self, service_id: str) -> frozenset[str]:
        """The feedback URL of a service; some clients name the service itself."""
        own = self.service(service_id)
        return own.union(f"{url}/feedback" for url in own)
