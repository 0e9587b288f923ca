import { existsSync, readFileSync } from "node:fs";
import { execa } from "execa";
import { UserError } from "../common/errors.ts";
import { environment } from "./environment.ts";

/** Signs every Debian release; from package debian-archive-keyring. */
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What `mirrorOf` reads of each of apt's lists of packages. */
const targetFormat = "$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)";

/** Where this machine gets its own Debian packages from: it has them all. Or why that is not known. */
export async function debianMirror(): Promise<string | UserError> {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const codename = /^VERSION_CODENAME="?([^"\n]+)/m.exec(release)?.[1];
  const notDebian = (why: string): UserError => new UserError(`the netboot lab takes firmware, iPXE and kernel from this machine's Debian mirror, and ${why}`, { fix: "run it on Debian 12 or 13" });
  if (!/^ID="?debian"?$/m.test(release) || codename === undefined) return notDebian("this is not Debian");
  if (!existsSync(keyring)) return notDebian(`${keyring} is not there to check what comes (package debian-archive-keyring)`);
  const { stdout } = await execa("apt-get", ["indextargets", "--format", targetFormat, "Created-By: Packages"], { env: environment, reject: false });
  return mirrorOf(stdout, codename) ?? notDebian(`apt knows no source of ${codename} main`);
}

/** Picks the mirror out of apt's list: others may serve something of the same names. Their origin is unknown before the first `apt-get update`. */
export function mirrorOf(targets: string, codename: string): string | undefined {
  const found = targets.split("\n").map((line) => line.split("|")).filter(([, release, component]) => release === codename && component === "main");
  return (found.find(([origin]) => origin === "Debian") ?? found.find(([, , , uri = ""]) => uri.endsWith("/debian/")) ?? found[0])?.[3];
}

/** apt's line for another release at the same mirror, believed only if Debian signed it. */
export function sourcesLine(mirror: string, suite: string): string {
  return `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`;
}
