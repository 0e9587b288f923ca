/** The real etcd of one control plane, with the certificates and flags that Talos v1.11 gives it (services/etcd.go). */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { localAddress } from "../addresses.ts";
import { issueCertificate, writeSecret, type KeyPair } from "./certificates.ts";
import { clientUrl, EtcdClient, EtcdRefusal, peerUrl, type EtcdMember, type EtcdStatus } from "./etcd-client.ts";
import { KeptProgram } from "./program.ts";
import { becomes } from "./readiness.ts";

export interface InitialMember {
  readonly name: string;
  /** The plan's. */
  readonly address: string;
  /** It runs already: the new one joins it. */
  readonly existing: boolean;
}

export interface EtcdArgs {
  readonly name: string;
  /** The plan's. */
  readonly address: string;
  readonly folder: string;
  readonly mark: string;
  readonly authority: KeyPair;
  readonly initialCluster: readonly InitialMember[];
  readonly program: string;
}

export class Etcd {
  readonly #args: EtcdArgs;
  readonly #program: (args: readonly string[]) => KeptProgram;
  #running: KeptProgram | undefined;
  #identity: Promise<KeyPair> | undefined;
  readonly #clients = new Map<string, EtcdClient>();

  constructor(args: EtcdArgs) {
    this.#args = args;
    const { name, folder: directory, mark, program } = args;
    this.#program = (flags) => new KeptProgram({ name: `etcd of ${name}`, program, args: flags, directory, logFile: join(directory, "etcd.log"), mark });
  }

  get #data(): string {
    return join(this.#args.folder, "etcd");
  }

