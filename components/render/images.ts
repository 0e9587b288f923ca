/**
 * The container images of the netboot bundle, each pinned by digest; the tag is for people. All are multi-architecture
 * indexes that hold linux/arm64.
 */
export const images = {
  registry: "docker.io/library/registry:3.0.0@sha256:6c5666b861f3505b116bb9aa9b25175e71210414bd010d92035ff64018f9457e",
  matchbox: "quay.io/poseidon/matchbox:v0.11.0@sha256:06bcdae85335fd00e8277b007b55cfb49d96a0114628c0f70db2b92b079d246a",
  pihole: "docker.io/pihole/pihole:2026.07.2@sha256:f7d1be836e3bc608b56d82fc9904f5a831cdfbc0dc9c6d58f94e4c985c70038b",
  proxy: "docker.io/ubuntu/squid:6.6-24.04_edge@sha256:8a3baed477e2c282ab8aa5edad442f69873246964f225c5c2ae8364b6610963c",
  // "debug" has a shell, /busybox/sh, beside crane (go-containerregistry, .ko/debug/.ko.yaml: distroless base:debug).
  assets: "gcr.io/go-containerregistry/crane:debug@sha256:e78770b31258a3846f878036d9c1f63fbe4c871f9f56990bf77fd95c013e3c1b",
  // The index that docker-library/repo-info records for this tag (repos/haproxy/remote/3.2.24-alpine.md, commit 0ed0a0ed).
  apiProxy: "docker.io/library/haproxy:3.2.24-alpine@sha256:d96a0d2c0c5eaeb70b20af39ae157753dda52233eb4b113b518b517239c0c9b4",
  dnsmasq: "docker.io/4km3/dnsmasq:2.90-r3@sha256:52e25fb2601156ab66f6a0872c180b285df7cafaa41267d8d65689f066490641",
} as const;
