# syntax=docker/dockerfile:1
# One image for every process of a deployment: `steadfast web`, `worker --lane NAME`, `scheduler`, `migrate`.

FROM node:22.11.0-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.12.7-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/steadfast
COPY requirements.lock requirements-build.lock ./
RUN /opt/steadfast/bin/pip install --require-hashes -r requirements.lock \
    && /opt/steadfast/bin/pip install --require-hashes --target /opt/build-tools -r requirements-build.lock
COPY --from=assets /build/node_modules ./node_modules
COPY package.json package-lock.json pyproject.toml README.md ./
COPY scripts ./scripts
COPY models ./models
COPY config ./config
COPY intake ./intake
COPY scheduler ./scheduler
COPY workers ./workers
COPY web ./web
COPY cli ./cli
RUN python scripts/assets.py --from-node-modules \
    && PYTHONPATH=/opt/build-tools /opt/steadfast/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12.7-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin steadfast
COPY --from=build /opt/steadfast /opt/steadfast
ENV PATH=/opt/steadfast/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/steadfast
USER 10001
EXPOSE 8000
ENTRYPOINT ["steadfast"]
CMD ["web", "--host", "0.0.0.0"]
