import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { execa } from "execa";
import { lostType } from "../../automation/recovery/lost.ts";
import { packages } from "../../rehearsal/providers/packages.ts";
import { Empty, type pluginMessages } from "../../rehearsal/providers/wire.ts";
import { ProviderUnderTest } from "./harness.ts";

const providers = join(import.meta.dirname, "../../rehearsal/providers");
const names = Object.keys(packages) as (keyof typeof packages)[];

/** Where the types of each package are held to their contract, for every input of every type. */
const contracts: Readonly<Record<keyof typeof packages, string>> = {
  aws: "contract.test.ts", command: "command.test.ts", kubernetes: "kubernetes/contract.test.ts", tls: "tls.test.ts",
};

/** Prints every module that is loaded for one package. */
const LOADED = `
  import { registerHooks } from "node:module";
  registerHooks({ load: (url, context, next) => { console.log(url); return next(url, context); } });
  const { packages } = await import("${join(providers, "packages.ts")}");
  await packages[process.argv[1]]();
`;

describe("the packages with a stand-in provider", () => {
  it("have a plug-in each, and there is no other", () => {
    expect(readdirSync(join(providers, "bin"))).to.have.members(names.map((name) => `pulumi-resource-${name}`));
  });

  it("are named when somebody asks for another", async () => {
    const { stderr, exitCode } = await execa(process.execPath, [join(providers, "serve.ts"), "random"], { reject: false });
    expect(exitCode).to.equal(1);
    expect(stderr).to.include("no stand-in provider 'random'; known: aws, command, kubernetes, tls");
  });

  for (const name of names) {
    describe(name, () => {
      it("has contract tests", () => {
        expect(existsSync(join(import.meta.dirname, contracts[name]))).to.be.true;
      });

      it("knows types of its own only, each once, and recovery knows them all", async () => {
        const { types } = await packages[name]();
        for (const { token } of types) {
          expect(token).to.match(new RegExp(`^${name}:`));
          expect(lostType(token), token).to.not.equal(undefined);
        }
        expect(new Set(types.map(({ token }) => token)).size).to.equal(types.length);
      });

      it("names the file with its types, which is there", async () => {
        const { typesFile } = await packages[name]();
        expect(existsSync(join(providers, "../..", typesFile)), typesFile).to.be.true;
      });

      it("is served by its plug-in in the version of its SDK, until it is interrupted", async () => {
        const { version } = createRequire(import.meta.url)(`@pulumi/${name}/package.json`) as { version: string };
        const child = spawn(join(providers, "bin", `pulumi-resource-${name}`), ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
        const ended = once(child, "exit");
        try {
          const [line] = (await once(createInterface(child.stdout), "line")) as [string];
          const provider = new ProviderUnderTest(Number(line));
          const info = await provider.send<InstanceType<typeof pluginMessages.PluginInfo>>("getPluginInfo", new Empty());
          expect(info.getVersion()).to.equal(version);
          child.kill("SIGINT");
          expect(await ended).to.deep.equal([0, null]);
          provider.client.close();
        } finally {
          child.kill("SIGKILL");
        }
      });

      it("loads no code of the others, and no client before it is needed", async () => {
        const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", LOADED, name]);
        const loaded = stdout.split("\n").filter((url) => url.startsWith("file:"));
        expect(loaded.filter((url) => url.includes(`/providers/${name}/`)), "the hook sees what is loaded").not.to.be.empty;
        const others = names.filter((other) => other !== name).map((other) => `/providers/${other}/`);
        const late = ["/@aws-sdk/", "/node_modules/ssh2/", "/node_modules/execa/", "/node_modules/jsonpath-rfc9535/"];
        expect(loaded.filter((url) => [...others, ...late].some((part) => url.includes(part)))).to.deep.equal([]);
      });
    });
  }
});
