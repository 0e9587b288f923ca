/** Versions as the tools print them: `v3.255.0`, `go1.26.8`, `3.256.0-alpha.1`, `Python 3.11`. */
interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** An alpha, a release candidate, a development build: counts as older than the release of the same number. */
  readonly prerelease: boolean;
}

/** The first version in a line of output, or nothing. */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?(-?(?:alpha|beta|rc|dev|x)[\w.-]*|-[\w.-]+)?/.exec(text);
  if (!match) return undefined;
  const [, major = "0", minor = "0", patch = "0", suffix] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease: suffix !== undefined };
}

/** Negative when `a` is older than `b`, positive when newer. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || Number(b.prerelease) - Number(a.prerelease);
}

/** Why a tool found on the machine cannot stand in for the pinned one; nothing when it can. */
export function whyNotAccepted(found: string, pinned: string): string | undefined {
  const have = parseVersion(found);
  const want = parseVersion(pinned);
  if (!have || !want) return `its version cannot be read (it said "${found.trim().slice(0, 80)}")`;
  if (have.major !== want.major) return `it is version ${found}, another major version than ${pinned}`;
  return compareVersions(have, want) < 0 ? `it is version ${found}, older than ${pinned}` : undefined;
}

/** Why a Go toolchain cannot build a module with this `go` directive; nothing when it can. */
export function whyGoTooOld(found: string, directive: string): string | undefined {
  const have = parseVersion(found);
  const want = parseVersion(directive);
  if (!have || !want) return `its version cannot be read (it said "${found.trim().slice(0, 80)}")`;
  return compareVersions(have, want) < 0 ? `it is Go ${found}, older than ${directive}` : undefined;
}
