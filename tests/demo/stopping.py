"""Stopping a running order on the mini-EHR's page: its question read, and answered with yes as a browser would."""

import html
import re

import requests

_SECONDS = 300  # a FHIR server that others wrote, on a busy machine


def stop_order(page: str, patient: str, order: str) -> requests.Response:
    """The answer to yes; the question itself where it is refused. `page` is the mini-EHR's address."""
    address = f"{page}/patients/{patient}/stop"
    asked = requests.get(address, {"order": order}, timeout=_SECONDS)
    if not asked.ok:
        return asked
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text)
    answer = {name: html.unescape(value) for name, value in fields}
    return requests.post(address, answer, timeout=_SECONDS)
