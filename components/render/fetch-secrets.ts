import { lines } from "./file.ts";

/** One secret that the machine fetches for itself at boot. */
export interface FetchedSecret {
  /** Name of the SSM parameter. */
  readonly parameter: string;
  /** The file on the machine that gets its value, readable by root only. */
  readonly path: string;
}

/** secrets.json: names, no secrets. */
export function renderSecretsList(secrets: readonly FetchedSecret[]): string {
  return `${JSON.stringify(secrets.map(({ parameter, path }) => ({ parameter, path })), undefined, 2)}\n`;
}

/** bin/fetch-secrets, run at boot with the list's path. Debian's python3-boto3 is all it needs. */
export function renderFetchSecrets(): string {
  return lines(
    "#!/usr/bin/python3",
    '"""Writes secrets from SSM Parameter Store to files: fetch-secrets LIST, a JSON list of {"parameter", "path"}."""',
    "import json",
    "import os",
    "import sys",
    "import time",
    "",
    "import boto3",
    "from botocore.config import Config",
    "from botocore.exceptions import BotoCoreError, ClientError",
    "from botocore.session import get_session",
    "from botocore.utils import IMDSRegionProvider",
    "",
    "# Five minutes: at boot the instance's credentials may come late.",
    'TRIES = int(os.environ.get("FETCH_SECRETS_TRIES", "30"))',
    'PAUSE_SECONDS = float(os.environ.get("FETCH_SECRETS_PAUSE_SECONDS", "10"))',
    "",
    "",
    "def client():",
    '    region = os.environ.get("AWS_REGION") or IMDSRegionProvider(get_session()).provide()',
    "    # The machine may have no way out but IPv6, and SSM's usual endpoint no IPv6 address.",
    '    dual_stack = "AWS_ENDPOINT_URL" not in os.environ',
    '    config = Config(use_dualstack_endpoint=dual_stack, connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})',
    '    return boto3.client("ssm", region_name=region, config=config)',
    "",
    "",
    "def missing(error):",
    '    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "ParameterNotFound"',
    "",
    "",
    "def fetch(parameter):",
    "    for attempt in range(1, TRIES + 1):",
    "        try:",
    '            return client().get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]',
    "        except (BotoCoreError, ClientError) as error:",
    "            if missing(error) or attempt >= TRIES:",
    '                sys.exit(f"fetch-secrets: {parameter}: {\' \'.join(str(error).split())} (try {attempt} of {TRIES})")',
    "            time.sleep(PAUSE_SECONDS)",
    '    sys.exit(f"fetch-secrets: {parameter}: FETCH_SECRETS_TRIES is below 1")',
    "",
    "",
    "def write(path, value):",
    "    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)",
    '    new = f"{path}.new"',
    "    if os.path.lexists(new):",
    "        os.remove(new)",
    "    # Never readable by others, and never half there.",
    '    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:',
    "        # OpenSSH refuses a key whose last line does not end.",
    '        file.write(value.rstrip("\\n") + "\\n")',
    "    os.replace(new, path)",
    "",
    "",
    "def main():",
    "    if len(sys.argv) != 2:",
    '        sys.exit("usage: fetch-secrets LIST")',
    '    with open(sys.argv[1], encoding="utf-8") as file:',
    "        secrets = json.load(file)",
    "    for secret in secrets:",
    '        write(secret["path"], fetch(secret["parameter"]))',
    "",
    "",
    "main()",
  );
}
