import { z } from "zod";
import { KubeApi } from "../kubernetes/kube-api.ts";
import type { KeyPair } from "../kubernetes/certificates.ts";
import { endpointHost, type MachineConfig } from "./machine-config.ts";

const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes";
const sliceList = z.object({ items: z.array(z.object({ endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish() })) });

/** The control planes that the cluster itself names, asked at its endpoint with an identity that may. Discovery is not answered here. */
export async function controlPlaneAddresses(config: MachineConfig, identity: KeyPair): Promise<readonly string[]> {
  const api = new KubeApi([endpointHost(config)], { ca: config.cluster.ca.crt, ...identity });
  try {
    const { items } = sliceList.parse(await api.get(slices));
    return [...new Set(items.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses))];
  } finally {
    api.close();
  }
}
