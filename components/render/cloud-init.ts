import { gzipSync, strFromU8, strToU8 } from "fflate";
import { stringify } from "yaml";
import { renderFetchSecrets, renderSecretsList, type FetchedSecret } from "./fetch-secrets.ts";
import { lines, type RenderedFile } from "./file.ts";
import { matchboxFiles, renderMatchboxFiles } from "./matchbox-files.ts";
import { renderWireguard, type WireguardArgs } from "./wireguard.ts";

/** Everything of ours on the machine. */
const home = "/opt/moonback";

/** Where the machine's secrets lie once it has fetched them. */
export const secretFiles = {
  sshHostKey: `${home}/secrets/ssh_host_ed25519_key`,
  wireguardKey: `${home}/secrets/wireguard.key`,
} as const;

/** The one person on the machine. */
export const bastionUser = "moonback";

/** What EC2 takes, before base64 (EC2 user guide, "User data limits"). */
export const userDataLimit = 16_384;

export interface UserDataArgs {
  readonly hostname: string;
  /** Public SSH key of the operator, one line. */
  readonly operatorPublicKey: string;
  /** The public half of the host key that it fetches, one line: another key is another machine. */
  readonly hostPublicKey: string;
  readonly secrets: readonly FetchedSecret[];
  /** The tunnel home, where there is one. */
  readonly tunnel?: Omit<WireguardArgs, "privateKeyFile">;
  /** What `renderBundle` gives. */
  readonly bundle: readonly RenderedFile[];
}

/** The cloud-config of the bastion: all that the machine must be, and no secret. */
export function renderCloudConfig({ hostname, operatorPublicKey, hostPublicKey, secrets, tunnel, bundle }: UserDataArgs): string {
  const files: RenderedFile[] = [
    { path: "/etc/ssh/sshd_config.d/moonback.conf", content: renderSshd(hostPublicKey) },
    { path: `${home}/secrets.json`, content: renderSecretsList(secrets) },
    { path: `${home}/bin/fetch-secrets`, content: renderFetchSecrets(), executable: true },
    { path: matchboxFiles.program, content: renderMatchboxFiles(), executable: true },
    ...(tunnel === undefined ? [] : [{ path: "/etc/wireguard/home.conf", content: renderWireguard({ ...tunnel, privateKeyFile: secretFiles.wireguardKey }) }]),
    ...bundle.map((file) => ({ ...file, path: `${home}/netboot/${file.path}` })),
  ];
  const config = {
    hostname,
    // The image's host keys are everybody's. Those that cloud-init makes instead nobody is shown: sshd has the pinned one only.
    // (An empty ssh_genkeytypes would make none, but its schema refuses that, and `cloud-init status` would end with 2.)
    ssh_deletekeys: true,
    disable_root: true,
    ssh_pwauth: false,
    // Users come before packages, so the group must be there before docker.io brings it.
    groups: ["docker"],
    users: [{ name: bastionUser, groups: ["docker"], lock_passwd: true, sudo: `ALL=(root) NOPASSWD: ${matchboxFiles.program}`, ssh_authorized_keys: [operatorPublicKey] }],
    package_update: true,
    // docker-cli is a recommendation of docker.io only, since Debian 13.
    packages: ["docker.io", "docker-cli", "docker-compose", "curl", "python3-boto3", ...(tunnel === undefined ? [] : ["wireguard-tools"])],
    write_files: files.map(({ path, content, executable = false }) => ({ path, content, permissions: executable ? "0755" : "0644" })),
    runcmd: [
      [`${home}/bin/fetch-secrets`, `${home}/secrets.json`],
      ["systemctl", "restart", "ssh"],
      ...(tunnel === undefined ? [] : [["systemctl", "enable", "--now", "wg-quick@home"]]),
      ["docker", "compose", "--project-directory", `${home}/netboot`, "up", "--detach"],
    ],
  };
  // cloud-init reads YAML 1.1, where more words need quotes.
  return `#cloud-config\n${stringify(config, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/**
 * The user data as a launch template takes it: gzip, then base64; the same bytes for the same arguments.
 * @throws Error when it is larger than EC2 takes.
 */
export function renderUserData(args: UserDataArgs): string {
  const packed = gzipSync(strToU8(renderCloudConfig(args)), { level: 9, mtime: 0 });
  if (packed.length > userDataLimit) {
    throw new Error(`the user data of ${args.hostname} is ${packed.length} bytes after gzip; EC2 takes ${userDataLimit}`);
  }
  return btoa(strFromU8(packed, true));
}

/** One host key, ours; one user; no passwords. */
function renderSshd(hostPublicKey: string): string {
  return lines(
    `# ${hostPublicKey}`,
    `HostKey ${secretFiles.sshHostKey}`,
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin no",
    `AllowUsers ${bastionUser}`,
  );
}
