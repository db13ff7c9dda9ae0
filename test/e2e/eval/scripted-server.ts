import { LLMock } from '@copilotkit/aimock';
import type { Script } from '../../../bench/eval/task.ts';

/** A server of Chat Completions that answers as a script says. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  /** From now on this is said. */
  play(script: Script): void;
  /** How many calls were answered since then. */
  readonly answered: number;
}

export async function startScriptedServer(model: string): Promise<ScriptedServer> {
  const server = new LLMock({ port: 0, host: '127.0.0.1' });
  await server.start();
  let script: Script = [];
  let answered = 0;
  server.on({ model }, () => {
    const call = script[answered];
    answered += 1;
    if (!call) return { content: 'The script has no more to say.' };
    const toolCalls = (call.tools ?? []).map(({ name, input }) => ({ name, arguments: JSON.stringify(input) }));
    return toolCalls.length > 0 ? { content: call.say ?? '', toolCalls } : { content: call.say ?? '' };
  });
  return {
    url: `${server.url}/v1`,
    play(next) {
      script = next;
      answered = 0;
    },
    get answered() {
      return answered;
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}
