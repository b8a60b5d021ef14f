"""Who asks which server, and how often that may be.

NCBI's rules (E-utilities, NBK25497): three requests in a second, ten with an API key; each names the
tool and an e-mail address.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from bran.errors import ConfigError

NCBI = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
"""Where the E-utilities are."""

TOOL = "bran"
"""The name under which NCBI knows who asks."""

_NCBI_DOMAIN = ".ncbi.nlm.nih.gov"


@dataclass(frozen=True, slots=True)
class Access:
    """The server and what it is told of the one who asks.

    Args:
        base_url: of the E-utilities; HTTPS, or plain HTTP to this very machine.
        email: address of the user; NCBI asks for it, another server need not.
        api_key: NCBI's key; goes into the body of requests and nowhere else.
        timeout: seconds after which a request is given up.

    Raises:
        ConfigError: when the URL, the address or the time limit does not hold.
    """

    base_url: str = NCBI
    email: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 60.0

    def __post_init__(self) -> None:
        url = _checked(self.base_url)
        if self.email is None and (url.hostname or "").endswith(_NCBI_DOMAIN):
            raise ConfigError("no e-mail address: NCBI wants one with each request; expected --email or NCBI_EMAIL")
        if self.email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.email):
            raise ConfigError(f"e-mail address {self.email!r}; expected name@host")
        if not self.timeout > 0:
            raise ConfigError(f"time limit {self.timeout}; expected more than 0 seconds")

    @property
    def requests_per_second(self) -> int:
        """How many requests NCBI allows."""
        return 10 if self.api_key else 3

    @property
    def is_local(self) -> bool:
        """Whether the server is this machine."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def name(self) -> str:
        """The server as a file name; holds neither address nor key."""
        url = urlsplit(self.base_url)
        return re.sub(r"[^a-z0-9.]+", "-", f"{url.netloc}{url.path}".lower()).strip("-.")

    def url(self, utility: str) -> str:
        """Where a utility (``esearch``, ``efetch``) is asked."""
        return f"{self.base_url.rstrip('/')}/{utility}.fcgi"

    def parameters(self) -> dict[str, str]:
        """What every request says of the one who asks."""
        named = {"tool": TOOL, "email": self.email, "api_key": self.api_key}
        return {name: value for name, value in named.items() if value}

    def redact(self, text: str) -> str:
        """``text`` without the API key: NCBI quotes a wrong one in its answer."""
        return text.replace(self.api_key, "***") if self.api_key else text


def _checked(base_url: str) -> SplitResult:
    """The parts of ``base_url``; ConfigError when the E-utilities must not be asked there."""
    try:
        url = urlsplit(base_url)
        host, _ = url.hostname, url.port
    except ValueError:
        raise ConfigError(f"base URL {base_url!r}: not a URL; expected {NCBI}") from None
    if url.username or url.password or url.query or url.fragment:
        raise ConfigError("base URL holds more than a host and a path; expected neither user, password nor query")
    if not host or url.scheme not in {"http", "https"}:
        raise ConfigError(f"base URL {base_url!r}; expected https://HOST/PATH")
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigError(f"base URL {base_url!r}: plain HTTP to another machine; expected https")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
