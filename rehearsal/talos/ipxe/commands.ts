import { command, type Command, type CommandContext } from "./command.ts";
import { ipxeErrors, strerror } from "./errors.ts";
import type { IpxeHost } from "./host.ts";
import { imageCommands } from "./image-commands.ts";
import type { CommandForm } from "./options.ts";
import type { Settings } from "./settings.ts";

const many = Number.POSITIVE_INFINITY;
const plain = (least: number, most: number, usage: string): CommandForm => ({ least, most, usage });

/** As strtoul with base 0 reads it. */
function integer(text: string, { host }: CommandContext): number | undefined {
  if (/^(0x[\da-f]+|\d+)$/i.test(text)) return Number(text);
  host.print(`"${text}": invalid integer value\n`);
  return undefined;
}

const echo = command({ flags: { n: "n" }, least: 0, most: many, usage: "[...]" }, ({ flags, args }, { host }) => {
  host.print(`${args.join(" ")}${flags.has("n") ? "" : "\n"}`);
  return {};
});

const set = command(plain(1, many, "<setting> <value>"), ({ args: [name = "", ...words] }, { settings }) => {
  settings.store(name, words.join(" "));
  return {};
});

const clear = command(plain(1, 1, "<setting>"), ({ args: [name = ""] }, { settings }) => {
  settings.store(name, undefined);
  return {};
});

const inc = command(plain(1, 2, "<setting> [<increment>]"), ({ args: [name = "", by = "1"] }, context) => {
  const number = integer(by, context);
  if (number === undefined) return { error: ipxeErrors.integer };
  context.settings.increment(name, number);
  return {};
});

const isset = command(plain(1, 1, "<value>"), ({ args: [value = ""] }) => (value === "" ? { error: ipxeErrors.empty } : {}));
const iseq = command(plain(2, 2, "<value1> <value2>"), ({ args: [one, other] }) => (one === other ? {} : { error: ipxeErrors.different }));

const goto = command(plain(1, 1, "<label>"), ({ args: [label] }, { lines }) => {
  const jump = lines.findIndex((line) => line.label === label);
  return jump === -1 ? { error: ipxeErrors.noLabel } : { jump };
});

const exit = command(plain(0, 1, "[<status>]"), ({ args: [status = "0"] }, context) => {
  const code = integer(status, context);
  if (code === undefined) return { error: ipxeErrors.integer };
  return { stop: true, ...(code === 0 ? {} : { error: { code, text: `Error 0x${code.toString(16)}` } }) };
});

const sleep = command(plain(1, 1, "<seconds>"), async ({ args: [seconds = ""] }, context) => {
  const number = integer(seconds, context);
  if (number === undefined) return { error: ipxeErrors.integer };
  await context.host.clock.wait(number * 1_000, context.signal);
  return {};
});

/** Takes the lease and says so; the settings have the address from then on. */
export function takeLease(host: IpxeHost, settings: Settings, configurator?: string): boolean {
  const lease = host.lease();
  host.print(`Configuring ${configurator === undefined ? "" : `[${configurator}] `}(net0 ${host.mac})... ${lease === undefined ? strerror(ipxeErrors.noLease) : "ok"}\n`);
  if (lease === undefined) return false;
  for (const [name, value] of Object.entries({ ip: lease.address, netmask: lease.netmask, gateway: lease.gateway })) settings.define(name, "ipv4", value);
  return true;
}

const ifconf = command({ values: { configurator: "c", timeout: "t" }, least: 0, most: many, usage: "[<interface>...]" }, ({ values, args }, { host, settings }) => {
  const stranger = args.find((name) => name !== "net0");
  if (stranger !== undefined) {
    host.print(`"${stranger}": no such network device\n`);
    return { error: ipxeErrors.noDevice };
  }
  const configurator = values.get("configurator");
  if (configurator !== undefined && configurator !== "dhcp") {
    host.print(`"${configurator}": no such configurator\n`);
    return { error: ipxeErrors.noConfigurator };
  }
  return takeLease(host, settings, configurator) ? {} : { error: ipxeErrors.noLease };
});

/** The commands that the rehearsal's iPXE has. The real one has more; a script that uses one of those is told that it is not there. */
export const commands: Readonly<Record<string, Command>> = { echo, set, clear, inc, isset, iseq, goto, exit, sleep, ifconf, dhcp: ifconf, ...imageCommands };