  /** Whether it was a member before: its own data say of which cluster then, and `initialCluster` does not count. */
  get hasData(): boolean {
    return existsSync(join(this.#data, "member"));
  }

  /** Starts it and waits until it is a healthy, voting member. */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    await mkdir(this.#args.folder, { recursive: true, mode: 0o700 });
    const flags = await this.#flags();
    const joining = this.hasData ? [] : await this.#joining();
    this.#running = this.#program([...flags, ...joining]);
    this.#running.start();
    const what = `etcd of ${this.#args.name}`;
    await becomes(`${what} to answer`, [this.#running], () => this.status().then(() => undefined));
    const { isLearner, header } = await this.status();
    if (isLearner) await becomes(`${what} to become a voting member`, [this.#running], () => this.#promote(header.member_id));
    await becomes(`${what} to be healthy`, [this.#running], async () => (await this.#strangerProblem()) ?? this.problem());
  }

  /** It would wait for its watchers to hang up; what it has is with the kernel by then, so an end by force loses nothing. */
  async stop(patienceMs = 500): Promise<void> {
    await this.#running?.stop(patienceMs);
    this.#running = undefined;
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** Why it is not a healthy member of a cluster with a quorum; nothing when it is. */
  async problem(): Promise<string | undefined> {
    if (this.#running === undefined) return `etcd of ${this.#args.name} is stopped`;
    const ended = this.#running.problem();
    if (ended !== undefined) return ended;
    try {
      const problem = await (await this.#client()).problem();
      return problem === undefined ? undefined : `etcd of ${this.#args.name} is not healthy: ${problem}`;
    } catch (error) {
      return `etcd of ${this.#args.name} does not answer: ${errorMessage(error)}`;
    }
  }

  async members(): Promise<readonly EtcdMember[]> {
    return (await this.#client()).members();
  }

  async status(): Promise<EtcdStatus> {
    return (await this.#client()).status();
  }

  /** Leaves the cluster and forgets all it has; the last member cannot leave. */
  async leave(): Promise<void> {
    const { header } = await this.status();
    await becomes(`etcd of ${this.#args.name} to leave`, [], async () => refusalOf(() => this.remove(header.member_id)));
    await this.stop();
    await this.forget();
  }

  /** Removes any member. */
  async remove(memberId: string): Promise<void> {
    await (await this.#client()).remove(memberId);
  }

  /** Lets another voting member lead; nothing happens when it does not lead itself. */
  async forfeitLeadership(): Promise<void> {
    const { header, leader } = await this.status();
    if (header.member_id !== leader) return;
    const other = (await this.members()).find(({ ID, isLearner }) => ID !== leader && !isLearner);
    if (other === undefined) throw new Error(`etcd of ${this.#args.name} is the only voting member: nobody can lead in its place`);
    await (await this.#client()).moveLeader(other.ID);
  }

  /** What a wiped disk has. */
  async forget(): Promise<void> {
    await rm(this.#data, { recursive: true, force: true });
  }

  /** Talos' etcd administrator, at this member or at another. */
  async #client(address = this.#args.address): Promise<EtcdClient> {
    const { authority } = this.#args;
    this.#identity ??= issueCertificate(authority, { commonName: "talos", usages: ["client"] });
    const identity = await this.#identity;
    const client = this.#clients.get(address) ?? new EtcdClient(address, { ca: authority.crt, ...identity });
    this.#clients.set(address, client);
    return client;
  }

  async #flags(): Promise<string[]> {
    const { name, address, folder, authority } = this.#args;
    const secrets = join(folder, "secrets", "etcd");
    const file = (base: string): string => join(secrets, base);
    const local = localAddress(address);
    // The loopback's own address too: it is where connections of this machine come from, and etcd compares.
    const names = [name, "localhost", local, address, "127.0.0.1"];
    await writeSecret(file("ca.crt"), authority.crt);
    for (const kind of ["server", "peer"]) {
      const { crt, key } = await issueCertificate(authority, { commonName: name, names, usages: ["server", "client"] });
      await writeSecret(file(`${kind}.crt`), crt);
      await writeSecret(file(`${kind}.key`), key);
    }
    return [
      `--name=${name}`, `--data-dir=${this.#data}`, "--auto-tls=false", "--peer-auto-tls=false",
      `--listen-client-urls=${clientUrl(address)}`, `--advertise-client-urls=${clientUrl(address)}`,
      `--listen-peer-urls=${peerUrl(address)}`,
      "--client-cert-auth=true", `--cert-file=${file("server.crt")}`, `--key-file=${file("server.key")}`, `--trusted-ca-file=${file("ca.crt")}`,
      "--peer-client-cert-auth=true", `--peer-cert-file=${file("peer.crt")}`, `--peer-key-file=${file("peer.key")}`, `--peer-trusted-ca-file=${file("ca.crt")}`,
      "--watch-progress-notify-interval=5s",
      // A rehearsal's data need not survive a power cut, and a disk of a small machine is slow.
      "--unsafe-no-fsync",
    ];
  }

  /** Whether it is itself that answers at its address, and not one that was there before. */
  async #strangerProblem(): Promise<string | undefined> {
    const [{ header }, members] = [await this.status(), await this.members()];
    const name = members.find(({ ID }) => ID === header.member_id)?.name ?? "nobody";
    return name === this.#args.name ? undefined : `etcd of ${name} answers at its address`;
  }

  /** Founds a cluster of one, or becomes a learner of the one that is there, as Talos does. */
  async #joining(): Promise<string[]> {
    const { name, address, initialCluster } = this.#args;
    const own = `${name}=${peerUrl(address)}`;
    const advertised = `--initial-advertise-peer-urls=${peerUrl(address)}`;
    const existing = initialCluster.filter((member) => member.existing && member.name !== name);
    if (existing.length === 0) return [advertised, `--initial-cluster=${own}`, "--initial-cluster-state=new"];
    let members: readonly EtcdMember[] = [];
    // Refused for as long as another one is a learner, or has been connected for less than 5 s.
    await becomes(`etcd of ${name} to be let in`, [], () => refusalOf(async () => void (members = await this.#anyOf(existing, (client) => this.#letIn(client)))));
    const cluster = members.flatMap(({ name: other, peerURLs }) => peerURLs.map((url) => (url === peerUrl(address) ? own : `${other}=${url}`)));
    return [advertised, `--initial-cluster=${cluster.join(",")}`, "--initial-cluster-state=existing"];
  }

  /** Adds itself as a learner. What had its name or place before is removed: it can only be itself with an older disk. */
  async #letIn(client: EtcdClient): Promise<readonly EtcdMember[]> {
    const [{ name }, url] = [this.#args, peerUrl(this.#args.address)];
    for (const { ID } of (await client.members()).filter((member) => member.name === name || member.peerURLs.includes(url))) await client.remove(ID);
    await client.addLearner(url);
    return client.members();
  }

  /** Asks the others to let it vote; says why they do not yet. */
  async #promote(memberId: string): Promise<string | undefined> {
    const others = this.#args.initialCluster.filter((member) => member.existing && member.name !== this.#args.name);
    return refusalOf(() => this.#anyOf(others, (client) => client.promote(memberId)));
  }

  /** The first member that answers and does not refuse; the last problem when none does. */
  async #anyOf<T>(members: readonly InitialMember[], ask: (client: EtcdClient) => Promise<T>): Promise<T> {
    let last: unknown = new Error("there is no other member");
    for (const { address } of members) {
      try {
        return await ask(await this.#client(address));
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }
}

/** gRPC's code for something that may be possible later. */
const unavailableCodes = [9, 14];

/** Why etcd refuses for now; rejects when it refuses for good. */
async function refusalOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof EtcdRefusal && unavailableCodes.includes(error.code)) return error.message;
    throw error;
  }
}
