"""Configuration: GRADSERVE_* environment variables to one frozen object, read by main and cli only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.api.http import body
from app.api.http.middleware import auth, ratelimit
from app.engine import points, query
from app.engine.workers import pool
from app.language.limits import TextLimits
from app.runtime.store import disk, remote


class Settings(BaseSettings):
    """Everything that can be set; each field is the environment variable GRADSERVE_<NAME>.

    Limits that are not here are constants: the defaults of the limits dataclasses. /v1/limits publishes all limits.
    """

    model_config = SettingsConfigDict(env_prefix="GRADSERVE_", frozen=True, extra="forbid")

    # Address and processes
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(
        1, ge=1, le=64, description="processes that share the port; the first one owns the accelerator"
    )
    drain_seconds: float = Field(
        0.5,
        ge=0,
        le=60,
        description="seconds after SIGTERM in which requests are still taken while /readyz answers 503",
    )

    # Access
    api_keys: SecretStr = Field(
        SecretStr(""), description="accepted API keys, separated by commas; if empty, no key is needed"
    )
    rate_limit: str = Field(
        "", description='requests of one key or address, such as "5/second" or "100/minute;5000/day"; empty: no limit'
    )
    rate_limit_storage: str = Field(
        "", description="where replicas count requests together, such as redis://host:6379; empty: in the process"
    )
    trusted_proxies: str = Field(
        "", description="networks of proxies whose X-Forwarded-For header is trusted, separated by commas; empty: none"
    )
    cors_origins: str = Field(
        "", description="origins whose pages may call the service, separated by commas, or * for all; empty: none"
    )

    # Logs, traces and metrics
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")
    log_format: Literal["text", "json"] = Field("text", description="text for people, JSON for machines")
    traces: bool = Field(
        False,
        description="whether to send OpenTelemetry traces, configured by the OTEL_* variables (gradserve[traces])",
    )
    metrics_dir: str = Field(
        "", description="directory where several processes add up their metrics; empty: each process has its own"
    )

    # Capacities in memory
    plan_capacity: int = Field(
        500_000, ge=1000, description="operations of all parsed functions held; a function counts 40 more"
    )
    executable_capacity: int = Field(
        1024,
        ge=1,
        le=10_000,
        description="compiled functions held; each needs about 5 of the kernel's 65,530 memory maps",
    )
    registry_capacity: int = Field(10_000, ge=1, description="registered functions held")

    # Storage
    cache_dir: str = Field(
        "~/.cache/gradserve", description="directory for compiled functions; empty: nothing is stored on disk"
    )
    cache_max_bytes: int = Field(1 << 30, ge=1 << 20, description="largest size of that directory, in bytes")
    store: str = Field(
        "", description="store shared by machines, redis://host:6379/0 or s3://bucket/prefix; empty: none"
    )
    store_secret: SecretStr = Field(
        SecretStr(""), description="secret that authenticates entries of that store; the same on all machines"
    )

    # Expensive work
    compile_workers: int = Field(1, ge=1, le=64, description="processes that compile functions, one at a time each")
    compile_memory_bytes: int = Field(
        2 << 30, ge=1 << 29, description="largest resident memory of such a process, in bytes"
    )
    compile_seconds_per_minute: float = Field(
        60.0, gt=0, description="seconds of such processes for one key or address in a minute"
    )
    threads: int = Field(2, ge=1, le=64, description="threads for long texts and large batches")
    queue: int = Field(64, ge=1, description="requests that may wait for one of these threads")

    # Limits on requests
    max_expression_bytes: int = Field(131_072, ge=1, description="bytes of an expression")
    max_operations: int = Field(65_536, ge=1, description="operations of a function")
    max_points: int = Field(100_000, ge=1, description="points in a batch")
    max_body_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="bytes of a request body")
    max_bodies_bytes: int = Field(
        64 * 1024 * 1024, ge=1024, description="bytes of all request bodies in progress together"
    )
    max_answers_bytes: int = Field(
        256 * 1024 * 1024, ge=1024, description="bytes of all large answers that clients have not read yet"
    )
    max_connections: int = Field(4096, ge=1, description="connections; one address gets at most half of them")
    keep_alive_seconds: int = Field(75, ge=1, description="seconds a connection may be idle between requests")

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, keys: SecretStr) -> SecretStr:
        if not all(key.isascii() and key.isprintable() and " " not in key for key in _listed(keys.get_secret_value())):
            raise ValueError("a key is printable ASCII without spaces and commas")
        return keys

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate: str) -> str:
        ratelimit.parse(rate, "")
        return rate

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        auth.Authenticator(trusted=_listed(networks))
        return networks

    @field_validator("store")
    @classmethod
    def _check_store(cls, url: str) -> str:
        if url:
            remote.backend(url)
        return url

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.store and len(self.store_secret.get_secret_value()) < remote.SECRET_CHARACTERS:
            raise ValueError(f"a store needs store_secret, {remote.SECRET_CHARACTERS} characters or more")
        if self.workers > 1 and self.rate_limit and not self.rate_limit_storage:
            raise ValueError("several workers count rates together only with rate_limit_storage")
        if self.workers > 1 and not (self.cache_dir or self.store):
            raise ValueError("several workers find each other's functions only with cache_dir or store")
        return self

    def query_limits(self) -> query.QueryLimits:
        text = TextLimits(max_expression_bytes=self.max_expression_bytes, max_operations=self.max_operations)
        return query.QueryLimits(text, points.PointLimits(max_points=self.max_points))

    def worker_limits(self) -> pool.WorkerLimits:
        return pool.WorkerLimits(memory_bytes=self.compile_memory_bytes)

    def request_limits(self) -> body.RequestLimits:
        return body.RequestLimits(
            max_body_bytes=self.max_body_bytes,
            max_bodies_bytes=max(self.max_bodies_bytes, self.max_body_bytes),
            max_answers_bytes=self.max_answers_bytes,
            max_connections=self.max_connections,
        )

    def open_store(self) -> disk.Store:
        """Return the store of compiled and registered functions: on disk, with the shared store behind it."""
        directory = Path(self.cache_dir).expanduser() if self.cache_dir else None
        near = disk.open_store(directory, self.cache_max_bytes)
        if not self.store:
            return near
        shared = remote.SharedStore(remote.backend(self.store), self.store_secret.get_secret_value())
        return remote.LayeredStore(near, shared)

    def authenticator(self) -> auth.Authenticator:
        return auth.Authenticator(_listed(self.api_keys.get_secret_value()), _listed(self.trusted_proxies))

    def rate(self) -> ratelimit.Rate | None:
        return ratelimit.parse(self.rate_limit, self.rate_limit_storage)

    def origins(self) -> list[str]:
        """Return the origins whose pages may call the service."""
        return _listed(self.cors_origins)

    def for_one_user(self) -> Self:
        """Return these settings without keys, rates, traces and shared metrics, for the application in the CLI."""
        return self.model_copy(
            update={"api_keys": SecretStr(""), "rate_limit": "", "cors_origins": "", "traces": False, "metrics_dir": ""}
        )


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
