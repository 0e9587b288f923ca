import { dirname } from "node:path";
import { ExitCode, UserError } from "../../common/errors.ts";
import { ensureTool } from "../../toolchain/toolchain.ts";
import { readTalosconfig } from "../cluster-access.ts";
import { clusterFileVariables, writeClusterFiles } from "../cluster-files.ts";
import { engineVariables } from "../engine-settings.ts";
import { ensureForward } from "../forward/forward.ts";
import { operatorFolders } from "../node-operator.ts";
import type { Session } from "../session.ts";
import { writeSshFiles } from "../ssh-files.ts";

/** Prints shell commands that make aws, pulumi, kubectl and the like see this environment: `eval "$(npm run --silent env)"`. */
export async function env(session: Session): Promise<ExitCode> {
  const { console, signal, world } = session;
  const stranger = await world.stranger();
  if (stranger !== undefined) {
    throw new UserError(`A shell would not see this environment: ${stranger}.`, { exitCode: ExitCode.usage, fix: "End that one, or give this environment another network.vpcCidr." });
  }
  const options = { progress: (line: string) => console.say("wait", line), signal };
  const pulumi = await console.during("the Pulumi CLI", () => ensureTool("pulumi", options));
  // Only programs that the CLI starts by itself need a language host; `up` runs them in this process.
  const host = await console.during("Pulumi's Node language host", () => ensureTool("pulumi-language-nodejs", options));
  const variables = engineVariables(session, [...new Set([...(await clusterFolders(session)), dirname(pulumi.path), dirname(host.path), ...(await world.handTools())])]);
  Object.assign(variables, clusterFileVariables(session));
  const ssh = await writeSshFiles(session);
  if (ssh !== undefined) {
    variables["MOONBACK_SSH_CONFIG"] = ssh;
    console.say("good", `ssh -F "$MOONBACK_SSH_CONFIG" bastion`);
  }
  for (const line of shellExports(variables)) console.result(line);
  console.emit({ kind: "env", variables });
  return ExitCode.done;
}

/** Folders of talosctl and kubectl, their files written and the way to the nodes opened; none where there are no nodes. */
async function clusterFolders(session: Session): Promise<readonly string[]> {
  if ((await session.world.state()) !== "running") return [];
  if ((await readTalosconfig(session)) === undefined) return [];
  const folders = await operatorFolders(session);
  const { programs, written } = await writeClusterFiles(session, folders);
  await ensureForward(session);
  session.console.say("good", ["talosctl version", ...(written.includes("KUBECONFIG") ? ["kubectl get nodes"] : [])].join("; "));
  return [programs, ...folders];
}

/** Pure: POSIX shell commands, with every value quoted. */
export function shellExports(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(variables).map(([name, value]) => (value === undefined ? `unset ${name}` : `export ${name}='${value.replaceAll("'", `'\\''`)}'`));
}
