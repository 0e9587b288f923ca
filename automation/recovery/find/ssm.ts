import { byTags, carries, knowing, unlessGone, type LostTypes } from "./search.ts";

export const ssmTypes: LostTypes = {
  "aws:ssm/parameter:Parameter": byTags(
    knowing(["name"], async ({ name }, search) => {
      const [client, { ListTagsForResourceCommand }] = await Promise.all([search.sources.ssm.client(), import("@aws-sdk/client-ssm")]);
      const found = await unlessGone(client.send(new ListTagsForResourceCommand({ ResourceType: "Parameter", ResourceId: name }), search.options));
      return carries(found?.TagList, search) ? [name] : [];
    }),
  ),
};
