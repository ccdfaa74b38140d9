ARG NODE_IMAGE=node:22.23-bookworm-slim

FROM ${NODE_IMAGE} AS base
WORKDIR /app
ENV NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false

FROM base AS deps
COPY package.json package-lock.json ./
COPY packages/client/package.json ./packages/client/
RUN npm ci --ignore-scripts

FROM deps AS build
COPY tsconfig*.json ormconfig.ts ./
COPY src ./src
RUN npm run build

FROM base AS production-deps
COPY package.json package-lock.json ./
COPY packages/client/package.json ./packages/client/
RUN npm ci --omit=dev --ignore-scripts

FROM base AS runtime
# npm, which runs the migrations, writes only where a read-only container has a tmpfs.
ENV NODE_ENV=production NPM_CONFIG_CACHE=/tmp/.npm
# Where a development container keeps its keys. A new volume takes over this owner.
RUN mkdir -m 700 .data && chown node:node .data
COPY --from=production-deps /app/node_modules ./node_modules
COPY package.json openapi.json ./
COPY scripts/ensure-built.mjs ./scripts/
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
