/** What the lab's programs inherit. Debian keeps some of them where only root looks. */
export const environment: NodeJS.ProcessEnv = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` };
