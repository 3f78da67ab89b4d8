"""The service on Ray Serve's replicas, a function always asked at the same one: ``serve run deploy.ray.serving:app``.

    client -> Ray's HTTP proxy -> Door -> the ring -> Replica, which has the application with its engine

A ``Door`` knows no mathematics. It finds out which function a request is about, and Ray's ``ConsistentHashRouter``
finds the replica on its ring; one that has as much as it may have passes the request on to the next. Answers are pure,
so what a replica loses when it dies is asked again at another. A door is told apart from the service by nothing: both
speak whatever the application speaks.
"""

import os

from ray import serve
from ray.serve import config
from ray.serve.schema import LoggingConfig

from app.settings import Settings
from deploy.ray.door import Door
from deploy.ray.options import Options
from deploy.ray.replica import Replica


def app(options: Options) -> serve.Application:
    """Return what ``serve run`` runs, the GRADSERVE_* variables of its environment being those of the replicas."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("GRADSERVE_")}
    router = config.RequestRouterConfig(
        request_router_class="ray.serve.experimental.consistent_hash_router.ConsistentHashRouter",
        request_router_kwargs={"num_fallback_replicas": options.max_replicas},
    )
    quiet = LoggingConfig(enable_access_log=False)  # two lines for each request otherwise
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
    application: serve.Application = doors.bind(replicas.bind(), Settings().max_body_bytes)
    return application
