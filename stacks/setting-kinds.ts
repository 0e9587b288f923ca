import { z } from "zod";
import type { Settings } from "./settings.ts";

/** Each setting's own words for the error message and the reference page. */
type SettingHelp = { readonly allowed: string; readonly fix: string };
export const help = (allowed: string, fix: string): SettingHelp => ({ allowed, fix });

/** Where a secret is found; the file itself never holds one. */
export const secretReference = z.string().regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "is not a reference to a secret");

/** A rule over several settings, read only when each of them is right by itself. */
export interface CrossRule {
  readonly key: string;
  readonly broken: (settings: Settings) => string | undefined;
  readonly allowed: string;
  readonly fix: string;
}
