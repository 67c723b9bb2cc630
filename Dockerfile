# Two stages: the first builds a virtual environment from the lock, the second holds that and nothing else.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/bridge
COPY requirements.lock ./
RUN /opt/bridge/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
COPY channels channels
RUN /opt/bridge/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 bridge && install -d -o bridge /data
COPY --from=build /opt/bridge /opt/bridge
USER bridge
ENV PATH=/opt/bridge/bin:$PATH PYTHONUNBUFFERED=1 BRIDGE_DATA_DIR=/data
VOLUME /data
ENTRYPOINT ["cherry-bridge"]
CMD ["run"]
