import type * as iamSdk from "@aws-sdk/client-iam";
import type { IAMClient } from "@aws-sdk/client-iam";
import { byKey, byTags, carries, knowing, unlessGone, type LostTypes, type Search } from "./search.ts";

/** IAM lists no tags, and looks nothing up by them: each is asked for by its name. */
export const iamTypes: LostTypes = {
  "aws:iam/role:Role": byTags(
    knowing(["name"], async ({ name }, search) => {
      const { client, sdk } = await ask(search);
      const found = await unlessGone(client.send(new sdk.GetRoleCommand({ RoleName: name }), search.options));
      return carries(found?.Role?.Tags, search) ? [name] : [];
    }),
  ),
  "aws:iam/instanceProfile:InstanceProfile": byTags(
    knowing(["name"], async ({ name }, search) => {
      const { client, sdk } = await ask(search);
      const found = await unlessGone(client.send(new sdk.GetInstanceProfileCommand({ InstanceProfileName: name }), search.options));
      return carries(found?.InstanceProfile?.Tags, search) ? [name] : [];
    }),
  ),
  "aws:iam/rolePolicy:RolePolicy": byKey(["role", "name"], async ({ role, name }, search) => {
    const { client, sdk } = await ask(search);
    const found = await unlessGone(client.send(new sdk.GetRolePolicyCommand({ RoleName: role, PolicyName: name }), search.options));
    return found === undefined ? [] : [`${role}:${name}`];
  }),
};

async function ask({ sources }: Search): Promise<{ client: IAMClient; sdk: typeof iamSdk }> {
  const [client, sdk] = await Promise.all([sources.iam.client(), import("@aws-sdk/client-iam")]);
  return { client, sdk };
}
