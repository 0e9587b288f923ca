export interface SshdConf {
  /** The host key's file, as written. */
  readonly hostKey: string;
  readonly allowUsers: readonly string[] | undefined;
}

/** Directives that only say what this server does anyway, and the one value that is so. */
const alwaysSo: Readonly<Record<string, string>> = {
  passwordauthentication: "no",
  kbdinteractiveauthentication: "no",
  permitrootlogin: "no",
  pubkeyauthentication: "yes",
  x11forwarding: "no",
  allowagentforwarding: "no",
  allowtcpforwarding: "yes",
  permittty: "no",
};

/** Reads the bundle's file in sshd_config.d. What it holds and this server does not know ends sshd, as a misspelt one would. */
export function parseSshdConf(text: string): SshdConf {
  let hostKey: string | undefined;
  let allowUsers: string[] | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const [directive = "", ...values] = raw.replace(/#.*$/, "").trim().split(/\s+/);
    if (directive === "") continue;
    const name = directive.toLowerCase();
    const [value] = values;
    const where = `sshd_config.d/moonback.conf line ${index + 1}`;
    if (value === undefined) throw new Error(`${where}: no argument after keyword "${directive}"`);
    if (name === "hostkey") hostKey = value;
    else if (name === "allowusers") allowUsers = values;
    else if (alwaysSo[name] === undefined) throw new Error(`${where}: the rehearsal's sshd does not know ${directive}`);
    else if (alwaysSo[name] !== value) throw new Error(`${where}: the rehearsal's sshd does ${directive} ${alwaysSo[name]} only`);
  }
  if (hostKey === undefined) throw new Error("sshd: no hostkeys available -- exiting.");
  return { hostKey, allowUsers };
}
