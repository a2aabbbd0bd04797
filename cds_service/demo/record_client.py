"""A FHIR R4 server as its client sees it: read, search with every page, and transactions."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

from cds_service.demo.json_http import Json, JsonExchange, JsonHttp, Unanswered
from cds_service.demo.record_access import FhirAccess, OpenAccess

MOST_PAGES = 50


class FhirClient:
    """`base` has no trailing slash. Every method raises Unanswered when the server gives no usable answer.

    What `access` gives goes along to this server only.
    """

    def __init__(self, http: JsonHttp, base: str, access: FhirAccess | None = None) -> None:
        self.base = base
        self.access = access or OpenAccess()
        self._http = http

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def read(self, reference: str) -> Json:
        """One resource, by "Type/id"."""
        return self._get(f"{self.base}/{reference}")

    def resources(self, query: str) -> list[Json]:
        """All resources that a search finds, every page of it."""
        return [entry["resource"] for entry in self._entries(query)]

    def page(self, query: str) -> Json:
        """The first page of a search as it came, with its link to the next."""
        return self._get(f"{self.base}/{query}")

    def search(self, query: str) -> Json:
        """All that a search finds, as one searchset."""
        entries = list(self._entries(query))
        return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}

    def transact(self, entries: Sequence[Json]) -> list[str]:
        """Carry out a transaction, all or nothing; the references of what was written, where told."""
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        done = self._send("POST", self.base, bundle).answer()
        return [_reference(entry) for entry in done.get("entry", [])]

    def put(self, resource: Json) -> Json:
        """Write a resource under its own id; refused where the server has a later version than we read."""
        address = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        read = version_read(resource)
        return self._send("PUT", address, resource, {"If-Match": read} if read else {}).answer()

    def ask(self, path: str, body: Json) -> Json:
        """What the server answers to a body sent to a path below its base."""
        return self._send("POST", f"{self.base}/{path}", body).answer()

    def _get(self, url: str) -> Json:
        return self._send("GET", url).answer()

    def _send(
        self, method: str, url: str, body: Json | None = None, more: Mapping[str, str] | None = None
    ) -> JsonExchange:
        word = self.access.token()
        token = {} if word is None else {"Authorization": f"Bearer {word}"}
        headers = {"Cache-Control": "no-cache", **token, **(more or {})}
        return self._http.send(method, url, body, headers)

    def _entries(self, query: str) -> Iterator[Json]:
        next_page: str | None = f"{self.base}/{query}"
        for _ in range(MOST_PAGES):
            if next_page is None:
                return
            page = self._get(next_page)
            yield from page.get("entry", [])
            next_page = self._next(page, next_page)
        raise Unanswered(f"{self.base}/{query}: more than {MOST_PAGES} pages")

    def _next(self, page: Json, current: str) -> str | None:
        """The address of the next page, on the same server as this one."""
        links = [link["url"] for link in page.get("link", []) if link.get("relation") == "next"]
        if not links:
            return None
        url: str = urljoin(current, links[0])
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise Unanswered("the next page is said to be on another server")
        return url


def version_read(resource: Json) -> str | None:
    """The version of a resource as it was read, for `If-Match`; None where the server keeps none."""
    version = resource.get("meta", {}).get("versionId")
    return f'W/"{version}"' if version else None


def update_of(resource: Json) -> Json:
    """The transaction entry that writes a resource under its own id, unless somebody else has meanwhile."""
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    read = version_read(resource)
    return {"resource": resource, "request": request | ({"ifMatch": read} if read else {})}


def _reference(entry: Json) -> str:
    """ "Type/id" out of a location like "http://host/fhir/Type/id/_history/1"."""
    parts = str(entry.get("response", {}).get("location", "")).partition("/_history")[0].split("/")
    return "/".join(parts[-2:])
