import { z } from "zod";
import { localAddress } from "../addresses.ts";
import { HttpsJson, parsed, type Answer, type Identity } from "./https-json.ts";

export const etcdPorts = { client: 2379, peer: 2380 } as const;

/** Where a member's peers reach it on this machine; etcd itself knows no other address. */
export const peerUrl = (address: string): string => `https://${localAddress(address)}:${etcdPorts.peer}`;
export const clientUrl = (address: string): string => `https://${localAddress(address)}:${etcdPorts.client}`;

/** The gateway leaves out what is empty, zero or false; 64-bit numbers are strings of digits there. */
const id = z.string().default("0");
const member = z.object({
  ID: id,
  /** Empty until it has been started. */
  name: z.string().default(""),
  peerURLs: z.array(z.string()).default([]),
  clientURLs: z.array(z.string()).default([]),
  isLearner: z.boolean().default(false),
});
export type EtcdMember = Readonly<z.infer<typeof member>>;

const memberList = z.object({ members: z.array(member).default([]) });
const memberAdded = z.object({ member });
const status = z.object({
  header: z.object({ member_id: id }),
  version: z.string().default(""),
  dbSize: id,
  dbSizeInUse: id,
  leader: id,
  raftIndex: id,
  raftTerm: id,
  raftAppliedIndex: id,
  errors: z.array(z.string()).default([]),
  isLearner: z.boolean().default(false),
});
export type EtcdStatus = Readonly<z.infer<typeof status>>;

const health = z.object({ health: z.string(), reason: z.string().default("") });
const refusal = z.object({ message: z.string(), code: z.number() });

/** A refusal of etcd's, with its gRPC code. */
export class EtcdRefusal extends Error {
  override readonly name = "EtcdRefusal";
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** One member, asked over its gRPC gateway. */
export class EtcdClient {
  readonly #https: HttpsJson;

  /** `address` is the plan's. */
  constructor(address: string, identity: Identity) {
    this.#https = new HttpsJson(localAddress(address), etcdPorts.client, identity);
  }

  /** What is wrong, as the member itself sees it; a member without a quorum is not healthy. Rejects when nobody answers. */
  async problem(): Promise<string | undefined> {
    const answer = parsed(health, await this.#https.ask({ path: "/health" }));
    if (answer.health === "true") return undefined;
    return answer.reason === "" ? "it is not healthy" : answer.reason;
  }

  async members(): Promise<readonly EtcdMember[]> {
    return parsed(memberList, await this.#call("/v3/cluster/member/list")).members;
  }

  /** A member that does not vote until it is promoted, as Talos adds them. */
  async addLearner(peer: string): Promise<EtcdMember> {
    return parsed(memberAdded, await this.#call("/v3/cluster/member/add", { peerURLs: [peer], isLearner: true })).member;
  }

  async promote(ID: string): Promise<void> {
    await this.#call("/v3/cluster/member/promote", { ID });
  }

  async remove(ID: string): Promise<void> {
    await this.#call("/v3/cluster/member/remove", { ID });
  }

  async moveLeader(targetID: string): Promise<void> {
    await this.#call("/v3/maintenance/transfer-leadership", { targetID });
  }

  async status(): Promise<EtcdStatus> {
    return parsed(status, await this.#call("/v3/maintenance/status"));
  }


  close(): void {
    this.#https.close();
  }

  async #call(path: string, body: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const answer = await this.#https.ask({ method: "POST", path, body });
    if (answer.status === 200) return answer;
    const { message, code } = parsed(refusal, answer);
    throw new EtcdRefusal(message, code);
  }
}
