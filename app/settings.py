"""Configuration: everything that can be set, in one frozen object, which ``app.environment`` makes at the start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import errors
from app.api.http import body
from app.api.http.middleware import auth, ratelimit, tracing
from app.api.server import tls
from app.engine import points, query
from app.engine.workers import enclosures, pool
from app.language.limits import TextLimits
from app.runtime import keys, metrics
from app.runtime.data.store import DataLimits
from app.runtime.store import disk, remote

PREFIX = "GRADSERVE_"
SECRET = ("tls_key_password", "api_keys", "rate_limit_storage", "store", "store_secret")
"""Settings that are or have a password: each may be in a file, which GRADSERVE_<NAME>_FILE names."""

_HIDDEN = "**********"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9]\d*)?")
_DEFAULT_PORTS = re.compile(r"http://.*:80|https://.*:443")
_PASSWORDS = re.compile(r"(?<=://).*(?=@)|(?<=password=)[^&]*")


class Settings(BaseSettings):
    """Everything that can be set; each field is the environment variable GRADSERVE_<NAME>.

    Limits that are not here are constants: the defaults of the limits dataclasses. /v1/limits publishes all limits.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    # Address and processes
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    uds: str = Field("", description="path of a unix socket to listen on instead of host and port; empty: none")
    uds_mode: str = Field(
        "660", pattern="^0?[0-7]{3}$", description="permissions of that socket: 660 lets its owner and group connect"
    )
    tls_cert_file: str = Field(
        "",
        description="certificate in PEM form, with its chain, to serve HTTPS; read again when it changes; empty: HTTP",
    )
    tls_key_file: str = Field("", description="private key of that certificate, in PEM form")
    tls_key_password: SecretStr = Field(SecretStr(""), description="password of that key, if it is encrypted")
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
    key_store: str = Field("", description="file of more keys, with scopes and quotas: gradserve keys; empty: none")
    rate_limit: str = Field(
        "", description='requests of one key or address, such as "5/second" or "100/minute;5000/day"; empty: no limit'
    )
    rate_limit_storage: str = Field(
        "",
        repr=False,
        description="where replicas count requests together, such as redis://host:6379; empty: in the process",
    )
    trusted_proxies: str = Field(
        "",
        description="networks of proxies whose X-Forwarded-For header is trusted, separated by commas, and unix for "
        "those on a unix socket; empty: none",
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
        description="compiled functions held; fewer if they fill half of the memory maps that the kernel allows",
    )
    executable_max_bytes: int = Field(
        96 << 20,
        ge=1 << 20,
        description="memory of all compiled functions held, in bytes, as estimated from their serialised form",
    )
    registry_capacity: int = Field(10_000, ge=1, description="registered functions held")

    # Storage
    cache_dir: str = Field(
        "~/.cache/gradserve", description="directory for compiled functions; empty: nothing is stored on disk"
    )
    cache_max_bytes: int = Field(1 << 30, ge=1 << 20, description="largest size of that directory, in bytes")
    store: str = Field(
        "", repr=False, description="store shared by machines, redis://host:6379/0 or s3://bucket/prefix; empty: none"
    )
    store_secret: SecretStr = Field(
        SecretStr(""), description="secret that authenticates entries of that store; the same on all machines"
    )

    # Data that stay
    max_data_bytes: int = Field(512 << 20, ge=1 << 20, description="bytes of all data that stay in memory")
    max_data_bytes_of_one: int = Field(
        256 << 20, ge=1 << 12, description="bytes of data of one key or address, in memory and in the store"
    )
    max_data_arrays_of_one: int = Field(1000, ge=1, description="arrays of one key or address")
    max_data_body_bytes: int = Field(128 << 20, ge=1024, description="bytes of a request that registers data")
    data_receive_seconds: float = Field(120.0, gt=0, description="seconds in which such a request must arrive")
    data_max_bytes: int = Field(
        4 << 30, ge=1 << 20, description="largest size of the data in cache_dir, beside cache_max_bytes"
    )

    # Expensive work
    compile_workers: int = Field(1, ge=1, le=64, description="processes that compile functions, one at a time each")
    compile_memory_bytes: int = Field(
        2 << 30, ge=1 << 29, description="largest resident memory of such a process, in bytes"
    )
    compile_seconds_per_minute: float = Field(
        60.0, gt=0, description="seconds of such processes for one key or address in a minute"
    )
    rigorous_seconds: float = Field(
        4.0, gt=0, le=7, description="seconds in which the enclosures of an answer are made tight"
    )
    rigorous_memory_bytes: int = Field(
        1 << 30, ge=1 << 29, description="largest resident memory of the process that makes them, in bytes"
    )
    threads: int = Field(2, ge=1, le=64, description="threads for long texts and large batches")
    queue: int = Field(64, ge=1, description="requests that may wait for one of these threads")
    fit_threads: int = Field(2, ge=1, le=64, description="fits that search at the same time, each in a thread")
    fit_queue: int = Field(64, ge=1, description="fits that may wait for one of these threads")

    # Limits on requests
    max_expression_bytes: int = Field(131_072, ge=1, description="bytes of an expression")
    max_operations: int = Field(65_536, ge=1, description="operations of a function")
    max_points: int = Field(100_000, ge=1, description="points in a batch")
    max_evaluations: int = Field(100_000, ge=1, description="evaluations of the function or a derivative in one fit")
    max_fit_seconds: float = Field(7.5, gt=0, le=8, description="seconds that a request for fits searches")
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
        if keys.get_secret_value() and not _listed(keys.get_secret_value()):
            raise ValueError("there is no key in it")
        if not all(key.isascii() and key.isprintable() and " " not in key for key in _listed(keys.get_secret_value())):
            raise ValueError("a key is printable ASCII without spaces and commas")
        return keys

    @field_validator("key_store")
    @classmethod
    def _check_key_store(cls, path: str) -> str:
        if path:
            keys.load(Path(path))
        return path

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate: str) -> str:
        ratelimit.parse(rate, "")
        return rate

    @field_validator("rate_limit_storage")
    @classmethod
    def _check_rate_storage(cls, uri: str) -> str:
        if uri:
            ratelimit.parse("1/second", uri)
        return uri

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        auth.Authenticator(trusted=_listed(networks))
        return networks

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: str) -> str:
        for origin in _listed(origins):
            known = origin in ("*", "null") or _ORIGIN.fullmatch(origin)
            if not known or _DEFAULT_PORTS.fullmatch(origin):
                raise ValueError(
                    f"no browser sends the origin {origin}; it is https://host or https://host:port in lower case, "
                    "without a path, wildcard or default port"
                )
        return origins

    @field_validator("traces")
    @classmethod
    def _check_traces(cls, traces: bool) -> bool:
        if traces:
            tracing.exporter()
        return traces

    @field_validator("metrics_dir")
    @classmethod
    def _check_metrics_dir(cls, directory: str) -> str:
        try:
            if directory:
                metrics.SharedDirectory(Path(directory))
        except OSError as error:
            raise ValueError(f"metrics cannot be written there: {error.strerror}") from None
        return directory

    @field_validator("cache_dir")
    @classmethod
    def _check_cache_dir(cls, directory: str) -> str:
        try:
            Path(directory).expanduser()
        except RuntimeError:
            raise ValueError(f"{directory} needs a home directory, and there is none; name another, or none") from None
        return directory

    @field_validator("store")
    @classmethod
    def _check_store(cls, url: str) -> str:
        if url:
            remote.backend(url)
        return url

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if bool(self.tls_cert_file) != bool(self.tls_key_file):
            raise ValueError("HTTPS needs both tls_cert_file and tls_key_file")
        if self.store and len(self.store_secret.get_secret_value()) < remote.SECRET_CHARACTERS:
            raise ValueError(f"a store needs store_secret, {remote.SECRET_CHARACTERS} characters or more")
        if self.workers > 1 and self.rate_limit and not self.rate_limit_storage:
            raise ValueError("several workers count rates together only with rate_limit_storage")
        if self.workers > 1 and not (self.cache_dir or self.store):
            raise ValueError("several workers find each other's functions only with cache_dir or store")
        return self

    def query_limits(self) -> query.QueryLimits:
        text = TextLimits(max_expression_bytes=self.max_expression_bytes, max_operations=self.max_operations)
        proofs = enclosures.EnclosureLimits(
            rigorous_seconds=self.rigorous_seconds, rigorous_memory_bytes=self.rigorous_memory_bytes
        )
        fits = query.FitLimits(max_evaluations=self.max_evaluations, max_fit_seconds=self.max_fit_seconds)
        kept = DataLimits(self.max_data_bytes, self.max_data_bytes_of_one, self.max_data_arrays_of_one)
        point = points.PointLimits(max_points=self.max_points)
        return query.QueryLimits(text, point, enclosures=proofs, fits=fits, data=kept)

    def worker_limits(self) -> pool.WorkerLimits:
        return pool.WorkerLimits(memory_bytes=self.compile_memory_bytes)

    def request_limits(self) -> body.RequestLimits:
        return body.RequestLimits(
            max_body_bytes=self.max_body_bytes,
            max_bodies_bytes=max(self.max_bodies_bytes, self.max_body_bytes),
            max_answers_bytes=self.max_answers_bytes,
            max_connections=self.max_connections,
            max_data_body_bytes=self.max_data_body_bytes,
            max_data_bodies_bytes=2 * self.max_data_body_bytes,
            data_receive_seconds=self.data_receive_seconds,
        )

    def open_store(self) -> disk.Store:
        """Return the store of compiled and registered functions: on disk, with the shared store behind it."""
        return self._open_store("", self.cache_max_bytes)

    def open_data_store(self) -> disk.Store:
        """Return the store of data that stay: a directory of its own, so that data evict no functions."""
        return self._open_store("data", self.data_max_bytes)

    def _open_store(self, folder: str, max_bytes: int) -> disk.Store:
        directory = Path(self.cache_dir).expanduser() / folder if self.cache_dir else None
        near = disk.open_store(directory, max_bytes)
        if not self.store:
            return near
        shared = remote.SharedStore(remote.backend(self.store), self.store_secret.get_secret_value())
        return remote.LayeredStore(near, shared)

    def check_cache(self) -> None:
        """Create the cache directory; ``errors.Misconfigured`` if it cannot be used.

        A server could go on without it, and would compile everything again at each start. Several processes would not
        know each other's functions.
        """
        try:
            if self.cache_dir:
                disk.DiskStore(Path(self.cache_dir).expanduser(), self.cache_max_bytes)
        except OSError as error:
            raise errors.Misconfigured(
                [f"{variable_of('cache_dir')}: {error}; if it is empty, nothing is stored on disk"]
            ) from None

    def certificate(self) -> tls.Certificate | None:
        """Return the certificate, None without TLS; ``errors.Misconfigured`` if it cannot be used."""
        if not self.tls_cert_file:
            return None
        return tls.Certificate(self.tls_cert_file, self.tls_key_file, self.tls_key_password.get_secret_value())

    def shown(self) -> dict[str, str]:
        """Return what is in force, by variable, keys and passwords hidden."""
        return {variable_of(name): _PASSWORDS.sub(_HIDDEN, str(value)) for name, value in self}

    def changed(self) -> dict[str, str]:
        """Return what is in force and not the default, as ``shown`` does."""
        fields = type(self).model_fields
        return {
            variable: text
            for (name, value), (variable, text) in zip(self, self.shown().items(), strict=True)
            if value != fields[name].default
        }

    def authenticator(self) -> auth.Authenticator:
        store = keys.Watched(Path(self.key_store)) if self.key_store else None
        return auth.Authenticator(_listed(self.api_keys.get_secret_value()), _listed(self.trusted_proxies), store)

    def rate(self) -> ratelimit.Rate | None:
        return ratelimit.parse(self.rate_limit, self.rate_limit_storage, quotas=bool(self.key_store))

    def origins(self) -> list[str]:
        """Return the origins whose pages may call the service."""
        return _listed(self.cors_origins)

    def for_one_user(self) -> Self:
        """Return these settings without keys, rates, traces and shared metrics, for the application in the CLI."""
        none = dict.fromkeys(("key_store", "rate_limit", "cors_origins", "metrics_dir"), "")
        return self.model_copy(update={"api_keys": SecretStr(""), "traces": False, **none})


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _listed(text: str) -> list[str]:
    return [each.strip() for each in re.split(r"[,\n]", text) if each.strip()]
