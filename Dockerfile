# One image per kind of process:
#
#   docker build --target api     -t base-api .
#   docker build --target worker  -t base-worker .
#   docker build --target sandbox -t base-sandbox .     stand-ins for the providers; never in production
#
# There is no build step: Node 24 runs TypeScript as it is. It does not do so inside node_modules; the @base packages
# are symbolic links there, and Node follows them to the sources beside it.

FROM node:24-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# npm ci compares the lock file with every workspace, so the manifests of all of them are needed.
COPY shared/package.json shared/
COPY server/package.json server/
COPY workers/package.json workers/
COPY sandbox/package.json sandbox/
COPY devstack/package.json devstack/
COPY bench/package.json bench/

FROM manifests AS packages
# No package of these three needs its install script: sharp and msgpackr bring ready-made binaries.
RUN npm ci --omit=dev --ignore-scripts -w @base/shared -w @base/server -w @base/workers && rm -r sandbox devstack bench

FROM manifests AS sandbox-packages
RUN npm ci --ignore-scripts -w @base/sandbox && rm -r shared server workers devstack bench

FROM node:24-slim AS base
ENV NODE_ENV=production
WORKDIR /app
# All of it: where two versions of a package are needed, one stands in the workspace's own node_modules.
COPY --from=packages /app ./
COPY shared shared
COPY supabase supabase
# The sources belong to root: the process can read them and change nothing.
USER node
# Node runs as process 1 without a wrapper. It may: both programs handle SIGTERM themselves and start no children, so
# there is nothing for an init such as tini to pass on or to reap.

FROM base AS api
COPY server server
# Served at /api/docs/errors.
COPY docs/errors.md docs/errors.md
EXPOSE 4000 4001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/api/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "server/src/start/server.ts"]

FROM base AS worker
COPY workers workers
EXPOSE 4001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.METRICS_PORT || 4001) + '/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "workers/src/start/worker.ts"]

FROM node:24-slim AS sandbox
WORKDIR /app
COPY --from=sandbox-packages /app ./
COPY sandbox sandbox
USER node
ENV SANDBOX_HOST=0.0.0.0
EXPOSE 4020
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SANDBOX_PORT || 4020) + '/_sandbox/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "sandbox/src/start.ts"]
