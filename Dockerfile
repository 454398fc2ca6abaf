# rsvault in a container: docker build --tag rsvault . (docs/containers.md)

# Every wheel is made or fetched here; of this stage only the wheels are used.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
RUN pip wheel --wheel-dir /wheels ".[postgresql]"

FROM python:3.12-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "rsvault[postgresql]"

# The only folder that is written to: the certificate authority, and a world kept in a file.
# The user is a number, as Kubernetes' runAsNonRoot wants it; it needs no account.
RUN mkdir /data && chown 10001:10001 /data
ENV RSVAULT_HOME=/data
VOLUME ["/data"]
WORKDIR /data
USER 10001:10001

EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["rsvault", "health"]
ENTRYPOINT ["rsvault"]
CMD ["serve", "--host", "0.0.0.0", "--hostname", "rsvault"]
