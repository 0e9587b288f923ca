import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { parse } from "yaml";
import { renderBundle } from "../../components/render/bundle.ts";
import { renderCloudConfig, renderUserData, userDataLimit, type UserDataArgs } from "../../components/render/cloud-init.ts";
import { bundleArgs, threeControlPlanes, tunnel, userDataArgs } from "./samples.ts";

const whole: UserDataArgs = { ...userDataArgs, bundle: renderBundle(bundleArgs) };
const unpack = (userData: string): string => gunzipSync(Buffer.from(userData, "base64")).toString("utf8");

interface Config {
  readonly write_files: readonly { readonly path: string; readonly content: string; readonly permissions: string }[];
  readonly runcmd: readonly (readonly string[])[];
  readonly packages: readonly string[];
}
const configOf = (args: UserDataArgs): Config => parse(renderCloudConfig(args), { version: "1.1" }) as Config;

describe("the bastion's user data", () => {
  it("is the cloud-config, packed", () => {
    expect(unpack(renderUserData(whole))).to.equal(renderCloudConfig(whole));
    expect(renderCloudConfig(whole)).to.match(/^#cloud-config\n/);
  });

  it("is the same for the same arguments, whenever it is made", async () => {
    const first = renderUserData(whole);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(renderUserData({ ...whole, bundle: renderBundle({ ...bundleArgs }) })).to.equal(first);
    // gzip's header holds a time (bytes 4 to 7): none.
    expect([...Buffer.from(first, "base64").subarray(4, 8)]).to.deep.equal([0, 0, 0, 0]);
  });

  it("is far below what EC2 takes, with a tunnel too", () => {
    for (const args of [whole, { ...whole, tunnel }, { ...whole, tunnel, bundle: renderBundle(threeControlPlanes) }]) expect(Buffer.from(renderUserData(args), "base64").length).to.be.below(userDataLimit / 2);
  });

  it("is refused with its size when it is larger than EC2 takes", () => {
    // Bytes that do not compress.
    const content = Array.from({ length: 40_000 }, (_, index) => ((index * 2_654_435_761) >>> 7).toString(36)).join("");
    expect(() => renderUserData({ ...whole, bundle: [{ path: "big", content }] })).to.throw(/^the user data of tf-bastion is \d{5,} bytes after gzip; EC2 takes 16384$/);
  });

  it("holds no private key", () => {
    expect(unpack(renderUserData({ ...whole, tunnel }))).to.not.match(/PRIVATE KEY|PrivateKey\s*=|AKIA|password:/i);
  });

  it("brings every file of the bundle as it is", () => {
    const { write_files: files } = configOf(whole);
    for (const { path, content, executable = false } of whole.bundle) {
      expect(files.find((file) => file.path === `/opt/moonback/netboot/${path}`), path).to.deep.equal({
        path: `/opt/moonback/netboot/${path}`, content, permissions: executable ? "0755" : "0644",
      });
    }
  });

  it("does these things, in this order", () => {
    const fetch = ["/opt/moonback/bin/fetch-secrets", "/opt/moonback/secrets.json"];
    const compose = ["docker", "compose", "--project-directory", "/opt/moonback/netboot", "up", "--detach"];
    expect(configOf(whole).runcmd).to.deep.equal([fetch, ["systemctl", "restart", "ssh"], compose]);
    const tunnelled = configOf({ ...whole, tunnel });
    expect(tunnelled.runcmd).to.deep.equal([fetch, ["systemctl", "restart", "ssh"], ["systemctl", "enable", "--now", "wg-quick@home"], compose]);
    expect(tunnelled.packages.filter((name) => !configOf(whole).packages.includes(name))).to.deep.equal(["wireguard-tools"]);
  });

  it("runs only what it writes or what its packages bring", () => {
    const { write_files: files, runcmd } = configOf(whole);
    for (const [program = ""] of runcmd) {
      if (program.startsWith("/")) expect(files.find(({ path }) => path === program)?.permissions, program).to.equal("0755");
      else expect(["systemctl", "docker"]).to.include(program);
    }
  });
});
