// The iPXE interpreter: each command, what stands between commands, and scripts that never end.

import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { FetchFailure, type Fetched, type IpxeHost } from "../../rehearsal/talos/ipxe/host.ts";
import { isScript, scriptLines } from "../../rehearsal/talos/ipxe/parse.ts";
import { Ipxe, type Outcome } from "../../rehearsal/talos/ipxe/run.ts";

const matchbox = "http://10.10.0.100:8080";
const efi = "MZ program";

interface Ran extends Outcome {
  readonly console: string;
  readonly fetched: readonly string[];
  readonly waited: readonly number[];
}

/** Runs a script's lines on a machine whose network has these pages; a text is its answer, a number its status. */
async function run(lines: readonly string[], pages: Readonly<Record<string, string | number | FetchFailure>> = {}, more: Partial<IpxeHost> & { readonly signal?: AbortSignal } = {}): Promise<Ran> {
  let console = "";
  const fetched: string[] = [];
  const waited: number[] = [];
  const host: IpxeHost = {
    mac: "0a:1b:2c:3d:4e:5f",
    uuid: "ec2d3f4a-0000-4000-8000-000000000001",
    serial: "ec2d3f4a",
    print: (text) => (console += text),
    lease: () => ({ address: "10.10.0.11", netmask: "255.255.255.0", gateway: "10.10.0.1" }),
    fetch: (url): Promise<Fetched> => {
      fetched.push(url);
      const page = pages[url.replace(matchbox, "")] ?? 404;
      if (page instanceof FetchFailure) return Promise.reject(page);
      return Promise.resolve(typeof page === "number" ? { status: page, body: Buffer.alloc(0) } : { status: 200, body: Buffer.from(page) });
    },
    clock: { now: () => 0, elapsed: () => 0, wait: (ms, signal) => (waited.push(ms), signal?.throwIfAborted(), Promise.resolve()) },
    isEfi: (bytes) => bytes.toString().startsWith("MZ"),
    ...more,
  };
  const outcome = await new Ipxe(host).run(Buffer.from(`#!ipxe\n${lines.join("\n")}\n`), "http://169.254.169.254/latest/user-data", more.signal ?? new AbortController().signal);
  return { ...outcome, console, fetched, waited };
}
const said = async (...lines: string[]): Promise<string> => (await run(lines)).console;
const shown = async (text: string): Promise<string> => (await said(`echo ${text}`)).trimEnd();

describe("iPXE: scripts and lines", () => {
  it("knows a script by its first line", () => {
    for (const text of ["#!ipxe\nboot\n", "#!ipxe \n", "#!gpxe\n"]) expect(isScript(Buffer.from(text)), text).to.equal(true);
    for (const text of ["", "#!ipxe", "#!/bin/sh\n", "#cloud-config\n", " #!ipxe\n", "#!ipxe2\n"]) expect(isScript(Buffer.from(text)), text).to.equal(false);
  });

  it("takes labels off, joins lines at a backslash, and reads Windows' line ends", () => {
    expect(scriptLines(":a echo 1\n  :b\nset x 1 \\\n 2\r\n")).to.deep.equal([
      { label: "a", command: "echo 1" },
      { label: "b", command: "" },
      { label: undefined, command: "set x 1  2" },
      { label: undefined, command: "" },
    ]);
  });

  it("leaves out comments: a word that begins with # begins one", async () => {
    expect(await said("# echo 1", "echo 2 # 3", "echo 4#5", "   ", "goto end   # `dhcp ||` style too", "echo 6", ":end")).to.equal("2\n4#5\n");
  });

  it("runs the next command on success, on failure, or always", async () => {
    expect(await said("isset x && echo 1 || echo 2", "isset ${x} && echo 3 || echo 4", "isset ${x} || echo 5 && echo 6", "isset x || echo 7 && echo 8", "echo 9 ; echo 10")).to.equal("1\n4\n5\n6\n8\n9\n10\n");
  });

  it("ends a script at a command that fails, unless a || follows", async () => {
    expect(await run(["isset ${x} ||", "echo 1", "isset ${x}", "echo 2"])).to.deep.include({ console: "1\n", error: { code: 0x2d02208e, text: "No such file or directory" } });
  });

  it("says what iPXE says of a command that it does not have, and takes it for a failure", async () => {
    const { console, error } = await run(["xyz a b || echo ${errno}", "isset ${errno} && imgstat"]);
    expect(console).to.equal("xyz: command not found\n0x2e022081\nimgstat: command not found\n");
    expect(error?.text).to.equal("Exec format error");
  });
});

