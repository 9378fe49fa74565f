"""Light, dark, or as the machine is set: kept in a cookie, so that the first paint is the right one."""

from urllib.parse import urlsplit

from aiohttp import web

from holdfast.web.problems import REFUSED, wrong_field

THEMES = ("auto", "light", "dark")
A_YEAR = 365 * 24 * 3600


def theme_of(request: web.Request) -> str:
    """What was chosen on this browser."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else "auto"


async def choose(request: web.Request) -> web.StreamResponse:
    """Keep it, and back to the page. Raises Problem."""
    theme = (await request.post()).get("theme", "")
    if theme not in THEMES:
        raise wrong_field("theme", f"one of {', '.join(THEMES)}", REFUSED)
    back = web.HTTPSeeOther(page_before(request.headers.get("Referer", ""), request.host))
    back.set_cookie("theme", str(theme), max_age=A_YEAR, samesite="Lax", httponly=True)
    raise back


def page_before(referer: str, host: str) -> str:
    """Where somebody came from, if it was a page of ours."""
    try:
        came = urlsplit(referer)
    except ValueError:
        return "/"
    if came.netloc != host:
        return "/"
    path = "/" + came.path.lstrip("/")
    return f"{path}?{came.query}" if came.query else path
