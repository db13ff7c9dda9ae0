import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readBlocks } from '../api/content.ts';
import type { CallLog } from '../calls.ts';
import type { Faults } from '../faults.ts';
import type { DeliveryQueue } from '../socket/delivery.ts';
import type { Sockets } from '../socket/sockets.ts';
import { type ActionDependencies, createActionSender } from './actions.ts';
import { applyFault } from './apply-fault.ts';
import { ControlError } from './errors.ts';
import { channelNamed } from './lookups.ts';
import { createPeopleActs, type PeopleActsDependencies } from './people-acts.ts';
import * as requests from './requests.ts';
import type { createChangeStream } from './stream.ts';
import type { Views } from './view.ts';
import { createViewActs, type ViewActsDependencies } from './view-acts.ts';

export interface ControlDependencies
  extends PeopleActsDependencies,
    Omit<ActionDependencies, 'appViews'>,
    ViewActsDependencies {
  readonly views: Views;
  readonly stream: ReturnType<typeof createChangeStream>;
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly sockets: Sockets;
  readonly delivery: DeliveryQueue;
  readonly token: string;
}

/** The control API under `/_sim/`, for the page and for tests. README.md has the table. */
export function registerControl(server: FastifyInstance, dependencies: ControlDependencies): void {
  const { world, changes, views, faults, calls, sockets, delivery } = dependencies;
  const people = createPeopleActs(dependencies);
  const act = createActionSender(dependencies);
  const viewActs = createViewActs(dependencies);

  void server.register(
    (control, _options, registered) => {
      control.addHook('onRequest', async (request) => checkToken(request, dependencies.token));

      control.get('/state', async () => views.state());
      control.get('/stream', dependencies.stream);
      control.get<{ Params: { id: string } }>('/files/:id', (request, reply) => {
        const file = world.files.get(request.params.id);
        const bytes = world.bytes.get(request.params.id);
        if (!file || !bytes) throw new ControlError('no_such_file', `There is no file ${request.params.id}.`);
        return reply
          .type(file.mimetype)
          .headers({ 'content-security-policy': "default-src 'none'; sandbox", 'x-content-type-options': 'nosniff' })
          .send(bytes);
      });
      control.get('/calls', async (request) => {
        const { method, after } = body(
          z.object({ method: z.string().optional(), after: z.coerce.number().optional() }),
          {
            body: request.query,
          },
        );
        const filter = { ...(method === undefined ? {} : { method }), ...(after === undefined ? {} : { after }) };
        return { calls: calls.list(filter) };
      });
      control.get('/deliveries', async () => ({ deliveries: delivery.log }));

      control.post('/messages', async (request) => views.message(people.post(body(requests.messageRequest, request))));
      control.post('/edits', async (request) => views.message(people.edit(body(requests.editRequest, request))));
      control.post('/deletes', async (request) => {
        people.remove(body(requests.deleteRequest, request));
        return { ok: true };
      });
      control.post('/reactions', async (request) =>
        views.message(people.react(body(requests.reactionRequest, request))),
      );
      control.post('/actions', async (request) => act(body(requests.actionRequest, request)));
      control.post('/deactivations', async (request) => {
        people.deactivate(body(requests.homeRequest, request));
        return { ok: true };
      });
      control.post('/classes', async (request) => {
        people.classify(body(requests.classRequest, request));
        return { ok: true };
      });
      control.post('/home', async (request) => {
        viewActs.openHome(body(requests.homeRequest, request));
        return { ok: true };
      });
      control.post('/home-actions', async (request) => {
        viewActs.pressAtHome(body(requests.homeActionRequest, request));
        return { ok: true };
      });
      control.post('/submissions', async (request) => viewActs.submit(body(requests.submitRequest, request)));
      control.post('/dismissals', async (request) => {
        viewActs.dismiss(body(requests.homeRequest, request));
        return { ok: true };
      });
      control.get('/views', async (request) => {
        const { as } = body(requests.homeRequest, { body: request.query });
        return { modal: viewActs.modal(as), home: viewActs.home(as) };
      });
      control.post('/open-dm', async (request) => people.openDm(body(requests.openDmRequest, request)));
      control.post('/members', async (request) => {
        people.changeMember(body(requests.memberRequest, request));
        return { ok: true };
      });
      control.post('/channels', async (request) => {
        people.changeChannel(body(requests.channelRequest, request));
        return { ok: true };
      });
      control.post('/pinned', async (request) => {
        const asked = body(requests.pinnedRequest, request);
        const channel = channelNamed(world, asked.channel).id;
        const pinned = { id: asked.id, channel, text: asked.text, blocks: readBlocks(asked.blocks) ?? [] };
        world.pinned.set(pinned.id, pinned);
        changes.add('pinned', pinned);
        return pinned;
      });
      control.post('/faults', async (request) => {
        applyFault(body(requests.faultRequest, request), faults, sockets);
        return { ok: true };
      });
      registered();
    },
    { prefix: '/_sim' },
  );
}

function checkToken(request: FastifyRequest, token: string): void {
  const given = Buffer.from(String(request.headers['x-sim-token'] ?? ''));
  const expected = Buffer.from(token);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new ControlError('bad_token', 'The control API needs the header x-sim-token.');
  }
}

function body<Schema extends z.ZodType>(schema: Schema, request: { readonly body: unknown }): z.infer<Schema> {
  const parsed = schema.safeParse(request.body instanceof Buffer ? json(request.body) : request.body);
  if (parsed.success) return parsed.data;
  throw new ControlError('bad_request', z.prettifyError(parsed.error));
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ControlError('bad_request', 'The body is not JSON.');
  }
}
