import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";

const argv = z.array(z.string()).min(1);

/** The keys of cloud-config that the bundle uses. Anything else would be ignored here and obeyed on AWS: it is refused. */
const cloudConfigSchema = z.strictObject({
  hostname: z.string().optional(),
  ssh_deletekeys: z.literal(true).optional(),
  disable_root: z.literal(true).optional(),
  ssh_pwauth: z.literal(false).optional(),
  groups: z.array(z.string()).default([]),
  users: z
    .array(
      z.strictObject({
        name: z.string(),
        gecos: z.string().optional(),
        shell: z.string().optional(),
        groups: z.array(z.string()).default([]),
        lock_passwd: z.literal(true).default(true),
        // What it may do as root without a password: whole commands, by path.
        sudo: z.string().regex(/^ALL=\(root\) NOPASSWD: \/[\w./-]+(?:, \/[\w./-]+)*$/, "is a sudo rule that the rehearsal does not know").optional(),
        ssh_authorized_keys: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  package_update: z.boolean().optional(),
  packages: z.array(z.string()).default([]),
  write_files: z
    .array(z.strictObject({ path: z.string().startsWith("/"), content: z.string(), permissions: z.string().regex(/^0?[0-7]{3}$/).default("0644") }))
    .default([]),
  runcmd: z.array(argv).default([]),
});
export type CloudConfig = z.infer<typeof cloudConfigSchema>;

/** User data as the AWS API gives it: base64, perhaps gzip inside. Undefined when it is no cloud-config (an iPXE script, nothing). */
export function cloudConfigText(userData: string): string | undefined {
  const bytes = Buffer.from(userData, "base64");
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (gzip ? gunzipSync(bytes) : bytes).toString("utf8");
  // cloud-init decides by the first line as well (its docs, "User data formats").
  return /^#cloud-config\s*(?:\r?\n|$)/.test(text) ? text : undefined;
}

export function parseCloudConfig(text: string): CloudConfig {
  const parsed = cloudConfigSchema.safeParse(parse(text));
  if (!parsed.success) throw new Error(`cloud-config that the rehearsal does not know: ${issues(parsed.error)}`);
  return parsed.data;
}

/** All that is wrong, each with its place. */
export function issues(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`)).join("; ");
}
