/** What a break leaves: how to mend it, and what the red check must name. */
export interface Broken {
  readonly mend: () => Promise<unknown>;
  readonly names: string;
}

/** Breaks what a check claims, behind the tool's back. */
export type Break<Seen> = (seen: Seen) => Promise<Broken>;

/** Check id → what the break is → how it is done. */
export type RedTests<Seen> = Readonly<Record<string, Readonly<Record<string, Break<Seen>>>>>;
