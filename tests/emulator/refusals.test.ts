// AWS's refusals, each provoked through the real SDK. The table is the emulator's own (`--rules`); a rule without a
// scenario fails here, and so does a scenario without a rule.

import { expect } from "chai";
import { Aws, refused, send, type Scenarios } from "./aws.ts";
import { addresses, flowLogs, interfaces, securityGroups } from "./scenarios/groups.ts";
import { parameters, profiles } from "./scenarios/identities.ts";
import { instances, launches, launchTemplates, volumes } from "./scenarios/instances.ts";
import { gateways, subnets, vpcs } from "./scenarios/network.ts";
import { routes, routeTables } from "./scenarios/routes.ts";
import { scalingGroups, schedules } from "./scenarios/scaling.ts";
import { logGroups, roles } from "./scenarios/services.ts";
import { tags } from "./scenarios/tags.ts";
import { ruleTable, startEmulator, type Emulator, type Rule } from "./start.ts";

const areas: Record<string, Scenarios> = {
  VPCs: vpcs, subnets, "internet gateways": gateways, routes, "route tables": routeTables,
  "security groups": securityGroups, "network interfaces": interfaces, addresses, "flow logs": flowLogs,
  launches, instances, volumes, "launch templates": launchTemplates, "Auto Scaling groups": scalingGroups, schedules,
  "EC2 tags": tags, "IAM roles": roles, "instance profiles": profiles, "log groups": logGroups, parameters,
};
const scenarios: Scenarios = Object.assign({}, ...Object.values(areas)) as Scenarios;

describe("the rehearsal's AWS refuses", function () {
  this.timeout(30_000);
  let emulator: Emulator;
  let aws: Aws;
  let rules: Map<string, Rule>;

  before(async () => {
    rules = new Map(ruleTable().map((rule) => [rule.id, rule]));
    emulator = await startEmulator();
    aws = new Aws(emulator.endpoint);
  });
  after(async () => {
    aws.destroy();
    await emulator.stop();
  });

  it("what the table says: every rule has a scenario and every scenario a rule", () => {
    const written = Object.values(areas).flatMap((area) => Object.keys(area));
    expect(written).to.have.members([...rules.keys()]);
    expect(written).to.have.lengthOf(rules.size);
  });

  it("with a sentence that names its source", () => {
    const silent = [...rules.values()].filter(({ says }) => !/\((?:.*\b(?:API|guide|EC2|quotas)\b.*|.*#\d+.*)\)\.$/.test(says));
    expect(silent.map(({ id }) => id)).to.deep.equal([]);
  });

  for (const [area, members] of Object.entries(areas)) {
    describe(area, () => {
      for (const id of Object.keys(members)) {
        it(id, async () => {
          const rule = rules.get(id);
          if (rule === undefined) throw new Error(`no rule is called ${id}`);
          const [service, action] = rule.call.split(":") as [string, string];
          const command = await scenarios[id]!(aws);
          expect(command.constructor.name, "the call the rule is about").to.equal(`${action}Command`);
          const seen = await refused(send(aws, service, command));
          expect(seen).to.include({ code: rule.code, rule: rule.by === "moonback" ? id : undefined });
          expect(seen.status).to.be.within(400, 409);
        });
      }
    });
  }
});
