import { byTags, carries, knowing, onAllPages, unlessGone, type LostTypes } from "./search.ts";

export const logsTypes: LostTypes = {
  "aws:cloudwatch/logGroup:LogGroup": byTags(
    knowing(["name"], async ({ name }, search) => {
      const [client, sdk] = await Promise.all([search.sources.logs.client(), import("@aws-sdk/client-cloudwatch-logs")]);
      // Names are looked up by prefix only.
      const groups = await onAllPages(sdk.paginateDescribeLogGroups({ client }, { logGroupNamePrefix: name }, search.options), ({ logGroups }) => logGroups);
      const resourceArn = groups.find(({ logGroupName }) => logGroupName === name)?.logGroupArn;
      if (resourceArn === undefined) return [];
      const found = await unlessGone(client.send(new sdk.ListTagsForResourceCommand({ resourceArn }), search.options));
      const tags = Object.entries(found?.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
      return carries(tags, search) ? [name] : [];
    }),
  ),
};
