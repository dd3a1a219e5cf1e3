# Built in one image, run in another that holds nothing but the program.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/bellman ./cmd/bellman

# The static image brings CA certificates, time zones and the user nonroot
# (65532); it has no shell. redis.url: embedded does not work in it, since there is
# no redis-server: give it a Redis of its own.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bellman /usr/local/bin/bellman
USER nonroot:nonroot
WORKDIR /var/lib/bellman
# 8443 webhooks, 8444 console, 9090 monitoring: see listen in bellman.yaml.
EXPOSE 8443 9090
ENV BELLMAN_CONFIG=/etc/bellman/bellman.yaml
ENTRYPOINT ["/usr/local/bin/bellman"]
CMD ["serve"]
