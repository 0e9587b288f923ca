import type { Etcd } from "../../kubernetes/etcd.ts";
import type { EtcdMember, EtcdStatus } from "../../kubernetes/etcd-client.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";
import { notFound } from "./failure.ts";
import { demandControlPlane } from "./kubernetes.ts";

/** etcd's own addresses are this machine's; a node's API speaks of the plan's. */
const planned = (url: string): string => url.replace(/^https:\/\/127\./, "https://10.");

const memberMessage = ({ ID, name, peerURLs, clientURLs, isLearner }: EtcdMember): Message => ({ id: ID, hostname: name, peer_urls: peerURLs.map(planned), client_urls: clientURLs.map(planned), is_learner: isLearner });

const statusMessage = (status: EtcdStatus): Message => ({
  member_id: status.header.member_id,
  protocol_version: status.version,
  db_size: status.dbSize,
  db_size_in_use: status.dbSizeInUse,
  leader: status.leader,
  raft_index: status.raftIndex,
  raft_term: status.raftTerm,
  raft_applied_index: status.raftAppliedIndex,
  is_learner: status.isLearner,
  errors: status.errors,
});

/** What is asked of the node's own, real etcd. */
export function etcdCalls(node: Talos): Calls {
  const etcd = (what: string): Etcd => {
    demandControlPlane(node, what);
    const { controlPlane } = node;
    if (controlPlane === undefined || node.services.get("etcd")?.state !== "Running") throw new Error("failed to create etcd client: etcd is not running");
    return controlPlane.member.etcd;
  };
  return {
    unary: {
      "/machine.MachineService/EtcdMemberList": async () => {
        const members = await etcd("member list").members();
        return { legacy_members: members.map(({ name }) => name), members: members.map(memberMessage) };
      },
      "/machine.MachineService/EtcdStatus": async () => ({ member_status: statusMessage(await etcd("etcd status").status()) }),
      "/machine.MachineService/EtcdRemoveMemberByID": async ({ member_id: id }) => {
        const own = etcd("etcd remove member");
        const members = await own.members();
        if (!members.some(({ ID }) => ID === String(id))) throw notFound("etcdserver: member not found");
        await own.remove(String(id));
        return {};
      },
      "/machine.MachineService/EtcdLeaveCluster": async () => {
        etcd("etcd leave");
        await node.controlPlane?.leave();
        return {};
      },
      "/machine.MachineService/EtcdForfeitLeadership": async () => {
        const own = etcd("etcd forfeit leadership");
        const [members, { header, leader }] = [await own.members(), await own.status()];
        if (members.length === 1) throw new Error("failed to forfeit leadership: cannot forfeit leadership, only one member");
        if (header.member_id !== leader) return { member: "" };
        await own.forfeitLeadership();
        const { leader: now } = await own.status();
        return { member: members.find(({ ID }) => ID === now)?.name ?? "" };
      },
    },
    streaming: {},
  };
}
