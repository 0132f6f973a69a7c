"""Lists as the contract has them: a bare array, with headers for what is behind it."""

from typing import Any
from urllib.parse import urlencode

from flask import request

from boz_server.repositories.paging import Page, PageRequest

Listed = tuple[list[Any], dict[str, str]]


def page_request(args: dict[str, Any]) -> PageRequest:
    """Return the page that the query string asks for."""
    return PageRequest(limit=args["limit"], cursor=args["cursor"])


def listed(page: Page[Any]) -> Listed:
    """Return a page's items, and the Link header where there are more.

    X-Total-Count only where the one page is all there is: to count further would cost more with
    each job that was ever done.
    """
    if page.next_cursor is None:
        whole = "cursor" not in request.args
        return page.items, {"X-Total-Count": str(len(page.items))} if whole else {}
    query = request.args.to_dict() | {"cursor": page.next_cursor}
    address = f"{request.base_url}?{urlencode(query)}"
    return page.items, {"Link": f'<{address}>; rel="next"'}
