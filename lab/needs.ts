// What the lab needs of a machine: looked for before anything is started.
import { errorMessage, UserError } from "../common/errors.ts";
import { findOnPath } from "../toolchain/search-path.ts";
import { environment } from "./environment.ts";
import { Namespace } from "./namespace.ts";

/** The interface that the lab's machine is plugged into. */
export const device = "lab0";

/** Programs, and Debian's packages that hold them. */
const programs = {
  "qemu-system-aarch64": "qemu-system-arm",
  dnsmasq: "dnsmasq-base",
  ip: "iproute2",
  unshare: "util-linux",
  nsenter: "util-linux",
  cpio: "cpio",
  xz: "xz-utils",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
} as const;

/** Why the lab cannot run here, and what to do; nothing where it can. */
export async function labProblem(platform: NodeJS.Platform = process.platform, env = environment): Promise<UserError | undefined> {
  if (platform !== "linux") return new UserError(`the netboot lab needs Linux's network namespaces, and this is ${platform}`, { fix: "run it in a virtual machine with Debian 12 or 13" });
  const missing = [];
  for (const [program, holder] of Object.entries(programs)) if ((await findOnPath(program, env)) === undefined) missing.push({ program, holder });
  if (missing.length > 0) {
    const packages = new Set(missing.map(({ holder }) => holder));
    return new UserError(`the netboot lab needs ${missing.map(({ program }) => program).join(", ")}, and PATH does not have ${missing.length === 1 ? "it" : "them"}`, {
      fix: `sudo apt-get install --no-install-recommends ${[...packages].join(" ")}`,
    });
  }
  return networkProblem();
}

/** Tries what the lab does first: a network of its own with a place to plug a machine in. */
async function networkProblem(): Promise<UserError | undefined> {
  try {
    await using namespace = await Namespace.open();
    const said = await namespace.run("ip", "tuntap", "add", "dev", device, "mode", "tap");
    if (said === undefined) return undefined;
    return new UserError(`no network card can be made for the machine: ${said}`, {
      fix: "run it as root, or open the device to everybody, as most distributions do: sudo chmod 0666 /dev/net/tun",
    });
  } catch (error) {
    return error instanceof UserError ? error : new UserError(errorMessage(error), { cause: error });
  }
}
