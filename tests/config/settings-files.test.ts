import { expect } from "chai";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError } from "../../stacks/config-problems.ts";
import { parseSettings } from "../../stacks/config-parse.ts";

const invalid = join(import.meta.dirname, "invalid");
const valid = join(import.meta.dirname, "valid");
const namesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder).filter((file) => file.endsWith(ending)).map((file) => basename(file, ending)).sort();
const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");
const update = process.env["UPDATE_GOLDEN"] === "1";

/** What a person sees when Pulumi.example.yaml has this text. */
function messageFor(source: string): string {
  const { settings, problems } = parseSettings(source);
  expect(settings, "was accepted").to.equal(undefined);
  return `${new ConfigError("Pulumi.example.yaml", problems).message}\n`;
}

describe("settings files", () => {
  describe("that are wrong are refused, with every problem in the words of its golden file", () => {
    for (const name of namesIn(invalid, ".yaml")) {
      it(name.replaceAll("-", " "), () => {
        const golden = join(invalid, `${name}.golden.txt`);
        const message = messageFor(read(invalid, `${name}.yaml`));
        if (update) writeFileSync(golden, message);
        expect(existsSync(golden), `${name}.golden.txt is missing: write it with UPDATE_GOLDEN=1 and read it`).to.equal(true);
        expect(message).to.equal(readFileSync(golden, "utf8"));
      });
    }

    it("and every golden file has its settings file, enough of both", () => {
      expect(namesIn(invalid, ".golden.txt")).to.deep.equal(namesIn(invalid, ".yaml"));
      expect(namesIn(invalid, ".yaml")).to.have.length.of.at.least(25);
      const strays = readdirSync(invalid).filter((file) => !/\.(yaml|golden\.txt)$/.test(file));
      expect(strays).to.deep.equal([]);
    });

    it("and a run that rewrites golden files never passes", () => {
      expect(update, "the golden files were rewritten: read what changed, then run again without UPDATE_GOLDEN").to.equal(false);
    });
  });

  describe("each of their messages", () => {
    for (const name of namesIn(invalid, ".yaml")) {
      it(`helps: ${name.replaceAll("-", " ")}`, () => {
        const { problems } = parseSettings(read(invalid, `${name}.yaml`));
        const lineCount = read(invalid, `${name}.yaml`).split("\n").length;
        for (const { key, problem, allowed, fix, line } of problems) {
          for (const text of [key, problem, allowed, fix]) expect(text).to.match(/\S/).and.not.match(/undefined|null|NaN|\[object|ZodError|parseAllDocuments/);
          if (line !== undefined) expect(line).to.be.within(1, lineCount);
        }
        const lines = problems.map(({ line }) => line ?? Infinity);
        expect(lines, "in the order of the file").to.deep.equal(lines.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
      });
    }
  });

  describe("that are right are taken", () => {
    for (const name of namesIn(valid, ".yaml")) {
      it(name.replaceAll("-", " "), () => {
        expect(parseSettings(read(valid, `${name}.yaml`)).problems).to.deep.equal([]);
      });
    }

    it("there are enough of them, and nothing else", () => {
      expect(namesIn(valid, ".yaml")).to.have.length.of.at.least(8);
      expect(readdirSync(valid)).to.have.length(namesIn(valid, ".yaml").length);
    });
  });

  it("give exactly the settings they hold, without Pulumi's own keys", () => {
    expect(parseSettings(read(valid, "aws-complete.yaml")).settings).to.deep.equal({
      target: "aws",
      awsAccountId: "123456789012",
      region: "eu-west-1",
      availabilityZone: "eu-west-1a",
      operatorPrefix: "2001:db8:1:2::/64",
      network: { vpcCidr: "10.10.0.0/16", subnetCidr: "10.10.0.0/24", flowLogRetentionDays: 7 },
      nodes: { count: 3, controlPlanes: 1, firstAddress: "10.10.0.11", instanceType: "t4g.small", volumeGiB: 10, boot: "ipxe" },
      window: { start: "18:00", hours: 5, timezone: "Europe/Berlin", days: ["mon", "tue", "wed", "thu", "fri"] },
      bastion: {
        address: "10.10.0.100",
        instanceType: "t4g.small",
        volumeGiB: 16,
        egress: "public-ipv4",
        dhcpRange: { first: "10.10.0.110", last: "10.10.0.199" },
      },
      image: { "spin-only": { digest: `sha256:${"0a".repeat(32)}`, vmlinuz: `sha256:${"1b".repeat(32)}`, initramfs: `sha256:${"2c".repeat(32)}` } },
    });
    const withPulumis = parseSettings(read(valid, "pulumi-keys.yaml")).settings;
    const { image, ...others } = parseSettings(read(valid, "aws-complete.yaml")).settings!;
    expect(image).to.have.property("spin-only");
    expect(withPulumis).to.deep.equal(others);
  });

  describe("never let a pasted secret travel whole", () => {
    const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const settings = read(valid, "aws-complete.yaml");
    const places: Record<string, string> = {
      "as the value of a setting": settings.replace(/region: .*/, `region: ${secret}`),
      "below an unknown setting": `${settings}  moon-and-back:secret: ${secret}\n`,
      "in a list": settings.replace(/region: .*/, `region: [${secret}]`),
      "in a section": settings.replace(/region: .*/, `region: {key: ${secret}}`),
      "below an unknown key of the file": `${settings}secret: ${secret}\n`,
      "below a key without namespace": `${settings}  secret: ${secret}\n`,
      "as the whole file": secret,
      "where the YAML is broken": `config:\n  key: "${secret}\n`,
    };
    for (const [place, source] of Object.entries(places)) {
      it(place, () => {
        const message = messageFor(source);
        expect(message).not.to.include(secret.slice(0, 20));
        expect(message).not.to.include(secret.slice(-20));
      });
    }
  });
});