describe("iPXE: settings", () => {
  it("expands what the machine is", async () => {
    expect(await shown("${net0/mac} ${mac:hexhyp} ${net0/mac:hexraw} ${netX/mac:hex}")).to.equal("0a:1b:2c:3d:4e:5f 0a-1b-2c-3d-4e-5f 0a1b2c3d4e5f 0a:1b:2c:3d:4e:5f");
    expect(await shown("${uuid} ${serial} ${buildarch} ${platform} [${hostname}]")).to.equal("ec2d3f4a-0000-4000-8000-000000000001 ec2d3f4a arm64 efi []");
    expect(await said("echo [${net0/ip}]", "dhcp", "echo ${net0/ip} ${ip} ${net0/netmask} ${gateway}")).to.equal("[]\nConfiguring (net0 0a:1b:2c:3d:4e:5f)... ok\n10.10.0.11 10.10.0.11 255.255.255.0 10.10.0.1\n");
  });

  it("expands inside out, and each word by itself", async () => {
    expect(await said("set which mac", "echo ${${which}:hexhyp} ${a}b }", "set words 1 2", "iseq ${words} 1 || echo no")).to.equal("0a-1b-2c-3d-4e-5f b }\nno\n");
  });

  it("sets, clears, tests and compares", async () => {
    expect(await said("set a  one   two", "echo ${a}", "isset ${a} && echo set", "clear a", "isset ${a} || echo ${errno}", "iseq x x && echo same", "iseq x y || echo ${errno}")).to.equal("one two\nset\n0x2d02208e\nsame\n0x46022085\n");
    expect(await shown("${a:uristring}")).to.equal("");
    expect(await said("set a b c/d", "echo ${a:uristring}")).to.equal("b%20c%2Fd\n");
  });

  it("counts, in the width of the setting's type", async () => {
    expect(await said("set n:int32 0", "inc n", "inc n 5", "echo ${n}", "inc new", "echo ${new}", "set s 7", "inc s", "echo ${s}")).to.equal("6\n1\n8\n");
    expect(await said("set n:int8 127", "inc n", "echo n ${n} ${n:uint8}", "set u:uint32 0", "echo ${u}", "inc u 255", "echo ${u} ${u:int32}")).to.equal("n -128 0x80\n0\n0xff 255\n");
    expect(await said("inc n many || echo ${errno}")).to.equal('"many": invalid integer value\n0x1c162182\n');
  });
});

describe("iPXE: commands", () => {
  it("echo", async () => {
    expect(await said("echo -n a  b", "echo c", "echo", "echo -- -n")).to.equal("a bc\n\n-n\n");
  });

  it("goto, backwards and forwards; a label that is not there is a failure", async () => {
    expect(await said("set n:int8 0", ":again inc n", "iseq ${n} 3 && goto out ||", "goto again", "echo never", ":out echo ${n}")).to.equal("3\n");
    expect(await run(["goto nowhere && echo 1 || echo ${errno}", "goto nowhere", "echo 2"])).to.deep.include({ console: "0x2d02808e\n" });
  });

  it("sleep", async () => {
    expect((await run(["sleep 5", "sleep 0x10", "sleep soon || echo no"])).waited).to.deep.equal([5_000, 16_000]);
  });

  it("exit ends the script, with a status or well", async () => {
    expect(await run(["exit", "echo 1"])).to.deep.include({ console: "", error: undefined });
    expect((await run(["exit 3 || echo 1", "echo 2"])).error?.code).to.equal(3);
  });

  it("ifconf and dhcp", async () => {
    expect(await said("ifconf --configurator dhcp", "ifconf -c dhcp net0 && echo yes", "ifconf net1 || echo ${errno}", "ifconf -c ipv6 || echo no", "dhcp --timeout 5000 net0")).to.equal(
      'Configuring [dhcp] (net0 0a:1b:2c:3d:4e:5f)... ok\nConfiguring [dhcp] (net0 0a:1b:2c:3d:4e:5f)... ok\nyes\n"net1": no such network device\n0x2c162087\n"ipv6": no such configurator\nno\nConfiguring (net0 0a:1b:2c:3d:4e:5f)... ok\n',
    );
    const { console, error } = await run(["dhcp"], {}, { lease: () => undefined });
    expect(console).to.equal("Configuring (net0 0a:1b:2c:3d:4e:5f)... Connection timed out (https://ipxe.org/4c106092)\n");
    expect(error?.text).to.equal("Connection timed out");
  });

  it("refuses options and arguments that a command does not have", async () => {
    expect(await said("sleep || echo ${errno}")).to.equal("Usage:\n\n  sleep <seconds>\n\nSee https://ipxe.org/cmd/sleep for further information\n0x46162085\n");
    expect(await said("chain --fast http://a/ || echo ${errno}")).to.match(/^Unrecognised option "--fast"\nUsage:\n\n {2}chain \[-n\|--name <name>\].*\[-r\|--replace\].*\n0x1c162282\n$/s);
    expect(await said("chain --name || echo ${errno}")).to.match(/^Option "name" requires an argument\n.*\n0x1c162382\n$/s);
  });
});

