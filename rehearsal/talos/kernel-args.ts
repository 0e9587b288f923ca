/** A kernel's command line: the last value of each argument counts, as for Talos. */
export function kernelArguments(cmdline: string): ReadonlyMap<string, string> {
  const words = cmdline.split(/\s+/).filter(Boolean);
  return new Map(words.map((word): [string, string] => {
    const equals = word.indexOf("=");
    return equals === -1 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
  }));
}

/** What Talos knows of its machine before it has a config. */
export interface MachineFacts {
  readonly uuid: string;
  readonly serial: string;
  /** With colons. */
  readonly mac: string;
}

/** `talos.config` with its variables filled in: `${mac}` and the like in values of the query (Talos, platform/metal/url). */
export function configUrl(text: string, { uuid, serial, mac }: MachineFacts): string {
  const url = new URL(text);
  const known: Readonly<Record<string, string>> = { uuid, serial, mac, hostname: "" };
  const values = [...url.searchParams].map(([name, value]): [string, string] => [
    name,
    // An empty uuid is asked for too.
    name === "uuid" && value === "" ? uuid : value.replaceAll(/\$\{(uuid|serial|mac|hostname)\}/g, (_whole, variable: string) => known[variable] ?? ""),
  ]);
  // Go writes queries in the order of their names.
  url.search = new URLSearchParams(values.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))).toString();
  return url.href;
}
