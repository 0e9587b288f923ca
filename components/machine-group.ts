// Owns when and as what one machine runs: launch template, Auto Scaling group of at most one, and the schedule that opens and closes it.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { windowRecurrences, type Window } from "./window.ts";

export interface MachineGroupArgs {
  /** Unique per account and region. */
  readonly groupName: string;
  /** Unique per account and region. */
  readonly templateName: string;
  /** `Name` of instance and disk. */
  readonly instanceName: string;
  /** The zone of the interface; the group is placed by it (see below). */
  readonly availabilityZone: string;
  /** The static interface: whatever instance runs has its addresses. */
  readonly networkInterfaceId: pulumi.Input<string>;
  readonly imageId: pulumi.Input<string>;
  /** The device that the image boots from. */
  readonly rootDevice: string;
  readonly instanceType: string;
  /** Size of the root disk, in GiB. */
  readonly volumeGiB: number;
  /** What it may do in the account; left out, nothing. */
  readonly instanceProfileName?: pulumi.Input<string>;
  /** Whether metadata is answered to who has fetched a token only (IMDSv2). */
  readonly metadataTokens: "required" | "optional";
  /** Base64. */
  readonly userData?: pulumi.Input<string>;
  readonly window: Window;
  /** `open-and-close`: the schedule starts and stops it. `close`: it only stops it, and whoever needs it starts it. */
  readonly schedule: "open-and-close" | "close";
}

export class MachineGroup extends pulumi.ComponentResource {
  readonly groupName: pulumi.Output<string>;
  readonly launchTemplateId: pulumi.Output<string>;

  constructor(name: string, args: MachineGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:compute:MachineGroup", name, {}, pulumi.mergeOptions(opts, { aliases: [{ type: "moonback:bastion:BastionGroup" }] }));
    const parent = { parent: this };
    const title = { Name: args.instanceName };

    const template = new aws.ec2.LaunchTemplate(
      `${name}-template`,
      {
        name: args.templateName,
        imageId: args.imageId,
        instanceType: args.instanceType,
        ...(args.instanceProfileName === undefined ? {} : { iamInstanceProfile: { name: args.instanceProfileName } }),
        // The interface brings its own addresses and security groups; AWS takes nothing else beside it.
        networkInterfaces: [{ networkInterfaceId: args.networkInterfaceId }],
        metadataOptions: { httpEndpoint: "enabled", httpTokens: args.metadataTokens, httpPutResponseHopLimit: 1, instanceMetadataTags: "disabled" },
        blockDeviceMappings: [
          { deviceName: args.rootDevice, ebs: { volumeType: "gp3", volumeSize: args.volumeGiB, encrypted: "true", deleteOnTermination: "true" } },
        ],
        // By default a t4g may run up a bill for credits that it does not have.
        creditSpecification: { cpuCredits: "standard" },
        ...(args.userData === undefined ? {} : { userData: args.userData }),
        tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags: title })),
        tags: title,
      },
      { ...parent, deleteBeforeReplace: true },
    );

    const group = new aws.autoscaling.Group(
      `${name}-asg`,
      {
        name: args.groupName,
        // By zone, not by subnet: with an interface in the template AWS refuses subnets (terraform-provider-aws#7615).
        availabilityZones: [args.availabilityZone],
        // Nothing runs until the schedule, or up, says so.
        minSize: 0,
        maxSize: 1,
        desiredCapacity: 0,
        launchTemplate: { id: template.id, version: pulumi.interpolate`${template.latestVersion}` },
        healthCheckType: "EC2",
        forceDelete: true,
        // Sizes are the schedule's business, so there is nothing to wait for.
        waitForCapacityTimeout: "0",
        tags: [{ key: "Name", value: args.instanceName, propagateAtLaunch: true }],
      },
      { ...parent, deleteBeforeReplace: true, ignoreChanges: ["minSize", "maxSize", "desiredCapacity"] },
    );

    const recurrences = windowRecurrences(args.window);
    const action = (role: "start" | "stop", size: 0 | 1) =>
      new aws.autoscaling.Schedule(
        `${name}-${role}`,
        {
          scheduledActionName: role,
          autoscalingGroupName: group.name,
          minSize: 0,
          maxSize: size,
          desiredCapacity: size,
          recurrence: recurrences[role],
          timeZone: args.window.timezone,
        },
        { ...parent, deleteBeforeReplace: true },
      );
    if (args.schedule === "open-and-close") action("start", 1);
    // The maximum too: outside the window nothing but UpdateAutoScalingGroup with a new maximum, which is what up calls, can raise it.
    action("stop", 0);

    this.groupName = group.name;
    this.launchTemplateId = template.id;
    this.registerOutputs({ groupName: this.groupName });
  }
}