describe("iPXE: images", () => {
  const boot = ["kernel http://10.10.0.100:8080/a/vmlinuz?mac=1 initrd=initramfs.xz console=ttyS0", "initrd http://10.10.0.100:8080/a/initramfs.xz?mac=1", "boot"];

  it("kernel, initrd, boot: hands the machine over; the console hides the query", async () => {
    const { boot: given, console, fetched } = await run([...boot, "echo never"], { "/a/vmlinuz?mac=1": efi, "/a/initramfs.xz?mac=1": "cpio" });
    expect(given?.kernel).to.include({ name: "vmlinuz", cmdline: "initrd=initramfs.xz console=ttyS0" });
    expect(given?.initrds.map(({ name, bytes }) => [name, bytes.toString()])).to.deep.equal([["initramfs.xz", "cpio"]]);
    expect(fetched).to.deep.equal([`${matchbox}/a/vmlinuz?mac=1`, `${matchbox}/a/initramfs.xz?mac=1`]);
    expect(console).to.equal(`${matchbox}/a/vmlinuz... ok\n${matchbox}/a/initramfs.xz... ok\n`);
  });

  it("a kernel that the firmware does not load", async () => {
    const { console, boot: given } = await run([...boot.slice(0, 1), "boot"], { "/a/vmlinuz?mac=1": "of another machine" });
    expect(console).to.equal(`${matchbox}/a/vmlinuz... ok\nCould not select: Exec format error (https://ipxe.org/2e008081)\n`);
    expect(given).to.equal(undefined);
  });

  it("chain: into a script and back; its commands see the same settings", async () => {
    const { console, boot: given } = await run(["set a 1", `chain --autofree ${matchbox}/next?mac=\${mac:hexhyp}&x=y || goto failed`, "echo back ${a}", "goto end", ":failed echo failed", ":end"], {
      "/next?mac=0a-1b-2c-3d-4e-5f&x=y": "#!ipxe\ninc a:int32\nexit\necho never\n",
    });
    expect(console).to.equal(`${matchbox}/next... ok\nback 2\n`);
    expect(given).to.equal(undefined);
  });

  it("chain: into a script that boots, from an address relative to it", async () => {
    const { boot: given } = await run([`chain ${matchbox}/boot.ipxe`], { "/boot.ipxe": "#!ipxe\nchain ipxe?mac=${mac:hexhyp}\n", "/ipxe?mac=0a-1b-2c-3d-4e-5f": "#!ipxe\nkernel /v a=b\nboot\n", "/v": efi });
    expect(given?.kernel).to.include({ url: `${matchbox}/v`, cmdline: "a=b" });
  });

  it("chain --replace: the script does not come back", async () => {
    expect(await said("chain -ar http://10.10.0.100:8080/none || echo 1")).to.contain("Not found");
    const { console } = await run([`chain --replace ${matchbox}/next`, "echo never"], { "/next": "#!ipxe\necho next\n" });
    expect(console).to.equal(`${matchbox}/next... ok\nnext\n`);
  });

  it("matchbox's answer to a stranger leads back into the script", async () => {
    const { console, error } = await run([`chain --autofree ${matchbox}/ipxe || goto failed`, "echo again", "exit", ":failed echo failed"], { "/ipxe": "#!ipxe\nkernel || exit\nboot\n" });
    expect(console).to.match(/^http:\/\/10\.10\.0\.100:8080\/ipxe\.\.\. ok\nUsage:\n\n {2}kernel .*\nagain\n$/s);
    expect(error).to.equal(undefined);
  });

  it("a script that fails is a chain that fails", async () => {
    const { console } = await run([`chain ${matchbox}/next || echo failed: \${errno}`], { "/next": `#!ipxe\ninitrd ${matchbox}/gone\n` });
    expect(console).to.equal(`${matchbox}/next... ok\n${matchbox}/gone... Not found (https://ipxe.org/2d0c618e)\nCould not boot: Not found (https://ipxe.org/2d0c618e)\nfailed: 0x2d0c618e\n`);
  });

  const answers: Record<string, string | number | FetchFailure> = {
    "Not found (https://ipxe.org/2d0c618e)": 404,
    "HTTP 4xx Client Error (https://ipxe.org/1d0c6498)": 400,
    "HTTP 5xx Server Error (https://ipxe.org/1d0c6598)": 503,
    "Unrecognised HTTP response code (https://ipxe.org/1d0c6198)": 302,
    "Connection reset (https://ipxe.org/0f0a6095)": new FetchFailure("reset", "refused"),
    "Connection timed out (https://ipxe.org/4c0a6092)": new FetchFailure("timed-out", "too slow"),
    "Network unreachable (https://ipxe.org/280a6090)": new FetchFailure("unreachable", "no way"),
  };
  for (const [text, answer] of Object.entries(answers)) {
    it(`a download that ends with: ${text}`, async () => {
      expect((await run([`initrd ${matchbox}/x`], { "/x": answer })).console).to.equal(`${matchbox}/x... ${text}\n`);
    });
  }

  it("downloads over HTTP only", async () => {
    expect(await said("initrd nfs://10.10.0.100/x || echo ${errno}")).to.equal("Could not start download: Operation not supported (https://ipxe.org/3c092083)\n0x3c092083\n");
  });

  it("imgfree forgets; boot without an image succeeds with nothing, as in iPXE", async () => {
    const pages = { "/v": efi, "/i": "cpio" };
    expect((await run([`kernel ${matchbox}/v`, "imgfree", "boot && echo ok"], pages)).console).to.match(/No image selected\nok\n$/);
    expect((await run([`initrd ${matchbox}/i`, `kernel ${matchbox}/v`, "imgfree i", "boot"], pages)).boot?.initrds).to.deep.equal([]);
    expect(await said("imgfree x || echo no")).to.equal('"x": no such image\nno\n');
  });

  it("boot and kernel take an image by the name that it has", async () => {
    const { boot: given, fetched } = await run([`initrd --name k ${matchbox}/v`, "kernel k a b", "boot k"], { "/v": efi });
    expect(given?.kernel).to.include({ name: "k", cmdline: "a b" });
    expect(fetched).to.have.length(1);
  });

  it("a script that is not one, and a program of another machine, cannot be chained to", async () => {
    expect((await run([`chain ${matchbox}/x || echo \${errno}`], { "/x": "<html>" })).console).to.contain("Could not boot: Exec format error (https://ipxe.org/2e008081)\n0x2e008081");
  });
});

