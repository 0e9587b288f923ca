// A node's user data, run by a real iPXE: the bastion does not know the node at first, then lacks a file, then has all.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { ports } from "../../components/ports.ts";
import { renderNodeScript } from "../../components/render/node-script.ts";
import { network } from "../../lab/bundle.ts";
import { machine } from "../../lab/node-boot.ts";
import { table } from "../../lab/report.ts";
import { problem, skipped, Trials } from "./trial.ts";

const script = "user-data.ipxe";
const url = `http://${network.address}:${ports.matchbox}`;

describe(`the user data of a node in the netboot lab${skipped}`, function () {
  this.timeout(600_000);
  let trials: Trials | undefined;
  before(async function () {
    if (problem !== undefined) return this.skip();
    trials = await Trials.prepare();
  });
  after(() => trials?.end());

  it("asks until matchbox knows the node and has its files, and keeps nothing of what was fetched in vain", async () => {
    if (trials === undefined) throw new Error("nothing is prepared");
    const held: { back: () => void }[] = [];
    const running = trials.boot(
      "user-data",
      (bundle) => {
        // On EC2 iPXE takes it from the metadata service when it has an address; here DHCP names it.
        const configuration = join(bundle, "dnsmasq.conf");
        writeFileSync(configuration, readFileSync(configuration, "utf8").replace(`${url}/boot.ipxe`, `${url}/assets/${script}`));
        // It lists what it holds before each try.
        const text = renderNodeScript({ name: machine.name, bastion: network.address });
        writeFileSync(join(bundle, "assets", script), text.replace(/^chain /m, "echo it holds:\nimgstat ||\nchain "));
        for (const file of [`matchbox/groups/${machine.name}.json`, `assets/talos/${machine.variant}/initramfs.xz`]) held.push(hold(join(bundle, file)));
      },
      { expected: { bootScript: `${url}/assets/${script}` } },
    );
    const console = join(trials.logs("user-data"), "firmware.log");
    await sees(console, /: try 2: /);
    held[0]?.back();
    await sees(console, /initramfs\.xz\.\.\. Not found[^]*: try \d+: [^]*initramfs\.xz\.\.\. Not found/);
    held[1]?.back();

    const { booted } = await running;
    expect(booted.steps.filter(({ evidence }) => evidence === undefined).map(({ step }) => step), table(booted)).to.deep.equal(["boot.ipxe"]);
    expect(booted.logs.firmware).to.match(/moonback talos-node-1: address 10\.10\.0\.\d+ mac 52:54:00:00:00:11\n/);
    const lists = [...booted.logs.firmware.matchAll(/it holds:\n([^]*?)http:/g)].map(([, list = ""]) => list.trim());
    expect(lists.length, "tries").to.be.at.least(5);
    expect(lists.filter((list) => list !== "")).to.deep.equal([]);
  });
});

/** Takes a file away until it is given back. */
function hold(file: string): { back: () => void } {
  renameSync(file, `${file}.held`);
  return { back: () => renameSync(`${file}.held`, file) };
}

function sees(file: string, pattern: RegExp): Promise<undefined> {
  const attempt = () => (existsSync(file) && pattern.test(readFileSync(file, "utf8")) ? { done: true as const, value: undefined } : { done: false as const, reason: `the console does not say ${pattern.source}` });
  return poll(() => Promise.resolve(attempt()), { timeoutMs: 240_000, intervalMs: 200 });
}
