import { lines } from "./file.ts";

/** Where matchbox's data is on the bastion, and the program that changes it. */
export const matchboxFiles = { data: "/opt/moonback/netboot/matchbox", program: "/opt/moonback/bin/matchbox-files" } as const;

/**
 * matchbox-files, the one thing that the operator may do as root on the bastion: what it writes is root's alone, since machine
 * configs hold secrets. `put` reads {path: content} as JSON; `remove NAME` takes a node's files away. Other paths it refuses.
 */
export function renderMatchboxFiles(): string {
  return lines(
    "#!/usr/bin/python3",
    '"""Puts what matchbox serves to a node into its data folder, or takes it away."""',
    "import json",
    "import os",
    "import re",
    "import sys",
    "",
    `DATA = "${matchboxFiles.data}"`,
    'NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")',
    '# In the order in which they must come; they go the other way round.',
    'KINDS = {"generic": "yaml", "profiles": "json", "groups": "json"}',
    "",
    "",
    "def put(files):",
    "    for path in files:",
    '        kind, _, file = path.partition("/")',
    '        name, _, ending = file.rpartition(".")',
    "        if KINDS.get(kind) != ending or not NAME.fullmatch(name):",
    '            sys.exit(f"matchbox-files: {path} is not a file of a node")',
    '    for path in sorted(files, key=lambda path: list(KINDS).index(path.partition("/")[0])):',
    "        os.makedirs(os.path.join(DATA, os.path.dirname(path)), exist_ok=True)",
    '        fresh = os.path.join(DATA, ".fresh-" + path.replace("/", "-"))',
    "        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), \"w\") as output:",
    "            output.write(files[path])",
    "        os.replace(fresh, os.path.join(DATA, path))",
    "",
    "",
    "def remove(name):",
    "    if not NAME.fullmatch(name):",
    '        sys.exit(f"matchbox-files: {name} is not the name of a node")',
    "    for kind in reversed(KINDS):",
    "        try:",
    '            os.unlink(os.path.join(DATA, kind, f"{name}.{KINDS[kind]}"))',
    "        except FileNotFoundError:",
    "            pass",
    "",
    "",
    'if sys.argv[1:] == ["put"]:',
    "    put(json.load(sys.stdin))",
    'elif len(sys.argv) == 3 and sys.argv[1] == "remove":',
    "    remove(sys.argv[2])",
    "else:",
    '    sys.exit("matchbox-files: put, or remove NAME")',
  );
}
