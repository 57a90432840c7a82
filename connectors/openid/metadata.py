"""What a provider tells of itself at `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0, 3)."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

from connectors.addresses import is_loopback
from provodka.errors import Rejected

WELL_KNOWN: Final = "/.well-known/openid-configuration"
SIGNATURES: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What may sign an id token: only what the provider's public keys can prove. `none` and `HS…` never."""
_METHODS: Final = ("client_secret_basic", "client_secret_post")


def is_safe(url: str) -> bool:
    """Whether nobody on the way could read or change what is said to this address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _endpoint(url: str) -> str:
    if url and not is_safe(url):
        raise ValueError("no https address")
    return url


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class Metadata(BaseModel):
    """As much of it as we need; the names are those of the standard."""

    issuer: str
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    jwks_uri: Endpoint
    userinfo_endpoint: Endpoint = ""
    end_session_endpoint: Endpoint = ""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = _METHODS[:1]
    code_challenge_methods_supported: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    claims_supported: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _told(cls, data: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Some say null for what they do not have."""
        return {name: one for name, one in data.items() if one is not None} if isinstance(data, dict) else data

    @property
    def signatures(self) -> tuple[str, ...]:
        """The ways of signing that the provider uses and we trust."""
        return tuple(one for one in self.id_token_signing_alg_values_supported if one in SIGNATURES)

    @property
    def method(self) -> str:
        """How the provider wants to be shown the secret."""
        return next((one for one in self.token_endpoint_auth_methods_supported if one in _METHODS), _METHODS[0])

    def scope(self, claim: str) -> str:
        """What to ask for. Some give groups only where a scope of that name was asked for."""
        wanted = ["openid", "email", "profile", *([claim] if claim in self.scopes_supported else [])]
        return " ".join(dict.fromkeys(wanted))


def read(data: object, issuer: str) -> Metadata:
    """Rejected where it is none, or another's: whoever answers has to be whom the config names (Discovery, 4.3)."""
    try:
        found = Metadata.model_validate(data)
    except ValidationError as error:
        named = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})) or "the document"
        raise Rejected(f"the provider's {WELL_KNOWN} cannot be used: {named}") from error
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        cure = f"Впишите в console.openid.issuer адрес, которым поставщик называет себя сам: {found.issuer}"
        raise Rejected(f"the provider calls itself {found.issuer}", hint=cure)
    return found
