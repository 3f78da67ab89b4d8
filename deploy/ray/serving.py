"""The service on Ray Serve, each function on one replica: ``serve run deploy.ray.serving:app``.

    client -> Ray's HTTP proxy -> Door -> ConsistentHashRouter -> Replica with the application and its engine

A ``Door`` finds the function of a request. Ray's ``ConsistentHashRouter`` maps the function to a replica; if that
replica is busy, the next one on the ring gets the request. An answer depends on its request alone, so the door sends
the requests of a replica that died to another one. All protocols of the application pass through unchanged.
"""

import os

from ray import serve
from ray.serve import config
from ray.serve.schema import LoggingConfig

from app.environment import read
from deploy.ray.door import Door
from deploy.ray.options import Options
from deploy.ray.replica import Replica


def app(options: Options) -> serve.Application:
    """Return the application of ``serve run``. Replicas get the GRADSERVE_* variables of its environment."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("GRADSERVE_")}
    router = config.RequestRouterConfig(
        request_router_class="ray.serve.experimental.consistent_hash_router.ConsistentHashRouter",
        request_router_kwargs={"num_fallback_replicas": options.max_replicas},
    )
    quiet = LoggingConfig(enable_access_log=False)  # else there are two lines for each request
    replicas = serve.deployment(
        name="Replica",
        max_ongoing_requests=options.max_ongoing_requests,
        autoscaling_config=config.AutoscalingConfig(
            min_replicas=options.min_replicas,
            max_replicas=options.max_replicas,
            target_ongoing_requests=options.target_ongoing_requests,
        ),
        ray_actor_options={"num_cpus": options.replica_cpus, "runtime_env": {"env_vars": settings}},
        health_check_period_s=options.health_check_seconds,
        health_check_timeout_s=options.health_check_seconds,
        graceful_shutdown_timeout_s=15,
        request_router_config=router,
        logging_config=quiet,
    )(Replica)
    doors = serve.deployment(
        name="Door",
        num_replicas=options.doors,
        max_ongoing_requests=options.door_requests,
        max_queued_requests=options.door_requests,
        ray_actor_options={"num_cpus": options.door_cpus},
        graceful_shutdown_timeout_s=15,
        logging_config=quiet,
    )(Door)
    application: serve.Application = doors.bind(replicas.bind(), read().max_body_bytes)
    return application
