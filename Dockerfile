# Two stages: the first builds a virtual environment from the lock, the second holds that and nothing else.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/bridge
COPY requirements.lock ./
RUN pip --python /opt/bridge/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
COPY channels channels
RUN pip --python /opt/bridge/bin/python install --no-cache-dir --no-deps --no-build-isolation .
# What only the line above needed.
RUN pip --python /opt/bridge/bin/python uninstall --yes editables hatchling pathspec pluggy trove-classifiers

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bridge && install -d -m 700 -o bridge /data
COPY --from=build /opt/bridge /opt/bridge
USER bridge
ENV PATH=/opt/bridge/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    BRIDGE_DATA_DIR=/data BRIDGE_HEALTH_PORT=23380
WORKDIR /tmp
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import http.client, sys; there = http.client.HTTPConnection('127.0.0.1', int(open('/data/health.port').read()), timeout=4); there.request('GET', '/healthz'); sys.exit(there.getresponse().status != 200)"]
ENTRYPOINT ["cherry-bridge"]
CMD ["run"]
