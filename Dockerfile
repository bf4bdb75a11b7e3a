# Two stages: the first builds with everything, the second runs with what is needed, not as root, with a read-only code tree.
#   docker build -t vigil .
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# the packages alone first: this layer stays until the lockfile changes. The build itself (prepare) comes with the sources
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:20.19.5-bookworm-slim
LABEL org.opencontainers.image.title="vigil" \
      org.opencontainers.image.description="Real-time transaction risk monitor for every channel of a bank" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    VIGIL_HTTP_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY config ./config
USER node
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# exec form: signals reach Node.js, no shell between
ENTRYPOINT ["node", "dist/cli/vigil.js"]
CMD ["run"]
