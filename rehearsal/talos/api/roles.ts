import type { Metadata, ServerUnaryCall } from "@grpc/grpc-js";
import { forbidden } from "./failure.ts";
import { listed } from "./metadata.ts";

/** Talos' roles, as they stand in a client certificate's organization (pkg/machinery/role). */
const admin = "os:admin";
const impersonator = "os:impersonator";
export const impersonatorRole = impersonator;
/** Where a node that forwards a call says whose it is. */
const roleKey = "talos-role";

/** What others than administrators may call (services/machined.go); an operator may do more in Talos, and nothing here. */
const forReaders: readonly string[] = [
  "/cluster.ClusterService/HealthCheck",
  ...["Dmesg", "EtcdMemberList", "EtcdStatus", "Events", "ServiceList", "Version"].map((name) => `/machine.MachineService/${name}`),
  ...["Get", "List"].map((name) => `/cosi.resource.State/${name}`),
];

/** The caller's roles: of its certificate, or of the metadata where a node forwards somebody else's call. */
export function rolesOf(call: Pick<ServerUnaryCall<Buffer, Buffer>, "metadata" | "getAuthContext">): readonly string[] {
  const certificate = call.getAuthContext().sslPeerCertificate;
  const { O: organization = [] } = certificate?.subject ?? {};
  const own = typeof organization === "string" ? [organization] : [...organization];
  if (!own.includes(impersonator)) return own;
  const told = listed(call.metadata, roleKey);
  return told.length > 0 ? told : own;
}

export function demandRole(path: string, roles: readonly string[]): void {
  const allowed = forReaders.includes(path) ? [admin, "os:operator", "os:reader"] : [admin];
  if (!roles.some((role) => allowed.includes(role))) throw forbidden("not authorized");
}

export function setRoles(metadata: Metadata, roles: readonly string[]): void {
  for (const role of roles) metadata.add(roleKey, role);
}
