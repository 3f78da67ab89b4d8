# syntax=docker/dockerfile:1
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/gradserve
ENV PATH=/opt/gradserve/bin:$PATH
# Dependencies first: they change less often than the code, so their layer is reused.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir -p app/protocols && echo '__version__ = "0"' > app/__init__.py && touch app/protocols/__init__.py \
    && pip install -c constraints.txt . && pip uninstall -y gradserve
COPY app ./app
RUN pip install --no-deps . && python -m compileall -q /opt/gradserve

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="gradserve" \
      org.opencontainers.image.description="Gradient-as-a-service: a function as text and a point in, its gradient out" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin gradserve \
    && install -d -m 0700 -o 10001 -g 10001 /var/cache/gradserve
COPY --from=build /opt/gradserve /opt/gradserve
ENV PATH=/opt/gradserve/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    GRADSERVE_HOST=0.0.0.0 GRADSERVE_PORT=8000 GRADSERVE_CACHE_DIR=/var/cache/gradserve
USER 10001:10001
EXPOSE 8000
VOLUME /var/cache/gradserve
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"GRADSERVE_PORT\"]}/readyz', timeout=2)"]
CMD ["gradserve", "serve"]
