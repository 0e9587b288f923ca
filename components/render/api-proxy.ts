import { ports } from "../ports.ts";
import { lines } from "./file.ts";

export interface ApiProxyArgs {
  readonly address: string;
  /** The control planes, by their addresses. */
  readonly apiServers: readonly string[];
}

/** haproxy.cfg: the Kubernetes API of several control planes at one address. TLS passes through; it ends at the API servers. */
export function renderApiProxy({ address, apiServers }: ApiProxyArgs): string {
  return lines(
    "# One address for the Kubernetes API of several control planes. It passes TLS through and sees nothing of what is in it.",
    "global",
    "    log stdout format raw local0",
    "    # By default haproxy reserves memory for as many descriptors as a container may have.",
    "    maxconn 1024",
    "",
    "defaults",
    "    mode tcp",
    "    log global",
    "    option tcplog",
    "    option dontlognull",
    "    # Whom one server does not answer, the next one gets at once.",
    "    retries 2",
    "    option redispatch 1",
    "    timeout connect 3s",
    "    timeout check 3s",
    "    # Longer than any watch: an API server ends one after an hour at the latest.",
    "    timeout client 2h",
    "    timeout server 2h",
    "",
    "frontend kube-api",
    `    bind ${address}:${ports.kubernetesApi}`,
    "    default_backend control-planes",
    "",
    "backend control-planes",
    "    balance roundrobin",
    "    # Asked by HTTPS: a port alone is open before its API server can do anything. 200 where /readyz is for everybody. Talos lets",
    "    # nobody in without a certificate, and none is kept here, so it is 401: who says that has TLS and authentication at work.",
    "    # 500 says that it is not ready.",
    "    option httpchk GET /readyz",
    "    http-check expect status 200,401",
    "    # verify none: the answer is looked at, never trusted. Connections to a server that went down are ended: their owners would",
    "    # wait for hours.",
    "    default-server check check-ssl verify none inter 2s fall 2 rise 1 on-marked-down shutdown-sessions",
    ...apiServers.map((server, index) => `    server control-plane-${index + 1} ${server}:${ports.kubernetesApi}`),
  );
}
