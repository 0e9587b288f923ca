import { matchboxUrl } from "./matchbox-node.ts";
import { lines } from "./file.ts";

/**
 * The user data of a node: what iPXE runs when it has an address (ipxe.org/howto/ec2). It asks matchbox for its own boot script
 * for as long as it takes, since nobody is there to press a key: `up` puts the script there after the nodes have started.
 * What it prints is on the console that EC2 keeps (GetConsoleOutput).
 */
export function renderNodeScript({ name, bastion }: { readonly name: string; readonly bastion: string }): string {
  const url = `${matchboxUrl(bastion)}/ipxe?mac=\${net0/mac:hexhyp}&name=${name}`;
  const say = (text: string): string => `echo moonback ${name}: ${text}`;
  return lines(
    "#!ipxe",
    say("iPXE starts"),
    "set tries:int32 0",
    ":network",
    `ifconf --configurator dhcp || goto no-network`,
    say("address ${net0/ip} mac ${net0/mac}"),
    ":ask",
    // What an earlier try has loaded would stay in memory.
    "imgfree",
    "inc tries",
    say(`try \${tries}: ${url}`),
    `chain --autofree ${url} || goto refused`,
    ":refused",
    // A machine that matchbox does not know yet is given a script that ends at once.
    say("matchbox does not answer, or not yet for this machine: ${errno}; again in 5 seconds"),
    "sleep 5",
    "goto ask",
    ":no-network",
    say("no address: ${errno}; again in 5 seconds"),
    "sleep 5",
    "goto network",
  );
}
