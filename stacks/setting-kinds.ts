import { z } from "zod";
import type { Settings } from "./settings.ts";

/** Each setting's own words for the error message and the reference page. */
type SettingHelp = { readonly allowed: string; readonly fix: string };
export const help = (allowed: string, fix: string): SettingHelp => ({ allowed, fix });

/** Where a secret is found; the file itself never holds one. */
export const secretReference = z.string().regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "is not a reference to a secret");

/** An instance type: everything here is built for arm64. */
export const armInstanceType = z
  .string()
  .regex(/^t4g\.[a-z0-9]+$/, "is not a t4g type")
  .meta(help("a t4g type such as t4g.small", "write t4g.small: everything here is built for arm64"));

/** A rule over several settings, read only when each of them is right by itself. */
export interface CrossRule {
  readonly key: string;
  readonly broken: (settings: Settings) => string | undefined;
  readonly allowed: string;
  readonly fix: string;
}
