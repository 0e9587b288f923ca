import { z } from "zod";
import { issueCertificate } from "../kubernetes/certificates.ts";
import { KubeApi } from "../kubernetes/kube-api.ts";
import { controlPlaneLabel } from "../kubernetes/node-object.ts";
import { endpointHost, type MachineConfig } from "./machine-config.ts";

/** A Node of the cluster, as far as `talosctl health` looks at it. */
export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly controlPlane: boolean;
  readonly ready: boolean;
  readonly schedulable: boolean;
}

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ unschedulable: z.boolean().default(false) }).default({ unschedulable: false }),
      status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]), conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
    }),
  ),
});

/** The nodes that the cluster knows; a control plane asks itself first, as the administrator that it can make. */
export async function clusterNodes(config: MachineConfig, address: string): Promise<readonly ClusterNode[]> {
  const { ca } = config.cluster;
  const admin = await issueCertificate(ca, { commonName: "admin", organization: "system:masters", usages: ["client"] });
  const api = new KubeApi([address, endpointHost(config)], { ca: ca.crt, ...admin });
  try {
    return nodeList.parse(await api.get("/api/v1/nodes")).items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
      controlPlane: controlPlaneLabel in metadata.labels,
      ready: status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
      schedulable: !spec.unschedulable,
    }));
  } finally {
    api.close();
  }
}
