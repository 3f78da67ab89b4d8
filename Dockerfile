# syntax=docker/dockerfile:1
# The service in an image: docker build -t gradserve .
# For a GPU, with the wheels that bring CUDA along: docker build --build-arg ACCELERATOR=cuda13 -t gradserve:cuda13 .
# deploy/image/README.md says what is in it and how that is proved.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# An extra of jax, such as cuda13 or cuda12; without one, CPU.
ARG ACCELERATOR=
# With the two variables below, what makes two builds the same file for file.
ARG SOURCE_DATE_EPOCH=1735689600
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# pip stays outside.
RUN python -m venv --without-pip /opt/gradserve \
    && install -d -m 0700 -o 10001 -g 10001 /var/cache/gradserve
# Dependencies first: they change less often than the code, so their layer is reused.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir -p app && echo '__version__ = "0"' > app/__init__.py && true \
    && pip --python /opt/gradserve/bin/python install -c constraints.txt '.[agents,objects,proofs,redis,traces,zstd]' ${ACCELERATOR:+"jax[${ACCELERATOR}]"} \
    && pip --python /opt/gradserve/bin/python uninstall --yes gradserve \
    # What only developers of the dependencies need: their tests, headers and stubs, a quarter of their files.
    && find /opt/gradserve -depth -type d -name tests -exec rm -r {} + \
    && find /opt/gradserve -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.h' \) -delete \
    # The root is read-only where this runs, so all that Python would cache there is made here, and never checked again.
    && /opt/gradserve/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/gradserve
COPY docs ./docs
COPY app ./app
RUN pip --python /opt/gradserve/bin/python install --no-deps . \
    && /opt/gradserve/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/gradserve/lib/python*/site-packages/app

FROM python:${PYTHON}-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gradserve" \
      org.opencontainers.image.description="Gradient-as-a-service: a function as text and a point in, its gradient out" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/gradserve /opt/gradserve
COPY deploy/image/healthcheck.py /opt/
# The one place that is written to. What is compiled goes into a directory of its own there, for its owner alone,
# whoever owns the volume; so does what is temporary.
COPY --from=build --chown=10001:10001 /var/cache/gradserve /var/cache/gradserve
ENV PATH=/opt/gradserve/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TMPDIR=/var/cache/gradserve NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    GRADSERVE_HOST=0.0.0.0 GRADSERVE_PORT=8000 GRADSERVE_CACHE_DIR=/var/cache/gradserve/store
USER 10001:10001
EXPOSE 8000
VOLUME /var/cache/gradserve
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "/opt/healthcheck.py"]
CMD ["gradserve", "serve"]
