import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { atMost } from "../common/at-most.ts";
import { remembered } from "../common/remembered.ts";
import type { Bastion, Kubernetes, Source, Talos, Via } from "../gates/gate.ts";
import { get, type TlsIdentity } from "../gates/https.ts";

export interface ClusterSourceOptions {
  /** What stage nodes handed on; nothing where it was not built. */
  readonly talosconfig: () => Promise<string | undefined>;
  /** What stage cluster handed on; nothing where it was not built. */
  readonly kubeconfig: () => Promise<string | undefined>;
  readonly bastion: Source<Bastion>;
  /** Path of `talosctl`, and the way to the nodes made ready. */
  readonly talosctl: () => Promise<string>;
  /** The operator's proxy to the nodes. */
  readonly proxyUrl: string;
  readonly via: Via;
  readonly by: string;
}

/** How long a question may take, in milliseconds; a look that hangs would outlive its check. */
const patienceMs = 15_000;
/** Each `talosctl` is a process of 50 MB. */
const talosctlAtOnce = 8;

/** The cluster as two sources: Talos by the real talosctl, Kubernetes by its API; both through the bastion. */
export function clusterSources(options: ClusterSourceOptions): { readonly talos: Source<Talos>; readonly kubernetes: Source<Kubernetes>; readonly close: () => void } {
  const { via, by } = options;
  let folder: string | undefined;
  const limited = atMost(talosctlAtOnce);
  const [talosconfig, kubeconfig] = [remembered(options.talosconfig), remembered(options.kubeconfig)];
  const program = remembered(options.talosctl);
  const talos = async (): Promise<Talos> => {
    // Without a bastion there is no way to any node, and that is what is to be said.
    await options.bastion.client();
    const text = await talosconfig();
    if (text === undefined) throw new Error("there are no nodes: their stage has not been built");
    const path = (await program()) ?? "talosctl";
    folder ??= mkdtempSync(join(tmpdir(), "moonback-talos-"));
    const file = join(folder, "talosconfig");
    writeFileSync(file, text, { mode: 0o600 });
    const { proxyUrl } = options;
    const env = { PATH: process.env["PATH"], HOME: folder, HTTPS_PROXY: proxyUrl, NO_PROXY: "", no_proxy: "" };
    return {
      run: (address, ...args) =>
        limited(async () => {
          const { exitCode, stdout, stderr, timedOut } = await execa(path, ["--talosconfig", file, "--endpoints", address, "--nodes", address, ...args], { env, extendEnv: false, reject: false, stdin: "ignore", timeout: patienceMs });
          return timedOut ? { code: 1, stdout, stderr: `no answer from ${address} within ${patienceMs / 1000} s` } : { code: exitCode ?? 1, stdout, stderr };
        }),
    };
  };
  const kubernetes = async (): Promise<Kubernetes> => {
    const bastion = await options.bastion.client();
    const text = await kubeconfig();
    if (text === undefined) throw new Error("there is no cluster: its stage has not been built");
    const access = kubeAccess(text);
    const { hostname: host, port } = new URL(access.server);
    return {
      server: access.server,
      get: async (path) => {
        const { status, body } = await get(bastion, { host, port: Number(port || 443), path, tls: access, headers: { accept: "application/json" } });
        return { status, body: body.toString() };
      },
    };
  };
  return {
    talos: { via, by, client: talos },
    kubernetes: { via, by: `Kubernetes behind ${by}`, client: kubernetes },
    close: () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}

interface KubeAccess extends TlsIdentity {
  readonly server: string;
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }];
  readonly users: readonly [{ readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }];
}

/** Out of the one cluster and the one user that Talos writes. */
function kubeAccess(text: string): KubeAccess {
  const { clusters: [{ cluster }], users: [{ user }] } = parse(text) as Kubeconfig;
  const plain = (data: string): string => Buffer.from(data, "base64").toString();
  return { server: cluster.server, ca: plain(cluster["certificate-authority-data"]), cert: plain(user["client-certificate-data"]), key: plain(user["client-key-data"]) };
}
