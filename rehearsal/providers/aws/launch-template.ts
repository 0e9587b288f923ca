import type { LaunchTemplate } from "@aws-sdk/client-ec2";
import { flag, text } from "../kinds.ts";
import type { InputSpec } from "../resource-type.ts";
import type { Properties } from "../values.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { withoutRepeating } from "./hidden.ts";
import { type DataInputs, dataInputs, dataOf, inputsOf } from "./launch-template-data.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface LaunchTemplateInputs extends DataInputs {
  readonly name: string;
  readonly description: string;
  readonly updateDefaultVersion: boolean;
  readonly tags?: Tags;
}

/** Versions cannot be changed: whatever is otherwise makes a new one, which becomes the default if the program wants that. */
const newVersion = (inputs: Properties): readonly string[] =>
  inputs["updateDefaultVersion"] === true ? ["latestVersion", "defaultVersion"] : ["latestVersion"];

const versioned = Object.fromEntries(
  Object.entries<InputSpec>({ description: { kind: text, default: "" }, ...dataInputs }).map(([property, spec]) => [property, { ...spec, affects: newVersion }]),
) as Record<"description" | keyof DataInputs, InputSpec>;

export const launchTemplate = awsType<LaunchTemplateInputs>(
  {
    token: "aws:ec2/launchTemplate:LaunchTemplate",
    calls: [
      "ec2:CreateLaunchTemplate", "ec2:CreateLaunchTemplateVersion", "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions",
      "ec2:ModifyLaunchTemplate", "ec2:DeleteLaunchTemplate", ...EC2_TAG_CALLS,
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      ...versioned,
      // AWS does not know it; without it, the default stays the first version.
      updateDefaultVersion: { kind: flag, local: true, default: false, affects: (inputs) => (inputs["updateDefaultVersion"] === true ? ["defaultVersion"] : []) },
    },
    outputs: ["arn", "defaultVersion", "latestVersion"],
    autoNamed: "name",
    check: (inputs) =>
      inputs["creditSpecification"] !== undefined && inputs["instanceType"] === undefined
        // It asks the instance type whether it has credits.
        ? [{ property: "creditSpecification", reason: "needs 'instanceType': without it the official provider leaves the credits out, and says nothing" }]
        : [],

    async create(aws, inputs, record) {
      const { LaunchTemplate: created } = await withoutRepeating(inputs.userData, aws.ec2.createLaunchTemplate({
        LaunchTemplateName: inputs.name,
        ...described(inputs),
        LaunchTemplateData: dataOf(inputs),
        ...tagSpecification("launch-template", inputs.tags),
      }));
      record(given(created?.LaunchTemplateId, "a launch template id"));
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      const Versions = [String(given(live.LatestVersionNumber, "the template's latest version"))];
      const { LaunchTemplateVersions: [latest] = [] } = await aws.ec2.describeLaunchTemplateVersions({ LaunchTemplateId: id, Versions });
      return {
        id,
        inputs: {
          name: given(live.LaunchTemplateName, "the template's name"),
          description: latest?.VersionDescription ?? "",
          ...inputsOf(latest?.LaunchTemplateData),
          tags: tagMap(live.Tags),
        },
        outputs: {
          // Templates do not tell their owner; whoever made one is of the same account.
          arn: ec2Arn(aws, live.CreatedBy?.split(":")[4], `launch-template/${id}`),
          defaultVersion: live.DefaultVersionNumber,
          latestVersion: live.LatestVersionNumber,
        },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      let latest = Number(state["latestVersion"]);
      if (Object.keys(versioned).some((property) => changed.has(property as keyof LaunchTemplateInputs))) {
        const { LaunchTemplateVersion: made } = await withoutRepeating(inputs.userData, aws.ec2.createLaunchTemplateVersion({
          LaunchTemplateId: id, ...described(inputs), LaunchTemplateData: dataOf(inputs),
        }));
        latest = given(made?.VersionNumber, "a version number");
      }
      if (inputs.updateDefaultVersion) await aws.ec2.modifyLaunchTemplate({ LaunchTemplateId: id, DefaultVersion: String(latest) });
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      await unlessGone(aws.ec2.deleteLaunchTemplate({ LaunchTemplateId: id }));
    },
  },
  { taggable: true },
);

async function describe(aws: Aws, id: string): Promise<LaunchTemplate | undefined> {
  const found = await unlessGone(aws.ec2.describeLaunchTemplates({ LaunchTemplateIds: [id] }));
  return found?.LaunchTemplates?.[0];
}

function described({ description }: LaunchTemplateInputs): { VersionDescription?: string } {
  return description ? { VersionDescription: description } : {};
}
