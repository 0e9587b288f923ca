import * as aws from "@pulumi/aws";
import { bastionName } from "../components/bastion.ts";
import { Booted } from "../components/booted.ts";
import { generationOf } from "./generation.ts";
import { awsStage } from "./aws-stage.ts";
import type { NetbootOutputs } from "./outputs.ts";
import { project } from "./project.ts";
import type { StageContext } from "./stage.ts";

/** Stage `netboot`: the bastion that runs now, waited for; later stages take its generation from here. */
export function netboot({ environment, upstream }: StageContext): NetbootOutputs {
  const bastion = upstream("bastion");
  const options = awsStage("netboot", environment);
  const machines = aws.ec2.getInstancesOutput(
    { instanceTags: { project, env: environment.name, Name: bastionName }, instanceStateNames: ["running"] },
    { provider: options.providers.aws },
  );
  const { generation } = new Booted(
    "netboot",
    {
      host: bastion.ipv6Address,
      user: bastion.user,
      privateKey: bastion.operatorPrivateKey,
      hostKey: bastion.hostPublicKey,
      generation: machines.ids.apply(generationOf),
    },
    options,
  );
  return { generation };
}
