import type { Server } from "@grpc/grpc-js";
import { systemClock } from "../../common/poll.ts";
import { localAddress } from "../addresses.ts";
import type { ApiIdentity } from "./api-identity.ts";
import { merged } from "./api/calls.ts";
import { configCalls } from "./api/config.ts";
import { etcdCalls } from "./api/etcd.ts";
import { eventCalls } from "./api/events.ts";
import { OtherNodes } from "./api/forward.ts";
import { healthCalls } from "./api/health.ts";
import { kubernetesCalls } from "./api/kubernetes.ts";
import { lifecycleCalls } from "./api/lifecycle.ts";
import { machineCalls } from "./api/machine.ts";
import { resourceCalls } from "./api/resources.ts";
import { Router } from "./api/router.ts";
import { serveApi } from "./api/server.ts";
import { ShownCertificate, type ServerIdentity } from "./api/shown-certificate.ts";
import { isControlPlane } from "./machine-config.ts";
import { apidPort, trustdPort } from "./ports.ts";
import type { Talos } from "./talos.ts";
import { serveTrustd } from "./trustd.ts";

/** The API of a node: apid, and on a control plane trustd. */
export class NodeApi {
  readonly #node: Talos;
  #servers: Server[] = [];
  #others: OtherNodes | undefined;
  #certificate: ShownCertificate | undefined;

  constructor(node: Talos) {
    this.#node = node;
  }

  async start(identity: ApiIdentity): Promise<void> {
    const { site, config, services, signal } = this.#node;
    const { network, descriptors } = site;
    signal.throwIfAborted();
    const certificate = (this.#certificate = new ShownCertificate(shown(identity)));
    const others = (this.#others = new OtherNodes(identity.authority, identity.client, network.address));
    const isSelf = (target: string): boolean => [network.address, localAddress(network.address), this.#node.hostname, "127.0.0.1", "localhost"].includes(target);
    const groups = [machineCalls, configCalls, lifecycleCalls, eventCalls, kubernetesCalls, etcdCalls, resourceCalls].map((calls) => calls(this.#node));
    const calls = merged([...groups, healthCalls(this.#node, others)]);
    const router = new Router(descriptors, calls, others, isSelf);
    this.#servers.push(await serveApi(network.own(apidPort), certificate, calls, router));
    services.set("apid", "Running", "Started task apid for container apid");
    services.check("apid", undefined);
    if (isControlPlane(config)) {
      const authority = config.machine.ca;
      this.#servers.push(await serveTrustd(network.own(trustdPort), { descriptors, authority, server: identity.server, token: () => this.#node.config.machine.token, say: (line) => this.#node.say(line) }));
      services.set("trustd", "Running", "Started task trustd for container trustd");
      services.check("trustd", undefined);
    }
    if (signal.aborted) await this.stop(0);
  }

  /** Shows another certificate from now on. */
  renew(identity: ApiIdentity): void {
    this.#certificate?.show(shown(identity));
  }

  /** With patience: who waits for an answer gets it first. */
  async stop(patienceMs: number): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    if (patienceMs > 0) await Promise.race([Promise.all(servers.map(shutDown)), systemClock.wait(patienceMs)]);
    for (const server of servers) server.forceShutdown();
    this.#others?.close();
  }
}

/** Takes no new calls; resolves when the last one has been answered. */
const shutDown = (server: Server): Promise<void> => new Promise((done) => server.tryShutdown(() => done()));

const shown = ({ authority, server }: ApiIdentity): ServerIdentity => ({ authority, ...server });
