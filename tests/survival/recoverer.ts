/**
 * Recovery on a lab's backend, with an AWS that has VPCs and nothing else. As a program, for tests that kill it:
 * `recoverer.ts <folder> <vpc id>…` recovers once.
 */
import { EC2Client } from "@aws-sdk/client-ec2";
import { join } from "node:path";
import { directoriesIn } from "../../automation/directories.ts";
import { recoverStage, type Recovery } from "../../automation/recovery/recover-stage.ts";
import type { Session } from "../../automation/session.ts";
import { tagValue } from "../../components/tagging.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import type { AwsSources } from "../../worlds/aws-sources.ts";
import { captured, type Captured } from "../automation/capture.ts";
import { Backend, made } from "./backend.ts";

export const vpc = made("aws:ec2/vpc:Vpc", "vpc", { inputs: {} });
export const network = stages.find(({ name }) => name === "network") as Stage;

/** The VPCs that AWS lists, all tagged as that resource's; called each time it is asked. */
export type Listed = () => readonly string[] | Promise<readonly string[]>;

export interface Lab {
  readonly session: Session;
  readonly captured: Captured;
  readonly recover: () => Promise<Recovery>;
}

export function newLab(backend: Backend, listed: Listed, settleMs = 0): Lab {
  const said = captured();
  const send = async (): Promise<unknown> => ({ Vpcs: (await listed()).map((VpcId) => ({ VpcId, Tags: [{ Key: "moonback:urn", Value: tagValue(vpc.urn) }, { Key: "env", Value: "lab" }] })) });
  const ec2 = Object.assign(new EC2Client({ region: "eu-west-1" }), { send });
  const sources = { ec2: { via: "stand-in", by: "the test", client: () => Promise.resolve(ec2) } } as unknown as AwsSources;
  const session = {
    environment: { ...loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal"), name: "lab" },
    directories: directoriesIn(backend.folder, backend.folder), console: said.console, clock: said.clock, signal: new AbortController().signal, world: { sources, settleMs },
  } as unknown as Session;
  return { session, captured: said, recover: () => recoverStage(network, session, backend.settings) };
}

if (process.argv[1] === import.meta.filename) {
  const [folder = "", ...ids] = process.argv.slice(2);
  await newLab(await Backend.at(folder), () => ids).recover();
}
