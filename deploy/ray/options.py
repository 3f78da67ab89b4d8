"""Options of the deployment on Ray, given to ``serve run`` as ``name=value``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """All options. The service itself is configured by GRADSERVE_* variables, see ``app.settings``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: int = Field(default=2, ge=1, description="replicas when there is nothing to do")
    max_replicas: int = Field(default=8, ge=1, description="replicas at most")
    target_ongoing_requests: float = Field(
        default=8, gt=0, description="requests under way in each replica, beyond which Ray starts another"
    )
    max_ongoing_requests: int = Field(
        default=32, ge=1, description="requests of one replica, beyond which the next on the ring is asked"
    )
    replica_cpus: float = Field(default=1.0, gt=0, description="cores that Ray sets aside for a replica")
    health_check_seconds: float = Field(default=5.0, gt=0, description="seconds between two looks at a replica")
    doors: int = Field(default=2, ge=1, description="processes that find the replica for a request")
    door_cpus: float = Field(default=0.5, gt=0, description="cores that Ray sets aside for a door")
    door_requests: int = Field(
        default=512, ge=1, description="requests of one door, and as many waiting; beyond, Ray's proxy says 503"
    )
