import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { issueCertificate } from "../../kubernetes/certificates.ts";
import { renderKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { tar } from "../../netboot/internet/tar.ts";
import { isControlPlane } from "../machine-config.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import { ApiFailure, notNow } from "./failure.ts";

/** What only a control plane answers. */
export function demandControlPlane({ config }: Talos, what: string): void {
  if (!isControlPlane(config)) throw new ApiFailure(status.UNIMPLEMENTED, `${what} is only available on control plane nodes`);
}

export function kubernetesCalls(node: Talos): Calls {
  return {
    unary: {
      "/machine.MachineService/Bootstrap": () => {
        if (node.controlPlane === undefined) throw notNow("bootstrap can only be performed on a control plane node");
        node.say("bootstrap request received");
        node.controlPlane.bootstrap();
        return {};
      },
    },
    streaming: {
      // An archive of one file, as files are copied out of a node.
      "/machine.MachineService/Kubeconfig": async (_request, _caller, send) => {
        demandControlPlane(node, "kubeconfig");
        const { ca, clusterName, controlPlane } = node.config.cluster;
        const user = await issueCertificate(ca, { commonName: "admin", organization: "system:masters", usages: ["client"] });
        const text = renderKubeconfig({ server: controlPlane.endpoint, ca: ca.crt, user, cluster: clusterName, userName: "admin" });
        send({ bytes: gzipSync(tar({ kubeconfig: text })) });
      },
    },
  };
}
