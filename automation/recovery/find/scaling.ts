import { byKey, byTags, carries, onAllPages, tagFilters, unlessGone, type LostTypes, type Search } from "./search.ts";

export const scalingTypes: LostTypes = {
  "aws:autoscaling/group:Group": byTags(async (search) => {
    const { sdk, config } = await ask(search);
    const pages = sdk.paginateDescribeAutoScalingGroups(config, { Filters: tagFilters(search) }, search.options);
    const groups = await onAllPages(pages, ({ AutoScalingGroups }) => AutoScalingGroups);
    // AWS gives a group a status only while it goes.
    return groups.flatMap(({ AutoScalingGroupName: name, Tags, Status }) => (name !== undefined && Status === undefined && carries(Tags, search) ? [name] : []));
  }),
  "aws:autoscaling/schedule:Schedule": byKey(["autoscalingGroupName", "scheduledActionName"], async ({ autoscalingGroupName: group, scheduledActionName: action }, search) => {
    const { sdk, config } = await ask(search);
    const pages = sdk.paginateDescribeScheduledActions(config, { AutoScalingGroupName: group, ScheduledActionNames: [action] }, search.options);
    const actions = await unlessGone(onAllPages(pages, ({ ScheduledUpdateGroupActions }) => ScheduledUpdateGroupActions));
    return actions?.some(({ ScheduledActionName }) => ScheduledActionName === action) ? [`${group}/${action}`] : [];
  }),
};

async function ask({ sources }: Search) {
  const [client, sdk] = await Promise.all([sources.autoscaling.client(), import("@aws-sdk/client-auto-scaling")]);
  return { sdk, config: { client } };
}
