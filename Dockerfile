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
# With --processes, each of them has to answer.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import glob, http.client as h, sys; there = [h.HTTPConnection('127.0.0.1', int(open(f).read()), timeout=4) for f in glob.glob('/data/health*.port')]; [each.request('GET', '/healthz') for each in there]; sys.exit(not there or any(each.getresponse().status != 200 for each in there))"]
ENTRYPOINT ["cherry-bridge"]
CMD ["run"]
