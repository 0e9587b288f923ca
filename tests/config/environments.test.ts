import { expect } from "chai";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode, UserError } from "../../common/errors.ts";
import { ConfigError } from "../../stacks/config-problems.ts";
import { listEnvironments, loadEnvironment, missingForUp } from "../../stacks/config.ts";

const checkout = join(import.meta.dirname, "..", "..");

function refusal(directory: string, name: string): UserError {
  try {
    loadEnvironment(directory, name);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`"${name}" was accepted`);
}

describe("an environment", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback-config-"));
    for (const name of ["lab", "stage2"]) copyFileSync(join(import.meta.dirname, "valid", "local-world.yaml"), join(folder, `Pulumi.${name}.yaml`));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("has its name and the settings of its file", () => {
    const { name, target, network } = loadEnvironment(folder, "lab");
    expect({ name, target, network }).to.deep.equal({
      name: "lab",
      target: "local-world",
      network: { vpcCidr: "10.10.0.0/16", subnetCidr: "10.10.0.0/24", flowLogRetentionDays: 7 },
    });
  });

  it("that has no file is refused with the known ones and the nearest", () => {
    const error = refusal(folder, "lap");
    expect(error.exitCode).to.equal(ExitCode.usage);
    expect(error.message).to.equal(`There is no environment "lap": Pulumi.lap.yaml does not exist in ${folder}. Known: lab, stage2.`);
    expect(error.fix).to.equal('Did you mean "lab"? Write Pulumi.lap.yaml to make it.');
  });

  it("that resembles none is not guessed at", () => {
    expect(refusal(folder, "attic").fix).to.equal("Write Pulumi.attic.yaml to make it.");
    expect(refusal(folder, "../../x").fix).to.equal("Name one of the known ones.");
  });

  for (const name of ["lab-network", "../lab", "/etc/passwd", "Lab", "1lab", "", "a".repeat(17), "lab.", "lab\n", "läb", "lab/../lab"]) {
    it(`is refused with a bad name: ${JSON.stringify(name)}`, () => {
      // A file of that very name must make no difference.
      if (!/[/\n]/.test(name)) copyFileSync(join(folder, "Pulumi.lab.yaml"), join(folder, `Pulumi.${name}.yaml`));
      const error = refusal(folder, name);
      expect(error.exitCode).to.equal(ExitCode.usage);
      expect(error.message).to.include("a name is a lower-case letter and up to 15 more letters and digits. Known: lab, stage2.");
      expect(error.fix).to.match(/^(Did you mean "lab"\?|Name one of the known ones\.)$/);
    });
  }

  it("whose name has the longest length is taken", () => {
    const name = "a".repeat(16);
    copyFileSync(join(folder, "Pulumi.lab.yaml"), join(folder, `Pulumi.${name}.yaml`));
    expect(loadEnvironment(folder, name).name).to.equal(name);
  });

  it("that cannot be read is refused without a stack", function () {
    if (process.getuid?.() === 0) this.skip();
    chmodSync(join(folder, "Pulumi.lab.yaml"), 0o000);
    const error = refusal(folder, "lab");
    expect(error.exitCode).to.equal(ExitCode.usage);
    expect(error.message).to.match(/^The settings file cannot be read: .*permission denied/i);
  });

  it("whose file is a folder is refused without a stack", () => {
    mkdirSync(join(folder, "Pulumi.odd.yaml"));
    const error = refusal(folder, "odd");
    expect(error.exitCode).to.equal(ExitCode.usage);
    expect(error.message).to.include("The settings file cannot be read");
    expect(error.fix).to.include("Pulumi.odd.yaml");
  });

  it("in a folder that is not there is refused, and where it was looked for is said", () => {
    const error = refusal(join(folder, "nowhere"), "lab");
    expect(error.message).to.include(`does not exist in ${join(folder, "nowhere")}. Known: none.`);
  });

  it("whose settings are wrong is refused with its own file's name", () => {
    writeFileSync(join(folder, "Pulumi.lab.yaml"), "config: {}\n");
    const error = refusal(folder, "lab");
    expect(error).to.be.instanceOf(ConfigError);
    expect(error.message).to.match(/^Pulumi\.lab\.yaml has 7 problems; nothing was touched\./);
    expect(error.exitCode).to.equal(ExitCode.usage);
  });

  it("is listed by its file; the files of stage stacks and other files are not environments", () => {
    for (const file of ["Pulumi.lab-network.yaml", "Pulumi.yaml", "Pulumi.Big.yaml", "Pulumi.lab.yaml.bak", "xPulumi.a.yaml", `Pulumi.${"a".repeat(17)}.yaml`]) writeFileSync(join(folder, file), "");
    expect(listEnvironments(folder)).to.deep.equal(["lab", "stage2"]);
  });
});

describe("the environments of this checkout", () => {
  for (const name of listEnvironments(checkout)) {
    it(`load: ${name}`, () => {
      expect(loadEnvironment(checkout, name).name).to.equal(name);
    });
  }

  it("are the rehearsal and the demo at least", () => {
    expect(listEnvironments(checkout)).to.include.members(["demo", "rehearsal"]);
  });

  it("rehearsal can be built as it is", () => {
    expect(missingForUp(loadEnvironment(checkout, "rehearsal"))).to.deep.equal([]);
  });

  it("demo can be planned as it is, and lacks exactly three settings before up", () => {
    const missing = missingForUp(loadEnvironment(checkout, "demo"));
    expect(missing.map(({ key }) => key)).to.deep.equal(["awsAccountId", "operatorPrefix", "image.spin-only"]);
    const golden = readFileSync(join(import.meta.dirname, "demo-before-up.golden.txt"), "utf8");
    expect(`${new ConfigError("Pulumi.demo.yaml", missing).message}\n`).to.equal(golden);
  });

  it("demo lacks nothing once its three comments are filled in", () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-config-"));
    try {
      const text = readFileSync(join(checkout, "Pulumi.demo.yaml"), "utf8")
        .replace("# moon-and-back:awsAccountId", "moon-and-back:awsAccountId").replace("<12 digits>", "123456789012")
        .replace("# moon-and-back:operatorPrefix", "moon-and-back:operatorPrefix").replace("<prefix>/64", "2001:db8::/64")
        .replace("# moon-and-back:image", "moon-and-back:image")
        .replace("#   spin-only", "  spin-only").replaceAll("#     ", "    ").replaceAll("<64 hex digits>", "ab".repeat(32));
      writeFileSync(join(folder, "Pulumi.demo.yaml"), text);
      expect(missingForUp(loadEnvironment(folder, "demo"))).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("a rehearsal needs an image to serve, and its account", () => {
    const rehearsal = loadEnvironment(checkout, "rehearsal");
    expect(missingForUp({ ...rehearsal, image: undefined }).map(({ key }) => key)).to.deep.equal(["image.spin-only"]);
    expect(missingForUp({ ...rehearsal, awsAccountId: undefined }).map(({ key }) => key)).to.deep.equal(["awsAccountId"]);
  });
});
