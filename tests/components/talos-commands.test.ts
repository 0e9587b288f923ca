import { expect } from "chai";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { applyConfig, awaitNode, bootstrapCluster, fetchKubeconfig, leaveCluster } from "../../components/render/talos-commands.ts";

/** A folder with a `talosctl` and a `kubectl` that do what a test says and write down how they were called. */
class Programs implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moonback-commands-"));
  readonly #temporary = join(this.folder, "tmp");

  constructor(talosctl: string, kubectl = "exit 0") {
    mkdirSync(this.#temporary);
    this.#write("talosctl", talosctl);
    this.#write("kubectl", kubectl);
  }

  #write(name: string, body: string): void {
    const path = join(this.folder, name);
    // The first five arguments say where: --talosconfig FILE --endpoints NODE --nodes NODE.
    const rest = name === "talosctl" ? 'node=$4; config=$2; shift 6; echo "talosctl $node $*" >>"$CALLS"' : 'echo "kubectl $*" >>"$CALLS"';
    writeFileSync(path, `#!/bin/sh\n${rest}\n${body}\n`);
    chmodSync(path, 0o755);
  }

  async run(script: string, variables: Record<string, string> = {}) {
    const env = { PATH: [this.folder, process.env["PATH"] ?? ""].join(delimiter), TMPDIR: this.#temporary, CALLS: join(this.folder, "calls"), TALOS_ACCESS: "canary-access", NODE: "10.10.0.12", NAME: "talos-node-2", CONTROL_PLANES: "10.10.0.11", PATIENCE: "2", INSTANCE: "i-1", INSTALL_IMAGE: "talos@sha256:1", ...variables };
    const ran = await execa("/bin/sh", ["-c", script], { env, extendEnv: false, reject: false });
    expect(readdirSync(this.#temporary), "what it wrote down is gone").to.deep.equal([]);
    return ran;
  }

  get calls(): string[] {
    const file = join(this.folder, "calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const state = (service: string): string => `case "$*" in "service etcd") echo "ID       etcd"; echo "STATE    ${service}" ;; esac`;

describe("the commands that operate nodes", function () {
  this.timeout(20_000);

  it("wait until a node answers as a member, and say what it said last when it does not", async () => {
    using late = new Programs('[ -e "$CALLS.ready" ] || { : >"$CALLS.ready"; echo "connection refused" >&2; exit 1; }');
    expect((await late.run(awaitNode())).exitCode).to.equal(0);
    expect(late.calls).to.deep.equal(["talosctl 10.10.0.12 version --short", "talosctl 10.10.0.12 version --short"]);
    using never = new Programs("echo 'x509: unknown authority' >&2; exit 1");
    const { exitCode, stderr } = await never.run(awaitNode());
    expect(exitCode).to.equal(1);
    expect(stderr).to.equal("10.10.0.12 did not answer as a member of this cluster, for 2 seconds: x509: unknown authority");
  });

  it("bootstrap the first control plane only, and only when none has etcd", async () => {
    using fresh = new Programs(`case "$*" in "service etcd") [ -e "$CALLS.booted" ] && echo "STATE    Running" || echo "STATE    Preparing" ;; bootstrap) : >"$CALLS.booted" ;; esac`);
    const { exitCode, stdout } = await fresh.run(bootstrapCluster(), { CONTROL_PLANES: "10.10.0.11 10.10.0.12 10.10.0.13" });
    expect([exitCode, stdout]).to.deep.equal([0, "etcd was started on 10.10.0.11"]);
    expect(fresh.calls.filter((call) => call.endsWith("bootstrap"))).to.deep.equal(["talosctl 10.10.0.11 bootstrap"]);
    using third = new Programs(`[ "$node" = 10.10.0.13 ] && ${state("Running")}`);
    expect((await third.run(bootstrapCluster(), { CONTROL_PLANES: "10.10.0.11 10.10.0.12 10.10.0.13" })).stdout).to.equal("etcd runs on 10.10.0.13");
    expect(third.calls.filter((call) => call.endsWith("bootstrap"))).to.deep.equal([]);
  });

  it("take AlreadyExists for success, and nothing else", async () => {
    using again = new Programs(`case "$*" in bootstrap) echo "rpc error: code = AlreadyExists desc = etcd data directory is not empty" >&2; : >"$CALLS.booted"; exit 1 ;; "service etcd") [ -e "$CALLS.booted" ] && echo "STATE    Running" ;; esac`);
    expect((await again.run(bootstrapCluster())).exitCode).to.equal(0);
    using refused = new Programs(`case "$*" in bootstrap) echo "rpc error: code = PermissionDenied" >&2; exit 1 ;; esac`);
    const { exitCode, stderr } = await refused.run(bootstrapCluster());
    expect(exitCode).to.equal(1);
    expect(stderr).to.include("etcd could not be started on 10.10.0.11").and.include("PermissionDenied");
  });

  it("apply a config, and go on only when every service is well", async () => {
    using well = new Programs(`case "$*" in read*) echo boot-1 ;; apply-config*) grep -q canary-config "$5"; echo "Applied configuration without a reboot" ;; service*) echo "HEALTH   OK" ;; esac`);
    const applied = await well.run(applyConfig(), { MACHINE_CONFIG: "canary-config", SERVICES: "apid kubelet" });
    expect(applied.stdout, applied.stderr).to.equal("Applied configuration without a reboot\ninstalled talos@sha256:1 on i-1");
    expect(well.calls.filter((call) => call.includes(" service "))).to.deep.equal(["talosctl 10.10.0.12 service apid", "talosctl 10.10.0.12 service kubelet"]);
    using ill = new Programs(`case "$*" in apply-config*) echo "Applied configuration without a reboot" ;; "service kubelet") echo "HEALTH   Fail" ;; service*) echo "HEALTH   OK" ;; esac`);
    expect((await ill.run(applyConfig(), { MACHINE_CONFIG: "c", SERVICES: "apid kubelet" })).stderr).to.match(/^kubelet is not well on 10\.10\.0\.12, for 2 seconds/);
  });

  it("wait for a restart where the config needs one", async () => {
    using restarts = new Programs(`case "$*" in read*) [ -e "$CALLS.applied" ] && { [ -e "$CALLS.down" ] && echo boot-2 || { : >"$CALLS.down"; exit 1; }; } || echo boot-1 ;; apply-config*) : >"$CALLS.applied"; echo "Applied configuration with a reboot" ;; service*) echo "HEALTH   OK" ;; esac`);
    expect((await restarts.run(applyConfig(), { MACHINE_CONFIG: "c", SERVICES: "apid" })).exitCode).to.equal(0);
    using stuck = new Programs(`case "$*" in read*) echo boot-1 ;; apply-config*) echo "Applied configuration with a reboot" ;; esac`);
    expect((await stuck.run(applyConfig(), { MACHINE_CONFIG: "c", SERVICES: "apid" })).stderr).to.include("did not restart with its new config");
  });

  it("upgrade a machine that was installed from another image, and only that one", async () => {
    const node = `case "$*" in read*) [ -e "$CALLS.upgraded" ] && echo boot-2 || echo boot-1 ;; upgrade*) : >"$CALLS.upgraded" ;; apply-config*) echo "Applied configuration without a reboot" ;; service*) echo "HEALTH   OK" ;; esac`;
    const run = async (before: string) => {
      using programs = new Programs(node);
      const { exitCode, stderr } = await programs.run(applyConfig(), { MACHINE_CONFIG: "c", SERVICES: "apid", INSTALL_IMAGE: "talos@sha256:2", PULUMI_COMMAND_STDOUT: before });
      expect(exitCode, stderr).to.equal(0);
      return programs.calls.filter((call) => call.includes("upgrade"));
    };
    expect(await run("Applied\ninstalled talos@sha256:1 on i-1")).to.deep.equal(["talosctl 10.10.0.12 upgrade --image talos@sha256:2 --wait=false"]);
    expect(await run("Applied\ninstalled talos@sha256:2 on i-1"), "it has that image").to.deep.equal([]);
    expect(await run("Applied\ninstalled talos@sha256:1 on i-0"), "another machine").to.deep.equal([]);
    expect(await run(""), "the first time").to.deep.equal([]);
  });

  it("say why a node did not take its config, at once", async () => {
    using refused = new Programs(`case "$*" in apply-config*) echo "error applying new configuration: unknown keys" >&2; exit 1 ;; esac`);
    const { exitCode, stderr } = await refused.run(applyConfig(), { MACHINE_CONFIG: "c", SERVICES: "apid" });
    expect([exitCode, stderr]).to.deep.equal([1, "10.10.0.12 did not take its config: error applying new configuration: unknown keys"]);
  });

  it("print the kubeconfig and nothing else", async () => {
    using given = new Programs(`case "$*" in kubeconfig*) eval "file=\\\${$#}"; echo "apiVersion: v1" >"$file" ;; esac; echo "some chatter"`);
    expect((await given.run(fetchKubeconfig())).stdout).to.equal("apiVersion: v1");
  });

  it("drain a node, let it leave etcd, and make Kubernetes forget it", async () => {
    using cluster = new Programs("exit 0");
    expect((await cluster.run(leaveCluster())).exitCode).to.equal(0);
    expect(cluster.calls.filter((call) => !call.includes("kubeconfig"))).to.deep.equal([
      "kubectl get --raw /readyz",
      "talosctl 10.10.0.12 version --short",
      "kubectl drain talos-node-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=120s",
      "talosctl 10.10.0.12 reset --graceful=true --reboot=false --wait=false",
      "kubectl delete node talos-node-2 --ignore-not-found",
    ]);
  });

  it("let a node that cannot be drained stay", async () => {
    using busy = new Programs("exit 0", `case "$1" in drain) echo "cannot evict pod" >&2; exit 1 ;; esac`);
    const { exitCode, stderr } = await busy.run(leaveCluster());
    expect(exitCode).to.not.equal(0);
    expect(stderr).to.include("cannot evict pod");
    expect(busy.calls.some((call) => call.includes("reset"))).to.equal(false);
  });

  it("leave nothing where no control plane answers, and forget a node whose machine is gone", async () => {
    using dead = new Programs("exit 1");
    expect((await dead.run(leaveCluster())).stdout).to.equal("no control plane answers: there is nothing to leave");
    using gone = new Programs('[ "$node" = 10.10.0.11 ]');
    expect((await gone.run(leaveCluster())).exitCode).to.equal(0);
    expect(gone.calls.filter((call) => /drain|reset/.test(call))).to.deep.equal([]);
    expect(gone.calls).to.include("kubectl delete node talos-node-2 --ignore-not-found");
  });
});
