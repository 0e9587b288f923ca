// The stand-in of the internet: five registries with the same images on every machine, and one TLS front.

import { readFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { registryCaches } from "../../components/ports.ts";
import { internetHosts } from "../../rehearsal/netboot/internet/hosts.ts";
import { seededImages, standInTalosImages } from "../../rehearsal/netboot/internet/images.ts";
import { Internet } from "../../rehearsal/netboot/internet/internet.ts";

const vpc = "10.251.8.0/24";

describe("the rehearsal's internet", () => {
  let internet: Internet;
  const asked: string[] = [];
  before(async () => {
    internet = await Internet.start(vpc, (line) => asked.push(line));
  });
  after(() => internet.stop());

  const get = (name: string, path: string): Promise<{ status: number; type: string | undefined; body: string }> =>
    new Promise((done, failed) => {
      httpGet({ ...internet.registry(name), path, agent: false }, (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString()));
        response.on("end", () => done({ status: response.statusCode ?? 0, type: response.headers["content-type"], body }));
      }).on("error", failed);
    });
  const overTls = (servername: string, ca: string | null = internet.caCertificate): Promise<string> =>
    new Promise((done) => {
      const { host: at, port } = internet.tls;
      httpsRequest({ host: at, port, servername, path: "/v2/", agent: false, ...(ca === null ? {} : { ca }), headers: { host: servername } }, (response) => {
        response.resume();
        done(String(response.statusCode));
      }).on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message)).end();
    });

  it("has the registries that the bastion caches, in that order", () => {
    expect(internetHosts.map(({ name, registry }) => ({ host: registry, upstream: `https://${name}` }))).to.deep.equal(registryCaches.map(({ host: cached, upstream }) => ({ host: cached, upstream })));
  });

  it("has the same images on every machine", () => {
    const settings = parse(readFileSync(join(import.meta.dirname, "../../Pulumi.rehearsal.yaml"), "utf8")) as { config: Record<string, unknown> };
    const recorded = standInTalosImages().map(({ variant, digest, vmlinuzSha256, initramfsSha256 }) => [variant, { digest, vmlinuz: `sha256:${vmlinuzSha256}`, initramfs: `sha256:${initramfsSha256}` }]);
    expect(settings.config["moon-and-back:image"]).to.deep.equal(Object.fromEntries(recorded));
    expect(internetHosts.flatMap(({ registry }) => seededImages(registry).map(({ repository, tag }) => `${registry}/${repository}:${tag}`))).to.deep.equal([
      "docker.io/library/hello-world:latest",
      "gcr.io/google-containers/pause:3.2", "gcr.io/etcd-development/etcd:v3.6.5",
      "ghcr.io/traefik/whoami:latest", "ghcr.io/siderolabs/kubelet:v1.34.1", "ghcr.io/siderolabs/installer:v1.11.5",
      "ghcr.io/urmanac/talos-cozystack-spin-only/talos:v1.11.5", "ghcr.io/urmanac/talos-cozystack-spin-tailscale/talos:v1.11.5",
      "quay.io/prometheus/busybox:latest",
      "registry.k8s.io/pause:3.10", "registry.k8s.io/coredns/coredns:v1.12.4",
      "registry.k8s.io/kube-apiserver:v1.34.1", "registry.k8s.io/kube-controller-manager:v1.34.1", "registry.k8s.io/kube-scheduler:v1.34.1", "registry.k8s.io/kube-proxy:v1.34.1",
    ]);
    for (const { registry } of internetHosts) for (const image of seededImages(registry)) expect([...image.blobs.values()].join(""), image.repository).to.match(/stand-in of Moon and Back's rehearsal/);
  });

  it("serves manifests by tag and digest, and blobs", async () => {
    const byTag = await get("quay.io", "/v2/prometheus/busybox/manifests/latest");
    expect(byTag).to.include({ status: 200, type: "application/vnd.oci.image.manifest.v1+json" });
    const [image] = seededImages("quay.io");
    expect((await get("quay.io", `/v2/prometheus/busybox/manifests/${image!.digest}`)).body).to.equal(byTag.body);
    const { layers } = JSON.parse(byTag.body) as { layers: { digest: string; size: number }[] };
    expect((await get("quay.io", `/v2/prometheus/busybox/blobs/${layers[0]!.digest}`)).body).to.have.length(layers[0]!.size);
    for (const path of ["/v2/nothing/manifests/latest", "/v2/prometheus/busybox/manifests/other", "/v2/prometheus/busybox/blobs/sha256:0", "/"]) expect((await get("quay.io", path)).status, path).to.equal(404);
    expect(asked).to.include("quay.io GET /v2/prometheus/busybox/manifests/latest 200");
  });

  it("answers HTTPS by name, for who trusts its authority", async () => {
    for (const { name } of internetHosts) expect(await overTls(name), name).to.equal("200");
    expect(await overTls("quay.io", null)).to.equal("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(await overTls("other.example")).to.equal("ERR_TLS_CERT_ALTNAME_INVALID");
  });

  it("can lose a registry, alone and by both doors, and get it back", async () => {
    internet.takeAway("docker.io");
    expect(await get("docker.io", "/v2/").catch((error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNREFUSED");
    expect(await overTls("registry-1.docker.io")).to.not.equal("200");
    expect((await get("quay.io", "/v2/")).status).to.equal(200);
    await internet.bringBack("docker.io");
    await internet.bringBack("docker.io");
    expect((await get("docker.io", "/v2/")).status).to.equal(200);
    expect(await overTls("registry-1.docker.io")).to.equal("200");
    expect(() => internet.takeAway("nowhere")).to.throw("nowhere is not in the rehearsal's internet; these are: docker.io, gcr.io, ghcr.io, quay.io, registry.k8s.io");
  });
});
