import { createSocket } from "node:dgram";
import type { Address } from "../../addresses.ts";
import { mountedFile, mountedPath } from "./mounts.ts";
import { parseDirectives, parseDnsmasqConf, type Directive } from "./dnsmasq-conf.ts";
import { standIn, type StartService } from "./service.ts";
import { serveTftp } from "./tftp.ts";

/**
 * `4km3/dnsmasq`: a stand-in. It reads the bundle's own configuration and serves TFTP as it says. It answers no DHCP: in a VPC
 * AWS answers DHCP and no broadcast reaches the bastion, and here there is no network interface to hear one on. Of the DHCP
 * part only the log line is as the real one prints it.
 */
export const startDnsmasq: StartService = async (context) => {
  const { spec, vpcCidr, log } = context;
  if (spec.entrypoint !== undefined) throw new Error(`${spec.name}: the image's own entrypoint is run here, not ${spec.entrypoint.join(" ")}`);
  const options = spec.command.map((argument, index): Directive => {
    const [, option, value] = /^--([a-z-]+)(?:=(.*))?$/.exec(argument) ?? [];
    if (option === undefined) throw new Error(`dnsmasq: junk found in command line: ${argument}`);
    return { option, value, line: index + 1 };
  });
  const file = options.find(({ option }) => option === "conf-file")?.value;
  const fromFile = file === undefined ? [] : parseDirectives(mountedFile(file, context));
  const conf = parseDnsmasqConf([...options.filter(({ option }) => option !== "conf-file"), ...fromFile], vpcCidr);

  const closers: (() => void)[] = [];
  const close = (): void => void closers.map((end) => end());
  log("dnsmasq: started, DNS disabled (a stand-in of the rehearsal: TFTP only)");
  for (const { first, last, lease } of conf.ranges) log(`dnsmasq-dhcp: DHCP, IP range ${first} -- ${last}, lease time ${lease}`);
  try {
    for (const address of conf.ranges.length === 0 ? [] : conf.listen) closers.push(await holdPort(context.listenAt(address, 67)));
    if (conf.tftp) {
      if (conf.tftpRoot === undefined) throw new Error("dnsmasq: enable-tftp without tftp-root");
      const root = mountedPath(conf.tftpRoot, context);
      log(`dnsmasq-tftp: TFTP root is ${conf.tftpRoot}`);
      for (const address of conf.listen) closers.push(await serveTftp({ ...context.listenAt(address, 69), root, log }));
    }
  } catch (error) {
    close();
    throw error;
  }
  return standIn(close);
};

/** DHCP's port is taken as the real one takes it; what comes there is not answered. */
async function holdPort({ host, port }: Address): Promise<() => void> {
  const socket = createSocket("udp4");
  await new Promise<void>((done, failed) => {
    socket.once("error", failed);
    socket.bind(port, host, done);
  });
  socket.on("error", () => undefined);
  return () => socket.close();
}
