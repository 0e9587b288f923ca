import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { registryCaches } from "../../components/ports.ts";
import { renderBundle } from "../../components/render/bundle.ts";
import { renderCloudConfig } from "../../components/render/cloud-init.ts";
import type { RenderedFile } from "../../components/render/file.ts";
import { images } from "../../components/render/images.ts";
import { defaultProxyHosts, renderProxy } from "../../components/render/proxy.ts";
import { bundleArgs, homelabArgs, threeControlPlanes, tunnel, userDataArgs } from "./samples.ts";

const golden = join(import.meta.dirname, "golden");
const update = process.env["UPDATE_GOLDEN"] === "1";

const bastion = renderBundle(bundleArgs);

/** Every rendered file, under the golden file's name. The bundle inside a cloud-config is golden by itself. */
const rendered: readonly RenderedFile[] = [
  ...bastion.map((file) => ({ ...file, path: `bastion/${file.path}` })),
  // The others are the bastion's.
  ...renderBundle(threeControlPlanes).filter(({ content }) => !bastion.some((file) => file.content === content)).map((file) => ({ ...file, path: `three-control-planes/${file.path}` })),
  ...renderBundle(homelabArgs).map((file) => ({ ...file, path: `homelab/${file.path}` })),
  { path: "cloud-config.yaml", content: renderCloudConfig(userDataArgs) },
  { path: "cloud-config-wireguard.yaml", content: renderCloudConfig({ ...userDataArgs, tunnel }) },
];

interface Service {
  readonly image: string;
  readonly container_name: string;
  readonly network_mode: string;
  readonly restart: string;
  readonly volumes: readonly string[];
  readonly healthcheck?: object;
  readonly environment?: Readonly<Record<string, string>>;
}
interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
const compose = (args = bundleArgs): Compose => parse(fileOf(args, "compose.yaml")) as Compose;

function fileOf(args: typeof bundleArgs, path: string): string {
  const found = renderBundle(args).find((file) => file.path === path);
  if (found === undefined) throw new Error(`no file ${path}`);
  return found.content;
}

