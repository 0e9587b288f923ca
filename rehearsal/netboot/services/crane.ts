import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { localText } from "../../addresses.ts";
import { mountedText } from "./mounts.ts";
import { runProgram } from "./program.ts";
import type { LocalMount, ServiceContext, StartService } from "./service.ts";

/** `go-containerregistry/crane` (:debug): a script of the bundle, run by this machine's sh with the real crane on its PATH. */
export const startCrane: StartService = async (context) => {
  const { spec, tools, scratch, vpcCidr } = context;
  const [shell, ...script] = [...(spec.entrypoint ?? []), ...spec.command];
  // The one shell of that image; busybox's and this machine's agree on what POSIX says, no more.
  if (shell !== "/busybox/sh" || script.length === 0) throw new Error(`${spec.name}: an entrypoint [/busybox/sh, <script>] is run here, not ${JSON.stringify(spec.entrypoint ?? [])}`);
  const bin = join(scratch, "bin");
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  symlinkSync(tools.crane, join(bin, "crane"));
  const mounts = localFiles(context);
  const local = (text: string): string => mountedText(localText(text, vpcCidr), mounts);
  const environment = Object.fromEntries(Object.entries(spec.environment).map(([name, value]) => [name, local(value)]));
  return runProgram(context, {
    program: "/bin/sh",
    args: script.map(local),
    directory: scratch,
    variables: { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, HOME: scratch, TMPDIR: scratch, ...environment },
  });
};

/** Single files are copied with addresses of this machine in them; folders are what they are. */
function localFiles({ mounts, scratch, vpcCidr }: ServiceContext): LocalMount[] {
  return mounts.map(({ path, target }) => {
    if (!statSync(path).isFile()) return { path, target };
    const copy = join(scratch, "mounted", basename(dirname(target)), basename(target));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, localText(readFileSync(path, "utf8"), vpcCidr));
    return { path: copy, target };
  });
}
