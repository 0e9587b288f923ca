import { ExitCode, errorMessage } from "../common/errors.ts";

/** A failure that is nobody's bug: what it means, and what to do. */
export interface Cause {
  readonly says: RegExp;
  readonly means: string;
  readonly fix: string;
  /** 1 unless it says otherwise. */
  readonly exitCode?: ExitCode;
  /** It is about who asks, whatever is asked: a check that is red by it has found nothing. */
  readonly ofWhoAsks?: true;
}

const goOn = "then run the same command again: it goes on from here.";

/** What the engine says of a checkpoint that is none. Of one that it may not read, cannot reach or is too old for, it says other things. */
export const stateDamaged = /\bplace 1: (unexpected|invalid|json)|failed to load checkpoint: (unexpected end of JSON|invalid character|json: )/;

/**
 * Failures from outside that a person can end, by what engine, plugins, SDK and system say of them.
 * AWS's codes are those of the common errors of EC2, IAM and STS (their API references); Pulumi's words are of the CLI in toolchain/catalog.ts.
 */
export const causes: readonly Cause[] = [
  { says: /\bENOSPC\b|no space left on device|is the disk full\?/i, means: "The disk is full.", fix: `Make room where the state and the run data are (\`df -h\`), ${goOn}` },
  { says: /\bEDQUOT\b|disk quota exceeded/i, means: "Your disk quota is used up.", fix: `Make room where the state and the run data are (\`quota\`), ${goOn}` },
  { says: /\b(EACCES|EPERM|EROFS)\b|code=PermissionDenied|read-only file system/, means: "The system refuses you access.", fix: `If the file or folder belongs to another user (an earlier run with sudo?), \`sudo chown -R "$(id -un)"\` it, ${goOn}` },
  { says: /\b(ExpiredToken(Exception)?|RequestExpired)\b|security token included in the request is expired|request has expired|token (has|is) expired|SSO session .{0,50}(has expired|is invalid)/i, means: "The AWS credentials have expired.", fix: `Renew them (\`aws sso login\`, or a new session), ${goOn}`, ofWhoAsks: true },
  { says: /\b(RequestTimeTooSkewed|RequestInTheFuture)\b|signature (expired|not yet current)/i, means: "This machine's clock and AWS's differ by too much.", fix: `Set the clock (\`timedatectl\`), ${goOn}`, ofWhoAsks: true },
  { says: /\b(RequestLimitExceeded|Throttling(Exception)?|TooManyRequestsException|SlowDown)\b|request limit exceeded|rate exceeded/i, means: "AWS limits how often this account may call it, and went on refusing.", fix: `Wait a few minutes, ${goOn}`, ofWhoAsks: true },
  { says: /\bInsufficientInstanceCapacity\b|do not have sufficient \S+ capacity/, means: "AWS has no such machine left in this availability zone.", fix: "Wait, or set another availabilityZone (`npm run down` first: the subnet moves), then run the same command again." },
  { says: /incorrect passphrase|passphrase must be set with PULUMI_CONFIG_PASSPHRASE/i, means: "The passphrase does not open the state.", fix: "Put back the one that the state was made with: into PULUMI_CONFIG_PASSPHRASE where that is set, else into the passphrase file beside the state. Nothing was changed.", exitCode: ExitCode.usage },
  { says: stateDamaged, means: "The state is damaged.", fix: "`npm run up` restores it from the last good one, and says so." },
  { says: /snapshot integrity (error|failure)|state file contains errors/, means: "The state contradicts itself, and the engine refuses it.", fix: "`eval \"$(npm run --silent env -- <env>)\"`, then `pulumi state repair -s <stack>`, then run the same command again." },
  { says: /^(could not import deployment: )?unexpected end of JSON input$/m, means: "A lock of the stack is cut short: nobody can tell whose it is.", fix: "`npm run unlock -- <env>`, if no other run is at it, then run the same command again.", exitCode: ExitCode.locked },
  { says: /unsupported checkpoint version|newer than what this version of the Pulumi CLI understands/, means: "A newer Pulumi CLI has written the state.", fix: "Take the version of this project that has written it, or put that CLI on PATH. Nothing was changed.", exitCode: ExitCode.usage },
  { says: /corrupt store: .*meta\.yaml/, means: "The backend's own mark is damaged.", fix: `Write \`version: 1\` into .pulumi/meta.yaml where the state is, ${goOn}` },
  { says: /no \w+ plugin '[^']+' found|could not automatically download and install \w+ plugin|could not find latest version for provider/i, means: "A provider plugin is missing.", fix: "In the rehearsal they are files of the checkout, in rehearsal/providers/bin: put them back (`git status` shows it). Elsewhere the engine downloads them: look at the network.", exitCode: ExitCode.usage },
  { says: /exited prematurely|error reading from server: /, means: "A provider plugin has ended by itself, or was killed.", fix: `What it said is above, if it said anything. See whether memory ran out (\`dmesg\`); in the rehearsal \`npm ci\` puts back what its plugins run on; ${goOn}` },
  { says: /\b(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b|socket hang up|connection (refused|reset by peer)|network is unreachable|no such host|no answer from http/, means: "What was asked does not answer any more.", fix: `If it is the rehearsal's AWS, the same command starts it anew, empty, and builds everything again. Elsewhere look at the network, ${goOn}` },
];

/** What an error means, by all that it and its causes say of themselves: the system's and AWS's codes are in fields of their own. */
export function causeOfError(error: unknown): Cause | undefined {
  return causeOf(wordsOf(error).join("\n"));
}

function wordsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return error === undefined ? [] : [errorMessage(error)];
  const code = "code" in error ? [String(error.code)] : [];
  const several = error instanceof AggregateError ? error.errors.flatMap(wordsOf) : [];
  return [error.name, ...code, error.message, ...several, ...wordsOf(error.cause)];
}

/** What a failure's text means; nothing for one that is not in the list. */
export function causeOf(text: string): Cause | undefined {
  return causes.find(({ says }) => says.test(text));
}
