import { ExitCode } from "../../common/errors.ts";
import { project } from "../../stacks/project.ts";
import { stages } from "../../stacks/registry.ts";
import { confirm } from "../confirm.ts";
import { engineSettings } from "../engine-settings.ts";
import { findForeign, type Foreign } from "../foreign.ts";
import { confirmAccount, refuseIncomplete, startWorld } from "../preflight.ts";
import { recoverStage } from "../recovery/recover-stage.ts";
import { takeIn } from "../recovery/take-in.ts";
import { holdEnvironment } from "../run-lock.ts";
import type { Session } from "../session.ts";

/** Takes what somebody else made under a name of ours into the environment, each after a question. From then on it is changed and deleted like the rest. */
export async function adopt(session: Session, { yes }: { readonly yes: boolean }): Promise<ExitCode> {
  const { console, environment, signal } = session;
  await refuseIncomplete(session);
  return holdEnvironment(session, "adopt", async () => {
    await startWorld(session);
    await confirmAccount(session);
    const settings = await engineSettings(session);
    const foreign = await findForeign(stages, session);
    if (foreign.length === 0) {
      console.result(`There is nothing to adopt: whatever has a name of ${environment.name} is ${environment.name}'s.`);
      return ExitCode.done;
    }
    for (const one of foreign) {
      const { stage, claim, id, description } = one;
      await confirm(`Take ${description} into ${environment.name}? \`up\` will change it, \`down\` will delete it.`, yes, signal);
      await recoverStage(stage, session, settings);
      const changes = await console.during(`taking in ${description}`, () => takeIn(stage, [{ type: claim.type, name: claim.resource, id }], session, settings));
      await tag(one, session);
      console.say("good", `${description} is ${environment.name}'s ${claim.resource}; \`up\` will change ${changes.join(", ") || "nothing"}`);
      console.emit({ kind: "adopt", id, stage: stage.name, resource: claim.resource, changes });
    }
    console.result(`Adopted ${foreign.length === 1 ? "one object" : `${foreign.length} objects`}. \`npm run preview -- ${environment.name}\` shows what will become of it, \`npm run up -- ${environment.name}\` does it.`);
    return ExitCode.done;
  });
}

/** Makes it ours for everybody who asks by tags; the rest of the tags is `up`'s. */
async function tag({ stage, claim, id }: Foreign, { environment, world, signal }: Session): Promise<void> {
  const tags = Object.entries({ project, env: environment.name, stage: stage.name }).map(([Key, Value]) => ({ Key, Value }));
  if (claim.type === "aws:autoscaling/group:Group") {
    const { CreateOrUpdateTagsCommand } = await import("@aws-sdk/client-auto-scaling");
    const Tags = tags.map((one) => ({ ...one, ResourceId: id, ResourceType: "auto-scaling-group", PropagateAtLaunch: true }));
    await (await world.sources.autoscaling.client()).send(new CreateOrUpdateTagsCommand({ Tags }), { abortSignal: signal });
    return;
  }
  const { CreateTagsCommand } = await import("@aws-sdk/client-ec2");
  await (await world.sources.ec2.client()).send(new CreateTagsCommand({ Resources: [id], Tags: tags }), { abortSignal: signal });
}
