# Both stages are the same Debian release, so that the C library of the build is the one it runs on.

FROM rust:1.95-slim-trixie AS build
WORKDIR /src
# .dockerignore lets in only what the build reads.
COPY . .
# Queries are checked against .sqlx instead of a database. Without the default features: a container
# is given DATABASE_URL, so the code that finds, fetches and runs a PostgreSQL stays out, and 37
# crates with it.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package vestibule --no-default-features \
    && install -D target/release/vestibule /out/vestibule

FROM debian:trixie-slim
# A fixed number, so that file modes in volumes can name it. /data belongs to it, and a new volume
# mounted there takes that over.
RUN groupadd --gid 10001 vestibule \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin vestibule \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
# Linked to the C library alone: roots for TLS, templates, styles and migrations are inside.
COPY --from=build /out/vestibule /usr/local/bin/vestibule
USER 10001:10001
WORKDIR /data
ENV VESTIBULE_LISTEN=0.0.0.0:8080 \
    VESTIBULE_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
# Asks /readyz. It is false while the database is away, which no restart of this container cures:
# an orchestrator that restarts what is unhealthy should ask /livez instead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=70s --retries=3 CMD ["vestibule", "healthcheck"]
ENTRYPOINT ["vestibule"]
CMD ["serve"]
