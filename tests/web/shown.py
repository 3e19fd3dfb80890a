"""What a page shows, and where it is."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

WOMEN = "/?q=effusion+without+pneumothorax+in+women+over+60"
PNEUMONIA = "/?q=pneumonia+with+pleural+effusion&films=6&labs=4"


def asked(page: Page) -> dict[str, list[str]]:
    """Give the parameters of a page's address."""
    return parse_qs(urlsplit(page.url).query)


def compiled(page: Page) -> dict[str, object]:
    """Give the compiled question in a page's address."""
    content: dict[str, object] = json.loads(asked(page)["query"][0])
    return content


def is_narrow(page: Page) -> bool:
    """Whether it is a telephone's page, on which the counts are folded away at first."""
    return page.viewport_size is not None and page.viewport_size["width"] < 800