describe("the netboot bundle", () => {
  describe("has no file that differs from its golden one:", () => {
    for (const { path, content } of rendered) {
      it(path, () => {
        const file = join(golden, path);
        if (update) {
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, content);
        }
        expect(existsSync(file), `golden/${path} is missing: write it with UPDATE_GOLDEN=1 and read it`).to.equal(true);
        expect(content).to.equal(readFileSync(file, "utf8"));
      });
    }

    it("and no golden file is left over", () => {
      const files = readdirSync(golden, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(golden.length + 1));
      expect(files.sort()).to.deep.equal(rendered.map(({ path }) => path).sort());
    });

    it("and a run that rewrites golden files never passes", () => {
      expect(update, "UPDATE_GOLDEN is set").to.equal(false);
    });
  });

  it("runs these services, all on the host's network, pinned and watched", () => {
    const { name, services, volumes } = compose();
    expect(name).to.equal("netboot");
    expect(Object.keys(services)).to.deep.equal(["dnsmasq", "matchbox", ...registryCaches.map(({ host }) => `registry-${host}`), "pihole", "proxy", "assets"]);
    expect(Object.keys(volumes)).to.deep.equal(["assets", ...registryCaches.map(({ host }) => `cache-${host}`)]);
    for (const [service, { image, container_name, network_mode, restart, healthcheck }] of Object.entries(services)) {
      expect([container_name, network_mode], service).to.deep.equal([service, "host"]);
      expect(image, service).to.match(/^[a-z0-9.]+\/[^:@]+:[^:@]+@sha256:[0-9a-f]{64}$/);
      expect(Object.values(images), service).to.include(image);
      expect([restart, healthcheck !== undefined], service).to.deep.equal(service === "assets" ? ["on-failure", false] : ["unless-stopped", true]);
    }
  });

  it("serves the Kubernetes API of three control planes, and of one nothing", () => {
    const hasConf = (args: typeof bundleArgs) => renderBundle(args).some(({ path }) => path === "haproxy.cfg");
    expect([bundleArgs, homelabArgs, threeControlPlanes].map(hasConf)).to.deep.equal([false, false, true]);
    const [before, after] = [compose().services, compose(threeControlPlanes).services];
    expect(Object.keys(after).filter((name) => !(name in before))).to.deep.equal(["kube-api"]);
    const { image, network_mode, restart, healthcheck } = after["kube-api"]!;
    expect({ image, network_mode, restart }).to.deep.equal({ image: images.apiProxy, network_mode: "host", restart: "unless-stopped" });
    expect(image).to.match(/^docker\.io\/library\/haproxy:3\.\d+\.\d+-alpine@sha256:[0-9a-f]{64}$/);
    expect(healthcheck).to.deep.include({ test: ["CMD", "nc", "-z", "10.10.0.100", "6443"] });
    expect(fileOf(threeControlPlanes, "haproxy.cfg").match(/^ +server .*$/gm)).to.deep.equal([
      "    server control-plane-1 10.10.0.11:6443",
      "    server control-plane-2 10.10.0.12:6443",
      "    server control-plane-3 10.10.0.13:6443",
    ]);
  });

  it("mounts only files that it brings and volumes that it declares", () => {
    for (const args of [bundleArgs, homelabArgs, threeControlPlanes]) {
      const { services, volumes } = compose(args);
      const paths = renderBundle(args).map(({ path }) => path);
      const mounted = Object.values(services).flatMap((service) => service.volumes.map((volume) => volume.split(":")[0] ?? ""));
      for (const source of mounted) {
        const known = source.startsWith("./") ? paths.some((path) => path === source.slice(2) || path.startsWith(`${source.slice(2)}/`)) : source in volumes;
        expect(known, source).to.equal(true);
      }
      const unused = paths.filter((path) => !mounted.some((source) => `./${path}`.startsWith(source)));
      expect(unused).to.deep.equal(args.homelab === undefined ? ["compose.yaml"] : ["compose.yaml", "README.txt"]);
    }
  });

  it("names no path of a container outside of compose.yaml, and no path of the machine at all", () => {
    const inside = Object.values(compose(threeControlPlanes).services).flatMap(({ volumes }) => volumes.map((volume) => volume.split(":")[1] ?? "?"));
    for (const { path, content } of renderBundle(threeControlPlanes)) {
      expect(content, path).to.not.include("/opt/moonback");
      if (path === "compose.yaml") continue;
      // Programs and devices are the shell's own; URLs begin elsewhere.
      const paths = content.match(/(?<![\w.:/-])\/(?!bin\/sh|dev\/null)[\w.-]+(?:\/[\w.-]+)*/g) ?? [];
      expect(paths.filter((text) => inside.some((target) => target.startsWith(text) || text.startsWith(target))), path).to.deep.equal([]);
    }
  });

  it("stays below one folder and says what is to be run", () => {
    for (const { path } of rendered) expect(path).to.match(/^[\w-]+(\/[\w-]+)*\.[\w]+$/);
    expect(rendered.filter(({ executable }) => executable).map(({ path }) => path)).to.deep.equal(["bastion/assets.sh", "homelab/assets.sh"]);
  });

  it("at home switches PXE on for three kinds of firmware, and in a VPC for none", () => {
    const boots = (args: typeof bundleArgs) => fileOf(args, "dnsmasq.conf").split("\n").filter((line) => line.startsWith("dhcp-boot=tag:!ipxe"));
    expect(boots(homelabArgs)).to.deep.equal([
      "dhcp-boot=tag:!ipxe,tag:bios,undionly.kpxe",
      "dhcp-boot=tag:!ipxe,tag:efi-x86-64,ipxe.efi",
      "dhcp-boot=tag:!ipxe,tag:efi-arm64,ipxe-arm64.efi",
    ]);
    expect(boots(bundleArgs)).to.deep.equal([]);
    for (const line of boots(homelabArgs)) expect(fileOf(homelabArgs, "README.txt"), line).to.include(`/usr/lib/ipxe/${line.split(",")[2] ?? "?"}`);
  });

  it("lists the images without their registry, and refuses one of another registry", () => {
    const [first] = bundleArgs.assets;
    expect(fileOf(bundleArgs, "assets.txt").split("\n")[0]).to.equal(
      `spin-only urmanac/talos-cozystack-spin-only/talos ${first!.digest} ${first!.vmlinuz.slice(7)} ${first!.initramfs.slice(7)}`,
    );
    expect(fileOf({ ...bundleArgs, assets: [] }, "assets.txt")).to.equal("");
    expect(() => renderBundle({ ...bundleArgs, assets: [{ ...first!, repository: "quay.io/a/b" }] })).to.throw("quay.io/a/b, is not at ghcr.io");
  });

  it("lets the proxy's list be another, without doubles, which squid would refuse", () => {
    const hosts = (list: readonly string[]) => renderProxy({ ...bundleArgs, hosts: list }).split("\n").flatMap((line) => /^acl hosts dstdomain -n (.+)/.exec(line)?.[1] ?? []);
    expect(hosts(["a.example", ".b.example", "b.example", "x.b.example", ".y.b.example", "a.example", "ab.example"])).to.deep.equal(["a.example", ".b.example", "ab.example"]);
    expect(hosts(defaultProxyHosts), "the default needs no such care").to.deep.equal(defaultProxyHosts);
    expect(fileOf({ ...bundleArgs, proxyHosts: ["one.example"] }, "squid.conf")).to.include("acl hosts dstdomain -n one.example\n").and.not.include("github");
  });
});
