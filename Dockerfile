# syntax=docker/dockerfile:1
# The service in a container. Build and start it with compose.yaml, or:
#   docker build --tag legal-training-platform .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     --publish 127.0.0.1:5001:5001 --volume ltp-data:/data --env API_TOKENS=… legal-training-platform
#
# The tag follows Python's and Debian's security fixes. For builds that never change, pin the digest too:
#   docker buildx imagetools inspect python:3.13-slim-bookworm --format '{{.Manifest.Digest}}'
# and build with --build-arg BASE=python:3.13-slim-bookworm@sha256:<digest>
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
COPY requirements.lock requirements-scale.lock /tmp/
# The environment has no pip of its own: nothing can be installed in the running container.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --require-hashes --no-deps --no-cache-dir --no-input \
        --disable-pip-version-check --only-binary :all: \
        --requirement /tmp/requirements.lock --requirement /tmp/requirements-scale.lock \
    && pip --python /opt/venv/bin/python check
# .dockerignore says what stays out. Readable by all, writable by root alone, compiled here since it cannot be later.
COPY . /app
RUN chmod -R u=rwX,go=rX /app \
    && python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE}
# The embedded engine needs GNU's OpenMP.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 app \
    && useradd --uid 10001 --gid app --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin app \
    && install --directory --owner app --group app --mode 0750 /data /data/models /data/tmp
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# HOST=0.0.0.0 needs API_TOKENS or ALLOW_UNAUTHENTICATED=true: the service does not start without.
# The image sets neither: who runs it decides.
# TMPDIR lies on the volume, since uploads by multipart form are spooled there and may be larger than a tmpfs;
# if the folder is missing (a bind mount), Python uses /tmp.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    TMPDIR=/data/tmp \
    HOST=0.0.0.0 \
    PORT=5001 \
    DATA_DIR=/data \
    MODEL_DIR=/data/models

ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Legal Training Platform" \
      org.opencontainers.image.description="REST service that generates and checks legal samples for training language models" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim-bookworm"

WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 5001
STOPSIGNAL SIGTERM
# Without proxies: a container with HTTP_PROXY would ask the proxy for 127.0.0.1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-c", "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:5001/api/health/live', timeout=4)"]
CMD ["python", "api_server.py"]
