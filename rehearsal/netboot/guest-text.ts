import { join } from "node:path";
import { localText } from "../addresses.ts";

/** Programs of the guest that the rehearsal has stand-ins for; they lie in its own usr/bin. */
export const standInPrograms = ["docker", "systemctl", "cloud-init", "python3", "sudo"] as const;

/** The folders of a guest that user data may write to and commands may name. */
export const guestFolders = ["/opt/moonback", "/etc/ssh", "/etc/wireguard"] as const;

const startOfPath = String.raw`(?<![\w./-])`;
const endOfName = String.raw`(?![\w.-])`;
const guestPath = new RegExp(`${startOfPath}(?:${[...guestFolders, ...standInPrograms.map((name) => `/usr/bin/${name}`)].join("|")})${endOfName}`, "g");

/** Debian's own path of an interpreter, as a script names it in its first line: found by PATH here, where ours come first. */
export const localShebang = (script: string): string => script.replace(/^#!\/usr\/bin\/(python3)(?=\s)/, "#!/usr/bin/env $1");

/** Where a guest's files and addresses are on this machine. */
export class GuestText {
  readonly #root: string;
  readonly #vpcCidr: string;

  constructor(root: string, vpcCidr: string) {
    this.#root = root;
    this.#vpcCidr = vpcCidr;
  }

  /** The one way from the guest's text (a command, a compose file) to what the same means on this machine. */
  local(text: string): string {
    return localText(this.paths(text), this.#vpcCidr);
  }

  /** Only the paths: for files that guests are served as they are, and whose addresses are therefore the guests'. */
  paths(text: string): string {
    return text.replace(guestPath, (path) => join(this.#root, path));
  }

  /** The file behind a guest path, which must lie in one of the known folders. */
  file(path: string): string {
    const parts = path.split("/");
    const known = guestFolders.some((folder) => path.startsWith(`${folder}/`));
    if (!known || parts.includes("..") || parts.includes(".")) {
      throw new Error(`${path} is outside of ${guestFolders.join(", ")}, the folders that the rehearsal gives a machine`);
    }
    return join(this.#root, path);
  }
}
