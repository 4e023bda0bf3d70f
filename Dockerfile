# The product without its embedded services: docker-compose.yml brings Postgres and Temporal.
FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
RUN node --eval "import('./api/build-ui.ts').then(({ buildUi }) => buildUi(console.log)).then((built) => process.exit(built ? 0 : 1))" \
  && mkdir -p /data /media && chown node:node /data /media
USER node
ENV HOST=0.0.0.0 PORT=4100 TELORING_HOME=/data
EXPOSE 4100
CMD ["node", "api/start.ts"]
