import type { Difference } from "./diff.ts";
import type { Failure } from "./resource-type.ts";
import type { Properties } from "./values.ts";

/** An object as the engine is to record it. */
export interface Recorded {
  readonly id: string;
  readonly state: Properties;
  readonly inputs: Properties;
}

export interface DiffRequest {
  readonly oldInputs: Properties;
  readonly newInputs: Properties;
  readonly state: Properties;
  readonly ignoreChanges: readonly string[];
}

export interface CreateRequest {
  readonly inputs: Properties;
  /** Nothing is made: what would be. */
  readonly preview: boolean;
  /** What the program allows; 0 is no word of it. */
  readonly timeoutSeconds: number;
}

export interface ReadRequest {
  readonly id: string;
  /** Empty on import. */
  readonly state: Properties;
  readonly inputs: Properties | undefined;
}

export interface UpdateRequest extends DiffRequest, Omit<CreateRequest, "inputs"> {
  readonly id: string;
}

export interface DeleteRequest {
  readonly id: string;
  readonly state: Properties;
  readonly inputs: Properties;
  readonly timeoutSeconds: number;
}

/**
 * What the engine asks of the resources of one type. What exists after a call has failed is thrown as `initFailed`.
 * Values are those of the wire: secrets are wrapped in both directions if the provider takes them.
 */
export interface Operations {
  check(inputs: Properties): Promise<{ inputs: Properties; failures: readonly Failure[] }>;
  diff(request: DiffRequest): Promise<Difference>;
  /** The id means nothing in a preview. */
  create(request: CreateRequest): Promise<Omit<Recorded, "inputs">>;
  /** `undefined` when the object is gone. */
  read(request: ReadRequest): Promise<Recorded | undefined>;
  /** The state afterwards. */
  update(request: UpdateRequest): Promise<Properties>;
  delete(request: DeleteRequest): Promise<void>;
}
