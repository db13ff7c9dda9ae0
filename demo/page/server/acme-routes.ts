import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type AcmeAddress, makeAcmeToken, pullsAtAcme } from './acme-client.ts';
import { PageError } from './errors.ts';
import type { SlackSource } from './slack-source.ts';

const PERSON = z.object({ as: z.string().regex(/^[A-Z0-9]{1,40}$/) });

export interface AcmeRoutesOptions {
  /** Undefined until it is known where the outside world is. */
  readonly acme: () => AcmeAddress | undefined;
  readonly slack: Pick<SlackSource, 'person'>;
}

/** What a browser at the demo's forge would show a person: a token of their own, and the pull requests. */
export function addAcmeRoutes(app: FastifyInstance, { acme, slack }: AcmeRoutesOptions): void {
  async function ask<T>(question: (address: AcmeAddress) => Promise<T>): Promise<T> {
    const address = acme();
    if (!address) throw new PageError(503, 'acme_unavailable', 'The Acme forge is not up yet.');
    return await question(address).catch((error: Error) => {
      throw new PageError(503, 'acme_unavailable', `The Acme forge does not answer: ${error.message}`);
    });
  }

  app.get('/api/acme/pulls', async () => ({ pulls: await ask(pullsAtAcme) }));

  app.post('/api/acme/token', async (request) => {
    const person = slack.person(PERSON.parse(request.body).as);
    if (person?.kind !== 'member')
      throw new PageError(409, 'bad_request', 'Only members of Acme have an account there.');
    const token = await ask((address) => makeAcmeToken(address, person.name));
    return { login: person.name, token };
  });
}
