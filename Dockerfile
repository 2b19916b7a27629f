# One image for every container of Outrigger: the four programs, what they link to and the roots of public certificates;
# no shell, no package manager, nothing else. Needs no network but the package registry of its base.
#
#   docker build -t outrigger .     (or podman build, or buildah bud)
#
# Who has the programs compiled already hands them in: buildah bud --build-context programs=build/release/bin .
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS compiled
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
    g++ cmake ninja-build pkg-config libbrotli-dev libcli11-dev libcpp-httplib-dev libexpected-dev libfmt-dev \
    libnftables-dev libnghttp2-dev libspdlog-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev \
    zlib1g-dev
WORKDIR /outrigger
COPY CMakeLists.txt CMakePresets.json ./
COPY src src
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release

FROM scratch AS programs
COPY --from=compiled /outrigger/build/release/bin/ /

FROM ${BASE} AS image
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
    binutils ca-certificates libbrotli1 libcpp-httplib0.11 libfmt9 libnftables1 libnghttp2-14 libprometheus-cpp-core1.0 \
    libspdlog1.10 libssl3 libstdc++6 libyaml-cpp0.7 zlib1g
COPY --from=programs outrigger-operator outrigger-sidecar outrigger-init outrigger /programs/
RUN set -eu; \
    mkdir -p /image/usr/bin /image/etc/ssl/certs; \
    for program in /programs/*; do \
      strip --strip-all -o "/image/usr/bin/${program##*/}" "$program"; \
      chmod 755 "/image/usr/bin/${program##*/}"; \
    done; \
    ! ldd /programs/* | grep 'not found'; \
    for program in /programs/*; do "$program" --version; done; \
    ldd /programs/* | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do \
      mkdir -p "/image${library%/*}"; \
      cp --dereference "$library" "/image$library"; \
    done; \
    cp --dereference /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/; \
    echo 'outrigger:x:65532:65532::/:/nonexistent' > /image/etc/passwd; \
    echo 'outrigger:x:65532:' > /image/etc/group

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Outrigger" \
      org.opencontainers.image.description="A load-balancing sidecar for Kubernetes, and its operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=image /image /
USER 65532:65532
CMD ["/usr/bin/outrigger", "--help"]