describe("iPXE: scripts without an end", () => {
  it("a loop without anything to wait for ends with the signal", async () => {
    const over = new AbortController();
    const running = run([":again goto again"], {}, { signal: over.signal }).then(() => "ended", (error: unknown) => String(error));
    await delay(20);
    over.abort(new Error("powered off"));
    expect(await running).to.equal("Error: powered off");
  });

  it("a loop that retries a download ends with the signal", async () => {
    const over = new AbortController();
    let tries = 0;
    const wait = (_ms: number, signal?: AbortSignal): Promise<void> => {
      if (++tries === 100) over.abort(new Error("powered off"));
      signal?.throwIfAborted();
      return Promise.resolve();
    };
    const clock = { now: () => 0, elapsed: () => 0, wait };
    const script = ["set tries:int32 0", ":chain inc tries", `chain --autofree ${matchbox}/ipxe || goto failed`, ":failed echo failed: ${errno}; again in 5 seconds", "sleep 5", "goto chain"];
    const failure = await run(script, {}, { signal: over.signal, clock }).catch((error: unknown) => String(error));
    expect([failure, tries]).to.deep.equal(["Error: powered off", 100]);
  });

  it("a download that never ends ends with the signal, and with its own time-out before", async () => {
    const over = new AbortController();
    const fetch = (_url: string, signal: AbortSignal): Promise<Fetched> => new Promise((_done, failed) => signal.addEventListener("abort", () => failed(new Error("aborted"))));
    expect((await run([`initrd --timeout 20 ${matchbox}/x || echo late`], {}, { fetch })).console).to.equal(`${matchbox}/x... Connection timed out (https://ipxe.org/4c0a6092)\nlate\n`);
    const running = run([`initrd ${matchbox}/x`], {}, { fetch, signal: over.signal }).catch((error: unknown) => String(error));
    over.abort(new Error("powered off"));
    expect(await running).to.equal("Error: powered off");
  });
});
