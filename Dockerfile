# syntax=docker/dockerfile:1

# The service, for production: DATABASE_URL and the other required variables come from outside.
#   docker build -t iam .
#   docker run --rm --env-file iam.env iam iam migrate
#   docker run --env-file iam.env -p 3000:3000 iam

# The active LTS line, on which CI starts the service (.ci/node-versions). Debian and not Alpine, so that what is tested is
# what runs.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS manifest
WORKDIR /app
COPY package.json package-lock.json ./

FROM manifest AS build
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json ./
COPY src ./src
# The second writes the bill of materials and the licences into dist, which the image keeps.
COPY deploy/bundle.js deploy/sbom.js ./deploy/
RUN npm run build

FROM manifest AS dependencies
# Optional are the embedded PostgreSQL's binaries (DATABASE_URL takes their place), the mailer's other template engines
# and a TypeScript: 118 of 300 MB. The one thing needed among them is argon2's binary for the platform.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund
COPY --from=build /app/node_modules/@node-rs ./node_modules/@node-rs

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
# glibc keeps memory apart for each thread, and bcrypt has some: with two arenas the process stays some 50 MB smaller.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
# Owned by root: the service can change nothing of itself, and needs no folder to write to.
COPY package.json roles.yml ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN chmod +x dist/iam.cjs && ln -s /app/dist/iam.cjs /usr/local/bin/iam
USER node
EXPOSE 3000 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The array form, so that signals reach Node and not a shell.
CMD ["iam", "start"]
