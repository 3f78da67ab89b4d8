"""Configuration: GRADSERVE_* environment variables to one frozen object, read by main and cli only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app import derivatives, engine, parsing, points, shared, symbolic, worker
from app import store as stores
from app.protocols import access, body


class Settings(BaseSettings):
    """Everything that can be set; each field is the environment variable GRADSERVE_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="GRADSERVE_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(
        default=1, ge=1, le=64, description="processes that share the port; one of them owns the accelerator"
    )
    drain_seconds: float = Field(
        default=0.5,
        ge=0,
        le=60,
        description="seconds after SIGTERM in which requests are still taken, /readyz saying no",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )
    api_keys: SecretStr = Field(
        default=SecretStr(""), description="keys that may ask, with commas between; empty lets everybody ask"
    )
    rate_limit: str = Field(
        default="",
        description='requests of one key or address, such as "5/second" or "100/minute;5000/day"; empty for any',
    )
    rate_limit_storage: str = Field(
        default="", description="where replicas count together, such as redis://host:6379; empty counts in the process"
    )
    trusted_proxies: str = Field(
        default="", description="networks of proxies whose X-Forwarded-For is believed, with commas between"
    )
    cors_origins: str = Field(
        default="", description="origins whose pages may ask, with commas between, or *; empty for none"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="lines for people, or JSON for machines")
    traces: bool = Field(
        default=False,
        description="whether to send OpenTelemetry traces, as the OTEL_* variables say (install gradserve[traces])",
    )
    metrics_dir: str = Field(
        default="",
        description="directory where processes that serve together add up their metrics; empty for one of their own",
    )
    plan_capacity: int = Field(
        default=500_000, ge=1000, description="operations of all parsed functions kept, each counting 40 more"
    )
    executable_capacity: int = Field(
        default=1024,
        ge=1,
        le=10_000,
        description="live executables kept; each holds some 5 of the kernel's 65,530 memory maps",
    )
    cache_dir: str = Field(
        default="~/.cache/gradserve", description="directory for compiled functions; empty keeps none on disk"
    )
    cache_max_bytes: int = Field(default=1 << 30, ge=1 << 20, description="bytes of that directory")
    store: str = Field(
        default="",
        description="store that machines share, redis://host:6379/0 or s3://bucket/prefix; empty for none",
    )
    store_secret: SecretStr = Field(
        default=SecretStr(""), description="what authenticates entries of that store, the same wherever it is used"
    )
    compile_workers: int = Field(default=1, ge=1, le=64, description="functions compiled at a time, each in a process")
    compile_deadline_seconds: float = Field(default=30.0, gt=0, description="seconds one compilation may take")
    compile_memory_bytes: int = Field(default=2 << 30, ge=1 << 29, description="resident bytes of a compile worker")
    threads: int = Field(default=2, ge=1, le=64, description="threads for long texts and large batches")
    queue: int = Field(default=64, ge=1, description="how many of these may wait for a thread")
    compile_seconds_per_minute: float = Field(
        default=60.0, gt=0, description="seconds of worker processes for one key or address"
    )
    max_expression_bytes: int = Field(default=131_072, ge=1, description="bytes of an expression")
    max_arguments: int = Field(default=64, ge=1, description="arguments of a function")
    max_nesting: int = Field(default=512, ge=1, description="brackets open at once in an expression")
    max_operations: int = Field(default=65_536, ge=1, description="operations of a function")
    max_steps: int = Field(
        default=500_000, ge=1, description="steps of loops, and cells of arrays gone through, for a function"
    )
    max_work: int = Field(
        default=20_000_000, ge=1, description="operations run for one Jacobian, Hessian or product, all points together"
    )
    max_numbers: int = Field(default=2_000_000, ge=1, description="numbers in an answer")
    max_symbolic_operations: int = Field(
        default=500, ge=1, description="operations of a function whose formulae are asked for"
    )
    symbolic_seconds: float = Field(default=6.0, gt=0, le=8.0, description="seconds that formulae may take")
    simplify_seconds: float = Field(default=2.0, gt=0, description="of these, seconds for making them short")
    registry_capacity: int = Field(default=10_000, ge=1, description="registered functions held in memory")
    max_points: int = Field(default=100_000, ge=1, description="points in a batch")
    max_elements: int = Field(default=2_000_000, ge=1, description="numbers in a point or batch")
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, description="bytes of a request body")
    max_bodies_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, description="bytes of all request bodies being received and answered"
    )
    max_answers_bytes: int = Field(
        default=256 * 1024 * 1024, ge=1024, description="bytes of all large answers that clients have still to read"
    )
    max_header_bytes: int = Field(default=32 * 1024, ge=1024, description="bytes of request headers")
    max_header_lines: int = Field(default=100, ge=10, description="lines of request headers")
    max_url_bytes: int = Field(default=8 * 1024, ge=256, le=65_000, description="bytes of the address of a request")
    receive_seconds: float = Field(
        default=20.0, gt=0, description="seconds a request may take to arrive, and part of an answer to be read"
    )
    max_connections: int = Field(default=4096, ge=1, description="connections, half of them at most from one address")
    keep_alive_seconds: int = Field(default=75, ge=1, description="seconds a connection may be idle between requests")

    def engine_limits(self) -> engine.Limits:
        """Return the bounds on queries."""
        text = parsing.Limits(
            max_expression_bytes=self.max_expression_bytes,
            max_arguments=self.max_arguments,
            max_nesting=self.max_nesting,
            max_operations=self.max_operations,
            max_steps=self.max_steps,
        )
        work = derivatives.Limits(self.max_work, self.max_numbers)
        formulae = symbolic.Limits(
            max_symbolic_operations=self.max_symbolic_operations,
            symbolic_seconds=self.symbolic_seconds,
            simplify_seconds=self.simplify_seconds,
        )
        return engine.Limits(text, points.Limits(self.max_points, self.max_elements), work, formulae)

    def worker_limits(self) -> worker.Limits:
        """Return the bounds on compilations."""
        return worker.Limits(self.compile_deadline_seconds, self.compile_memory_bytes)

    def opened_store(self) -> stores.Store:
        """Return where what is compiled and registered outlives the process: on disk, and in the shared store."""
        directory = Path(self.cache_dir).expanduser() if self.cache_dir else None
        near = stores.open_store(directory, self.cache_max_bytes)
        return shared.behind(near, self.store, self.store_secret.get_secret_value())

    def gate(self) -> access.Gate:
        """Return who may ask, and how often."""
        rate = access.rate(self.rate_limit, self.rate_limit_storage)
        return access.Gate(_listed(self.api_keys.get_secret_value()), _listed(self.trusted_proxies), rate)

    def origins(self) -> list[str]:
        """Return the origins whose pages may ask."""
        return _listed(self.cors_origins)

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, keys: SecretStr) -> SecretStr:
        if not all(key.isascii() and key.isprintable() and " " not in key for key in _listed(keys.get_secret_value())):
            raise ValueError("a key is printable ASCII without spaces and commas")
        return keys

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate: str) -> str:
        access.rate(rate, "")
        return rate

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        access.Gate(trusted=_listed(networks))
        return networks

    @field_validator("store")
    @classmethod
    def _check_store(cls, url: str) -> str:
        if url:
            shared.check(url)
        return url

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.store and len(self.store_secret.get_secret_value()) < shared.SECRET_CHARACTERS:
            raise ValueError(f"a store needs store_secret, {shared.SECRET_CHARACTERS} characters or more")
        if self.workers > 1 and self.rate_limit and not self.rate_limit_storage:
            raise ValueError("several workers count rates together only with rate_limit_storage")
        if self.workers > 1 and not (self.cache_dir or self.store):
            raise ValueError("several workers find each other's functions only with cache_dir or store")
        return self

    def body_limits(self) -> body.Limits:
        """Return the bounds on the envelope of a request."""
        return body.Limits(
            self.max_body_bytes,
            max(self.max_bodies_bytes, self.max_body_bytes),
            self.max_answers_bytes,
            self.max_elements + _OTHER_VALUES,
            self.max_header_bytes,
            self.max_header_lines,
            self.max_url_bytes,
            self.receive_seconds,
            self.max_connections,
        )


_OTHER_VALUES = 200_000
"""Values in a body that are not a point's: directions, texts and names."""


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
