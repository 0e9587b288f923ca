import { errorMessage } from "../../common/errors.ts";
import { checkInputs } from "./check.ts";
import { changesToMake, diffInputs, previewCreate, previewUpdate, withDefaults } from "./diff.ts";
import type { Operations } from "./operations.ts";
import { fullState, readInputs } from "./read.ts";
import type { Live, Provider, ResourceType } from "./resource-type.ts";
import { inputsWithSecrets, stateWithSecrets } from "./secrets.ts";
import type { Properties } from "./values.ts";
import { type Failed, initFailed } from "./wire.ts";

/** The operations of a type that is described by a table. */
export function tableOperations<C>(provider: Pick<Provider<C>, "cloud">, type: ResourceType<C>): Operations {
  return {
    check(given) {
      const { inputs, failures } = checkInputs(type, given);
      return Promise.resolve({ inputs: inputsWithSecrets(type, inputs), failures });
    },

    diff: (request) => Promise.resolve(diffInputs(type, request)),

    async create({ inputs, preview }) {
      const cloud = provider.cloud(inputs);
      if (preview) return { id: "", state: stateWithSecrets(type, previewCreate(type, inputs, type.constants?.(cloud) ?? {})) };
      let id: string | undefined;
      let known: Properties = {};
      try {
        await type.create(cloud, withDefaults(type, inputs), (recorded, learnt = {}) => [id, known] = [recorded, learnt]);
        if (id === undefined) throw new Error(`${type.token} was created without an id`);
        const live = await readBack(type, cloud, id, known);
        return { id: live.id, state: stateWithSecrets(type, fullState(type, live, inputs)) };
      } catch (error) {
        if (id === undefined) throw error;
        throw await halfDone(type, cloud, { id, inputs, state: known }, error);
      }
    },

    async read({ id, state, inputs }) {
      const live = await type.read(provider.cloud({ ...state, ...inputs }), id, state);
      if (!live) return undefined;
      return {
        id: live.id,
        state: stateWithSecrets(type, fullState(type, live, inputs ?? {})),
        inputs: inputsWithSecrets(type, readInputs(type, live, inputs)),
      };
    },

    async update({ id, state, oldInputs, newInputs: inputs, preview, ignoreChanges }) {
      const changed = changesToMake(type, { state, oldInputs, newInputs: inputs, ignoreChanges });
      if (preview) return stateWithSecrets(type, previewUpdate(type, state, inputs, changed));
      const cloud = provider.cloud({ ...state, ...inputs });
      let known = state;
      const learn = (learnt: Properties) => (known = { ...state, ...learnt });
      try {
        await type.update(cloud, id, { changed, inputs: withDefaults(type, inputs), state, learn });
        const live = await readBack(type, cloud, id, known);
        return stateWithSecrets(type, fullState(type, live, inputs));
      } catch (error) {
        if (type.allOrNothing) throw error;
        throw await halfDone(type, cloud, { id, inputs, state: known }, error);
      }
    },

    delete: ({ id, state }) => type.delete(provider.cloud(state), id, state),
  };
}

async function readBack<C>(type: ResourceType<C>, cloud: C, id: string, recorded: Properties): Promise<Live> {
  const live = await type.read(cloud, id, recorded);
  if (!live) throw new Error(`${type.token} ${id} is gone; run a refresh`);
  return live;
}

/** The answer to a create or update that failed after the object had come into being. */
async function halfDone<C>(
  type: ResourceType<C>, cloud: C, object: { id: string; inputs: Properties; state: Properties }, error: unknown,
): Promise<Failed> {
  const reason = errorMessage(error);
  // What cannot even be read is recorded as last known: losing the id would be worse.
  const live = await type.read(cloud, object.id, object.state).catch(() => undefined);
  return initFailed({
    id: object.id,
    state: stateWithSecrets(type, live ? fullState(type, live, object.inputs) : object.state),
    inputs: inputsWithSecrets(type, live ? readInputs(type, live, object.inputs) : object.inputs),
    reason,
  });
}
