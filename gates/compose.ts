import type { Bastion } from "./gate.ts";

/** How the bastion's own programs are asked; the same command whoever answers. */
export const compose = "docker compose --project-name netboot";

export interface ComposeService {
  readonly Service: string;
  readonly State: string;
  readonly ExitCode: number;
}

/** What compose says of its services: a line of JSON each since 2.21, one list before. */
export async function composeServices(bastion: Bastion): Promise<Map<string, ComposeService>> {
  const { code, stdout, stderr } = await bastion.run(`${compose} ps --all --format json`);
  if (code !== 0) throw new Error(`docker compose ps: ${lastLine(stderr)} (exit ${code})`);
  const text = stdout.trim();
  const list = (text.startsWith("[") ? JSON.parse(text) : text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as unknown)) as ComposeService[];
  return new Map(list.map((one) => [one.Service, one]));
}

/** All that a service has said. */
export async function serviceLog(bastion: Bastion, service: string): Promise<string> {
  return (await bastion.run(`${compose} logs --no-log-prefix ${service}`)).stdout;
}

/** Where programs say what went wrong. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
