"""A source as a card cites it: what a clinician can look up, without the names of our own files.

The reviewed texts name beside each outside source the page of our specification where it is argued. That is
for who reviews the rules; on a card it would be a file that no clinician has (DECISIONS 66).
"""

import re

_PAGE = r"(?:titration|eligibility|terminology|pk|related)\.md"
_FILE = rf"(?:DECISIONS|{_PAGE}|contract(?:,? section)?|(?:RE)?DESIGN)"
_NUMBER = r"\d+(?:\.\d+)*"
_NUMBERS = rf"(?:\s*(?:第\s*)?{_NUMBER}(?:\s*(?:,|、|和|and)\s*{_NUMBER}(?!\s*ng))*(?:\s*节)?)?"
_OWN = re.compile(rf"{_FILE}{_NUMBERS}(?:\s*[（(]A[)）])?")
_MARK = r"(?:[;；,，、:：]|\band\b|[和见])"
_LEFT_OVER = (
    (re.compile(r"[;；]\s*(?=[:：])"), ""),
    (re.compile(rf"^(?:\s*{_MARK})+\s*"), ""),
    (re.compile(rf"(?:\s*{_MARK})+\s*$"), ""),
    (re.compile(r"\s*[,，]\s*(?=[:：;；])"), ""),
    (re.compile(r"\s+(?=[:;,])"), ""),
    (re.compile(r"\s{2,}"), " "),
)


def cited(source: str) -> str:
    """The source without our own files; "" where nothing else was named."""
    text = _OWN.sub("", source).strip()
    for left_over, instead in _LEFT_OVER:
        text = left_over.sub(instead, text)
    return text.strip()
